"""Checks side by side: who waits for whom, who ends whom, and what wakes a sleeper. Probes are scripts here."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks import _runner
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._checklist import Check, parse_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._judge import Result
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._runner import run_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._events import Watcher
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _progress
from ansible_collections.doppelganger.ops.plugins.module_utils.core._deadline import Deadline, Late
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._verdicts import Outcome
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Event
from ansible_collections.doppelganger.ops.plugins.module_utils.running._scene import Scene

PASS, FAIL, ERROR = Outcome("pass", "good"), Outcome("fail", "bad"), Outcome("error", "blind")
CRASH = Outcome("fail", "app exited with code 1; its last words: oh", final=True, ends_all="app exited with code 1")
Step = Any  # an outcome, an error to raise, or seconds to think


class Stream:
    """What the SDK's event stream looks like."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __iter__(self) -> Iterable[dict[str, Any]]:
        self.closed.wait(5)
        return iter(())

    def close(self) -> None:
        self.closed.set()


class FakeProject:
    settle = 0.0

    """Watches nothing; the test itself tells what happened."""

    def __init__(self) -> None:
        self.heard: Callable[[Event], None] | None = None
        self.stream = Stream()

    def watch(self, heard: Callable[[Event], None]) -> Watcher:
        self.heard = heard
        return Watcher(self.stream, heard)


