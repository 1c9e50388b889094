"""Handles on runs that follow a script: events, handlers that are slow or raise, cancelling, turns, asyncio."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import doppelganger_ops as ops
from doppelganger_ops import events
from doppelganger_ops.job import Ended
from tests.unit.api.scripted import Scripted, ScriptedExecutor, play, result, stats, task

GOOD: tuple[Any, ...] = (
    {"event": "playbook_on_start", "at": ""},
    play(),
    *(each for number in range(20) for each in (
        task("start", "database_backup", number), task("ok", "database_backup", number))),
    stats(result()),
)  # fmt: skip
MANY = 1 + 2 * 20 + 1


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.yml"
    path.write_text("targets: {hosts: {app: }}\n")
    return path


def test_a_verb_gives_a_result_and_leaves_no_folder(inventory: Path) -> None:
    executor = ScriptedExecutor(*GOOD)
    found = ops.deploy(version="v1", reason="{{ 1 + 1 }}", inventory=inventory, executor=executor, limit="app")
    assert found.status is ops.Status.OK
    job = executor.jobs[0]
    assert job.inputs == {"version": "v1", "reason": "{{ 1 + 1 }}"}
    assert (job.limit, job.inventories) == ("app", (str(inventory),))
    assert not Path(job.folder).exists()


@pytest.mark.parametrize("pause", [0, 0.01], ids=["quick", "slow"])
def test_a_handler_sees_every_event_before_wait_returns(inventory: Path, pause: float) -> None:
    seen: list[events.Event] = []

    def slow(event: events.Event) -> None:
        time.sleep(pause)
        seen.append(event)

    handle = ops.deploy.start(version="v1", inventory=inventory, executor=ScriptedExecutor(*GOOD), on_event=slow)
    assert handle.wait(20).status is ops.Status.OK
    assert len(seen) == MANY
    assert seen == list(handle.events()) == list(handle.events())
    assert isinstance(seen[-1], events.RunFinished)


@pytest.mark.parametrize("error", [OSError("disk"), ValueError("no")], ids=lambda error: type(error).__name__)
def test_a_handler_that_raises_hurts_nobody_else(
    inventory: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def bad(event: events.Event) -> None:
        raise error

    executor = ScriptedExecutor(*GOOD)
    with caplog.at_level(logging.ERROR, "doppelganger_ops"):
        handle = ops.deploy.start(version="v1", inventory=inventory, executor=executor, on_event=bad)
        assert handle.wait(20).status is ops.Status.OK
    assert handle.handler_errors == (error,) * MANY
    assert len(list(handle.events())) == MANY
    assert "handler of events raised" in caplog.text


def test_a_handler_may_ask_for_the_end(inventory: Path) -> None:
    gate = threading.Event()
    executor = ScriptedExecutor(play(), task("start", "release_apply"), gate.wait)
    handles: list[ops.Handle[ops.Result]] = []

    def stop(event: events.Event) -> None:
        if isinstance(event, events.PhaseStarted):
            handles[0].cancel()
            gate.set()

    start = threading.Event()
    executor = ScriptedExecutor(start.wait, play(), task("start", "release_apply"), gate.wait)
    handles.append(ops.deploy.start(version="v1", inventory=inventory, executor=executor, on_event=stop))
    start.set()
    assert handles[0].wait(20).status is ops.Status.CANCELLED


def test_wait_gives_up_and_the_run_goes_on(inventory: Path) -> None:
    gate = threading.Event()
    handle = ops.verify.start(inventory=inventory, executor=ScriptedExecutor(gate.wait, *GOOD))
    with pytest.raises(TimeoutError, match="goes on"):
        handle.wait(0.01)
    with pytest.raises(RuntimeError, match="not over"):
        _ = handle.result
    assert not handle.done()
    gate.set()
    assert handle.wait(20).status is ops.Status.OK


def test_leaving_the_block_by_an_exception_cancels(inventory: Path) -> None:
    gate = threading.Event()
    executor = ScriptedExecutor(gate.wait, play())

    def leave() -> None:
        with ops.verify.start(inventory=inventory, executor=executor) as handle:
            handles.append(handle)
            while not executor.running:
                time.sleep(0.001)
            threading.Timer(0.05, gate.set).start()
            raise KeyboardInterrupt

    handles: list[ops.Handle[ops.Result]] = []
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert handles[0].result.status is ops.Status.CANCELLED


class Counting(ScriptedExecutor):
    """Knows how many of its jobs ran at the same time."""

    now = most = 0

    def start(self, job: Any) -> Scripted:
        self.now += 1
        self.most = max(self.most, self.now)
        return super().start(job)

    def leave(self) -> None:
        time.sleep(0.02)
        self.now -= 1


def counting(most: int, *script: dict[str, Any] | Callable[[], object]) -> Counting:
    executor = Counting(*script, most=most)
    executor._script = (*script, executor.leave)
    return executor


def test_no_more_run_at_a_time_than_may(inventory: Path) -> None:
    executor = counting(2, *GOOD)
    handles = [ops.verify.start(inventory=inventory, executor=executor) for _ in range(6)]
    assert {handle.wait(20).status for handle in handles} == {ops.Status.OK}
    assert executor.most == 2
    assert len({handle.id for handle in handles}) == 6


def test_a_run_that_waits_for_its_turn_can_be_cancelled(inventory: Path) -> None:
    gate = threading.Event()
    executor = ScriptedExecutor(gate.wait, *GOOD, most=1)
    first = ops.verify.start(inventory=inventory, executor=executor)
    while not executor.running:
        time.sleep(0.001)
    second = ops.verify.start(inventory=inventory, executor=executor)
    second.cancel()
    assert second.wait(20).status is ops.Status.CANCELLED
    gate.set()
    assert first.wait(20).status is ops.Status.OK
    assert len(executor.jobs) == 1


def test_an_executor_that_cannot_start_is_an_error_of_the_run(inventory: Path) -> None:
    class Broken(ScriptedExecutor):
        def start(self, job: Any) -> Scripted:
            raise ops.AnsibleMissing("no interpreter")

    handle = ops.verify.start(inventory=inventory, executor=Broken())
    with pytest.raises(ops.AnsibleMissing, match="no interpreter"):
        handle.wait(20)
    assert handle.done()


def test_from_asyncio(inventory: Path) -> None:
    async def follow() -> tuple[list[events.Event], ops.Result]:
        handle = ops.deploy.start(version="v1", inventory=inventory, executor=ScriptedExecutor(*GOOD))
        found = [event async for event in handle.events_async()]
        return found, await handle

    found, outcome = asyncio.run(follow())
    assert len(found) == MANY
    assert outcome.status is ops.Status.OK


def test_several_runs_in_one_event_loop_are_not_mixed(inventory: Path) -> None:
    async def all_of_them() -> list[ops.Result]:
        executors = [ScriptedExecutor(play(), stats(result(status))) for status in ("ok", "unchanged")]
        handles = [ops.verify.start(inventory=inventory, executor=executor) for executor in executors]
        return [await handle for handle in handles]

    assert [found.status.value for found in asyncio.run(all_of_them())] == ["ok", "unchanged"]


def test_a_phase_that_takes_long_says_that_it_goes_on(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doppelganger_ops.handle.TICK", 0.02)
    executor = ScriptedExecutor(
        play(), task("start", "release_apply"), lambda: time.sleep(0.2), stats(result()), ended=Ended(0)
    )
    handle = ops.deploy.start(version="v1", inventory=inventory, executor=executor)
    handle.wait(20)
    waits = [event for event in handle.events() if isinstance(event, events.Waiting)]
    assert {event.phase for event in waits} == {"apply"}
    assert waits[-1].seconds >= 0


def kept_files(folder: Path) -> Iterator[str]:
    return (path.name for path in folder.rglob("*") if path.is_file())


def test_a_run_is_kept_where_that_is_asked_for(inventory: Path, tmp_path: Path) -> None:
    found = ops.verify(inventory=inventory, executor=ScriptedExecutor(*GOOD), keep=tmp_path / "runs")
    assert found.run.folder is not None
    assert list(kept_files(tmp_path / "runs")) == ["result.json"]
    assert (Path(found.run.folder) / "result.json").stat().st_mode & 0o077 == 0 or (
        Path(found.run.folder).stat().st_mode & 0o077 == 0
    )