class Play:
    """Runs checks whose attempts follow scripts; the last step of a script repeats itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = FakeProject()
        self.scripts: dict[str, list[Step]] = {}
        self.checks: list[Check] = []
        self.looks: dict[str, list[float]] = {}
        monkeypatch.setattr(_runner, "attempt_of", lambda check, scene: lambda seconds: self._attempt(check.name))

    def add(self, name: str, *steps: Step, kind: str = "tcp", **options: Any) -> None:
        self.scripts[name] = list(steps)
        if kind == "tcp":
            options = {"service": name, "port": 1, **options}
        self.checks += parse_checks([{"name": name, "kind": kind, "interval": 0.05, **options}])

    def run(self) -> dict[str, Result]:
        self.began = time.monotonic()
        results = run_checks(self.checks, Scene(self.project))  # type: ignore[arg-type]
        self.took = time.monotonic() - self.began
        assert [result.name for result in results] == [check.name for check in self.checks]
        return {result.name: result for result in results}

    async def _attempt(self, name: str) -> Outcome:
        self.looks.setdefault(name, []).append(time.monotonic() - self.began)
        steps = self.scripts[name]
        while True:
            step = steps.pop(0) if len(steps) > 1 else steps[0]
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Outcome):
                return step
            await asyncio.sleep(step)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    return Play(monkeypatch)


def test_all_run_side_by_side(play: Play) -> None:
    for number in range(20):
        play.add(f"check {number}", 0.2, PASS)
    assert {result.state for result in play.run().values()} == {"pass"}
    assert play.took < 2  # of 4 after each other


def test_it_says_which_checks_have_not_passed_and_nothing_of_what_they_saw(play: Play) -> None:
    heard: list[str] = []
    play.add("quick", PASS, hold=0.2)
    play.add("slow", Outcome("fail", "hunter22"), Outcome("fail", "hunter22"), PASS, hold=0.1)
    with _progress.told_to(heard.append):
        play.run()
    assert heard[-1] == "every check passes, which is watched for a while"
    assert "1 of 2 checks done, waiting for slow" in heard
    assert "hunter22" not in " ".join(heard)


def test_it_names_a_few_of_many(play: Play) -> None:
    heard: list[str] = []
    for number in range(7):
        play.add(f"c{number}", Outcome("fail", "no"), PASS)
    with _progress.told_to(heard.append):
        play.run()
    assert heard[0] == "0 of 7 checks done, waiting for c0, c1, c2, c3 and 3 more"


def test_a_crash_ends_what_waits_and_what_is_under_way(play: Play) -> None:
    play.add("containers", PASS, FAIL, CRASH, kind="containers")
    play.add("waiting", FAIL)
    play.add("hanging", 20)
    play.add("holding", PASS, hold=20)
    play.add("passed", PASS)
    results = play.run()
    assert play.took < 5  # of 9 at least
    assert results["containers"].state == "fail"
    assert results["passed"].state == "pass"
    assert results["waiting"].reason == "stopped: app exited with code 1 (last: bad)"
    assert results["hanging"].reason == "stopped: app exited with code 1"
    assert {results[name].state for name in ("waiting", "hanging", "holding")} == {"inconclusive"}


def test_who_is_just_looking_when_all_ends_may_tell_what_it_sees(play: Play) -> None:
    play.add("containers", CRASH, kind="containers")
    play.add("quick", 0.2, PASS)
    play.add("failing", 0.2, FAIL)
    play.add("holding", 0.2, PASS, hold=9)
    results = play.run()
    assert play.took < 5  # of 9 at least
    assert [result.state for result in results.values()] == ["fail", "pass", "inconclusive", "inconclusive"]
    assert results["failing"].reason.endswith("(last: bad)")


def test_a_crash_is_noticed_while_others_wait_although_the_containers_had_passed(play: Play) -> None:
    play.add("containers", PASS, PASS, PASS, CRASH, kind="containers")
    play.add("waiting", FAIL)
    results = play.run()
    assert play.took < 5  # of 9 at least
    assert (results["containers"].state, results["waiting"].state) == ("fail", "inconclusive")


def test_the_containers_are_looked_at_once_more_when_all_others_have_ended(play: Play) -> None:
    play.add("containers", PASS, kind="containers", interval=9)
    play.add("slow", 0.2, PASS)
    results = play.run()
    assert results["containers"].attempts == 2
    assert play.took < 5  # of 9 to its next look


def test_two_guards_do_not_wait_for_each_other(play: Play) -> None:
    play.add("a", PASS, kind="containers")
    play.add("b", PASS, kind="containers")
    assert {result.state for result in play.run().values()} == {"pass"}


def test_an_advisory_crash_ends_nothing(play: Play) -> None:
    play.add("containers", CRASH, kind="containers", severity="advisory")
    play.add("waiting", FAIL, FAIL, FAIL, PASS)
    assert play.run()["waiting"].state == "pass"


def test_a_failure_ends_the_holding_of_others_and_not_their_waiting(play: Play) -> None:
    play.add("failing", FAIL, timeout=0.1)
    play.add("holding", PASS, hold=20)
    play.add("waiting", FAIL, FAIL, FAIL, FAIL, PASS, timeout=5)
    results = play.run()
    assert play.took < 5  # of 9 at least
    assert results["holding"].reason == "stopped: failing failed (last: good)"
    assert results["waiting"].state == "pass"


def test_the_containers_name_the_cause_when_something_else_notices_first(play: Play) -> None:
    play.add("containers", PASS, CRASH, kind="containers", hold=20, interval=9)
    play.add("api", PASS, FAIL, hold=20)
    results = play.run()
    assert play.took < 5  # of 9 at least
    assert (results["api"].state, results["containers"].state) == ("fail", "fail")
    assert "app exited with code 1" in results["containers"].reason


def test_holding_containers_stop_when_something_else_failed_and_they_stand(play: Play) -> None:
    play.add("containers", PASS, kind="containers", hold=20, interval=9)
    play.add("api", PASS, FAIL, hold=20)
    results = play.run()
    assert play.took < 5  # of 9 at least
    assert results["containers"].state == "inconclusive"


def test_an_event_ends_a_wait(play: Play) -> None:
    play.add("waiting", FAIL, FAIL, PASS, interval=9, attempt_timeout=1)
    threading.Timer(0.3, lambda: play.project.heard and play.project.heard(Event("start", "app", "1"))).start()
    assert play.run()["waiting"].state == "pass"
    assert play.took < 5  # of 9 at least
    assert play.project.stream.closed.is_set()


def test_commands_inside_a_container_end_no_wait(play: Play) -> None:
    play.add("waiting", FAIL, FAIL, PASS, interval=0.7, attempt_timeout=0.1)
    threading.Timer(0.2, lambda: play.project.heard and play.project.heard(Event("exec_die", "app", "1"))).start()
    play.run()
    assert play.looks["waiting"][2] >= 0.7


def test_a_row_of_successes_is_not_hurried_by_events(play: Play) -> None:
    play.add("failing", FAIL, timeout=1, severity="advisory")
    play.add("row", PASS, successes=2, interval=0.5, attempt_timeout=0.1)
    threading.Timer(0.2, lambda: play.project.heard and play.project.heard(Event("start", "app", "1"))).start()
    play.run()
    assert play.looks["row"][1] >= 0.5


def test_nothing_is_watched_where_nothing_waits(play: Play) -> None:
    play.add("good", PASS)
    play.run()
    assert play.project.heard is None


def test_nothing_is_watched_for_checks_that_need_no_engine(play: Play) -> None:
    play.add("waiting", FAIL, PASS, host="localhost", service=None)
    play.run()
    assert play.project.heard is None


@pytest.mark.parametrize(
    ("error", "state", "attempts", "reason"),
    [
        (OpsError("the engine is ill."), "error", 2, "the engine is ill."),
        (Refused("permission denied.", hint="Ask."), "error", 1, "permission denied. Ask."),
        (ConnectionRefusedError(111, "no"), "fail", 2, "nothing is listening at one"),
        (
            RuntimeError("bug"),
            "error",
            2,
            "looking at one went wrong: RuntimeError('bug')",
        ),
    ],
)
def test_errors_are_verdicts(play: Play, error: Exception, state: str, attempts: int, reason: str) -> None:
    play.add("one", error, timeout=0.1, host="one", service=None)
    play.add("other", FAIL, FAIL, PASS, host="other", service=None)
    results = play.run()
    one = results["one"]
    # a busy machine has time for one attempt only
    assert (one.state, 1 <= one.attempts <= attempts) == (state, True)
    assert one.reason.removesuffix(f" (last of {one.attempts} attempts in 0.1 s)") == reason
    assert results["other"].state == "pass"


def test_a_hanging_attempt_is_cut_off_and_repeated(play: Play) -> None:
    play.add("one", 20, PASS, attempt_timeout=0.1)
    result = play.run()["one"]
    assert (result.state, result.attempts) == ("pass", 2)
    assert play.took < 5  # of 9 at least


def test_a_hanging_attempt_outlives_the_check_by_a_second_at_most(play: Play) -> None:
    play.add("one", 20, timeout=0.2)
    result = play.run()["one"]
    assert (result.state, result.reason) == ("fail", "no answer within 1 s")
    assert 900 < result.latency_ms < 2000


def test_many_attempts_wait_for_a_free_slot(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_runner, "_AT_ONCE", 5)
    for number in range(10):
        play.add(f"check {number}", 0.5, PASS)
    play.run()
    assert 1 <= play.took < 4  # of 5 after each other


def test_deadline_lets_others_cancel() -> None:
    async def work() -> None:
        async with Deadline(5):
            await asyncio.sleep(5)

    async def main() -> None:
        task = asyncio.ensure_future(work())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(Late):
            async with Deadline(0.01):
                await asyncio.sleep(5)

    asyncio.run(main())
