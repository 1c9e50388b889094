"""Probes that ask the engine: what they make of its answers, with a project that is plain data."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks._attempts import attempt_of, explained, patience
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._checklist import Check, parse_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._runner import run_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._answers import container_from
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _patterns
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import (
    BrokenOff,
    NotThere,
    OpsError,
    Refused,
    TimedOut,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.module_utils.core._side_by_side import in_thread
from ansible_collections.doppelganger.ops.plugins.module_utils.core._verdicts import Outcome
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Container
from ansible_collections.doppelganger.ops.plugins.module_utils.running._project import ExecResult
from ansible_collections.doppelganger.ops.plugins.module_utils.running._scene import Scene


def container(service: str, state: str = "running", code: int = 0, restarts: int = 0) -> Container:
    label = {"com.docker.compose.service": service}
    made, began = "2026-01-01T00:00:00Z", {"StartedAt": "2026-01-01T00:00:00.2Z", "Status": state, "ExitCode": code}
    seen = {"Id": service, "Created": made, "State": began, "Config": {"Labels": label}, "RestartCount": restarts}
    return container_from(seen)


class FakeProject:
    """A project of three services that answers what the test put into it."""

    def __init__(self) -> None:
        self.found = [container("app"), container("postgres"), container("redis")]
        self.result = ExecResult(0, "1\n")
        self.environment: dict[str, str] = {"POSTGRES_PASSWORD": "geheim-canary", "POSTGRES_USER": "studio"}
        self.log: dict[str, list[str]] = {}
        self.asked: list[Any] = []
        self.broken: OpsError | None = None

    def containers(self) -> list[Container]:
        return self.found

    def exec(
        self, service: str, argv: list[str], timeout: float, environment: Any = None, borrowed: Any = None
    ) -> ExecResult:
        self.asked.append((service, argv, timeout, borrowed if borrowed is not None else environment))
        return self.result

    def environment_of(self, service: str) -> dict[str, str]:
        return self.environment

    def log_ends(self, service: str, limit_bytes: int) -> list[LogEnd]:
        return [LogEnd("\n".join(line.partition(" ")[2] for line in self.log.get(service, [])))]

    def log_of(self, container_id: str, since: float, timestamps: bool) -> Iterator[str]:
        self.asked.append((container_id, since))
        yield from self.log.get(container_id, [])

    def address(self, service: str, port: int) -> tuple[str, int]:
        return "127.0.0.1", port

    settle = 0.0

    def broken_way(self, service: str, port: int) -> OpsError | None:
        return self.broken


def check_of(**given: Any) -> Check:
    [check] = parse_checks([{"name": "one", **given}])
    return check


def attempts(project: FakeProject, times: int = 1, services: Any = (), began: float = 0, **given: Any) -> list[Outcome]:
    attempt = attempt_of(check_of(**given), Scene(project, services, began))  # type: ignore[arg-type]

    async def all_of_them() -> list[Outcome]:
        return [await attempt(2.0) for _ in range(times)]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(
    ("result", "given", "state", "final", "reason"),
    [
        (ExecResult(0, "1\n"), {}, "pass", False, "the query was answered"),
        (ExecResult(0, "abc\n"), {"query": "SELECT x", "expect": "abc"}, "pass", False, "the query was answered"),
        (ExecResult(0, "2\n"), {"expect": "1"}, "fail", False, "the query answered '2', expected '1'"),
        (ExecResult(2, "could not\n connect"), {}, "fail", False, "psql ended with code 2: could not connect"),
        (ExecResult(127, "no such file"), {}, "error", True, "psql cannot be run in postgres: no such file"),
    ],
)
def test_postgres(result: ExecResult, given: dict[str, Any], state: str, final: bool, reason: str) -> None:
    project = FakeProject()
    project.result = result
    [outcome] = attempts(project, kind="postgres", **given)
    assert (outcome.state, outcome.final, outcome.reason) == (state, final, reason)


def test_the_password_of_postgres_stays_in_its_container() -> None:
    project = FakeProject()
    [outcome] = attempts(project, kind="postgres", database="data")
    [(service, argv, timeout, borrowed)] = project.asked
    assert (service, timeout, borrowed) == ("postgres", 2.0, {"PGPASSWORD": "POSTGRES_PASSWORD"})
    assert argv[argv.index("-U") + 1] == "studio"
    assert argv[argv.index("-d") + 1] == "data"
    assert "geheim-canary" not in " ".join(argv)
    assert "geheim-canary" not in str(outcome)


def test_the_database_is_that_of_the_container_unless_given() -> None:
    project = FakeProject()
    project.environment = {}
    attempts(project, kind="postgres")
    assert project.asked[0][1][-4:] == ["-d", "postgres", "-c", "SELECT 1"]


@pytest.mark.parametrize(
    ("result", "given", "state", "reason"),
    [
        (ExecResult(0, "hi"), {}, "pass", "ended with code 0"),
        (ExecResult(3, "hi"), {}, "fail", "ended with code 3, expected 0: hi"),
        (ExecResult(3, ""), {"expect_code": 3}, "pass", "ended with code 3"),
        (ExecResult(0, "hi"), {"output_contains": "ho"}, "fail", "the output has no 'ho': hi"),
        (ExecResult(126, "denied"), {}, "error", "ls cannot be run in app: denied"),
        (ExecResult(127, ""), {"expect_code": 127}, "pass", "ended with code 127"),
    ],
)
def test_exec(result: ExecResult, given: dict[str, Any], state: str, reason: str) -> None:
    project = FakeProject()
    project.result = result
    [outcome] = attempts(project, kind="exec", service="app", command=["ls"], **given)
    assert (outcome.state, outcome.reason) == (state, reason)


def test_containers_count_restarts_from_the_first_look() -> None:
    project = FakeProject()
    project.found = [container("app", restarts=3)]
    attempt = attempt_of(check_of(kind="containers"), Scene(project))  # type: ignore[arg-type]

    async def twice() -> list[str]:
        first = await attempt(1)
        project.found = [container("app", restarts=4)]
        return [first.state, (await attempt(1)).reason]

    assert asyncio.run(twice()) == ["pass", "app keeps restarting: restarted once, 0 allowed"]


def test_a_crash_comes_with_the_last_words() -> None:
    project = FakeProject()
    project.found = [container("app", "exited", 1)]
    project.log = {"app": [f"t line {number}" for number in range(8)] + ["t ImportError: no", "t "]}
    [outcome] = attempts(project, kind="containers", services=["app"])
    assert outcome.reason == "app exited with code 1; its last words: ImportError: no"
    assert outcome.ends_all == "app exited with code 1"
    assert outcome.observed["log"] == {"app": ["line 4", "line 5", "line 6", "line 7", "ImportError: no"]}


def test_the_expected_services_are_those_of_the_application() -> None:
    [outcome] = attempts(FakeProject(), services=("app", "mongo"), kind="containers")
    assert outcome.reason == "mongo has no container"


def test_logs_are_read_on() -> None:
    project = FakeProject()
    project.found = [container("app")]
    project.log = {"app": ["2026-01-01T00:00:01.500000000Z fine"]}
    first, second = attempts(project, times=2, kind="logs")
    assert (first.state, second.state) == ("pass", "pass")
    assert [since for _, since in project.asked] == [1767225600.0, pytest.approx(1767225601.499)]
    assert second.observed["lines_read"] == 1


@pytest.mark.parametrize(("given", "since"), [({}, 50.5), ({"since": 70}, 70.0)])
def test_logs_are_read_from_the_release_on(given: dict[str, Any], since: float) -> None:
    project = FakeProject()
    attempts(project, began=50.5, services=("app",), kind="logs", **given)
    assert project.asked == [("app", since)]


def test_a_log_that_takes_too_long_is_undecided_and_read_on() -> None:
    class Slow(FakeProject):
        def log_of(self, container_id: str, since: float, timestamps: bool) -> Iterator[str]:
            for second in range(6):
                yield f"2026-01-01T00:00:{second:02d}.000000000Z fine"
                time.sleep(0.04)

    project = Slow()
    project.found = [container("app")]
    attempt = attempt_of(check_of(kind="logs"), Scene(project))  # type: ignore[arg-type]
    first = asyncio.run(attempt(0.1))
    assert first.state == "inconclusive"
    assert "too long to be read in 0.1 s: " in first.reason
    assert asyncio.run(attempt(5)).observed["lines_read"] == 6


def test_a_log_whose_reading_hangs_ends_by_the_clock_and_is_not_read_twice_at_once() -> None:
    never = threading.Event()

    class Stuck(FakeProject):
        def log_of(self, container_id: str, since: float, timestamps: bool) -> Iterator[str]:
            never.wait()
            yield ""

    project = Stuck()
    check = check_of(kind="logs", attempt_timeout=0.2, timeout=0.5, interval=0.1)
    began = time.monotonic()
    [result] = run_checks([check], Scene(project))  # type: ignore[arg-type]
    attempt = attempt_of(check, Scene(project))  # type: ignore[arg-type]

    async def twice() -> Outcome:
        first = asyncio.ensure_future(attempt(0.1))
        await asyncio.sleep(0.05)
        second = await attempt(0.1)
        first.cancel()
        return second

    second = asyncio.run(twice())
    never.set()
    assert time.monotonic() - began < 5
    assert (result.state, second.state) == ("error", "error")


def test_a_pattern_that_does_not_end_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_patterns, "SECONDS", 0.5)
    project = FakeProject()
    project.found = [container("app")]
    project.log = {"app": ["2026-01-01T00:00:01.500000000Z " + "a" * 5000 + "!"]}
    [result] = run_checks([check_of(kind="logs", patterns=["fine", "(a+)+$"])], Scene(project))  # type: ignore[arg-type]
    assert (result.state, result.attempts) == ("error", 1)
    assert "(a+)+$" in result.reason


@pytest.mark.parametrize("services", [("app",), ()], ids=["not expected", "without a container"])
def test_what_is_not_part_of_the_application_is_skipped(services: Any) -> None:
    [outcome] = attempts(FakeProject(), services=services, kind="mongo", service="mongo", when_present=True)
    assert (outcome.state, outcome.reason) == ("skipped", "mongo is not part of the application")


def test_a_missing_password_variable_is_refused() -> None:
    with pytest.raises(Refused, match="has no variable REDIS_PASSWORD"):
        attempts(FakeProject(), kind="redis", service="redis", password_env="REDIS_PASSWORD")


@pytest.mark.parametrize(
    ("error", "state"), [(NotThere("no container"), "fail"), (TimedOut("psql was still running"), "fail")]
)
def test_what_the_engine_could_see_is_a_failure(error: Exception, state: str) -> None:
    assert explained(error, check_of(kind="postgres"), 5).state == state


def test_probes_that_mind_the_time_themselves_get_a_little_longer() -> None:
    assert patience(check_of(kind="logs"), 5) == 6
    assert patience(check_of(kind="tcp", host="h", port=1), 5) == 5


def test_blocking_work_does_not_hold_up_the_end() -> None:
    release = threading.Event()

    async def main() -> str:
        stuck = asyncio.ensure_future(in_thread(release.wait))
        done = await in_thread(lambda: "done")
        stuck.cancel()
        return done

    began = time.monotonic()
    assert asyncio.run(main()) == "done"
    assert time.monotonic() - began < 1
    release.set()


def test_errors_of_blocking_work_arrive() -> None:
    def fail() -> None:
        raise Refused("no")

    with pytest.raises(Refused):
        asyncio.run(in_thread(fail))


@pytest.mark.parametrize("kind", ["redis", "mongo"])
@pytest.mark.parametrize(
    ("broken", "state", "says", "is_out_of_reach"),
    [
        pytest.param(None, "fail", "closed the connection before an answer", False, id="the service itself"),
        pytest.param(BrokenOff("The connection to a broke off."), "error", "a broke off", True, id="the way to it"),
    ],
)
def test_a_broken_way_tells_nothing_of_the_service(
    kind: str, broken: OpsError | None, state: str, says: str, is_out_of_reach: bool
) -> None:
    def hang_up() -> None:
        with server.accept()[0] as peer:
            peer.recv(1024)  # what is left unread would be answered with a reset

    with socket.create_server(("127.0.0.1", 0)) as server:
        closing = threading.Thread(target=hang_up)
        closing.start()
        project = FakeProject()
        project.broken = broken
        given = {"kind": kind, "service": "redis", "port": server.getsockname()[1]}
        with pytest.raises((EOFError, OSError, OpsError)) as raised:
            attempts(project, **given)
        closing.join()
    outcome = explained(raised.value, check_of(**given), 1)
    assert (outcome.state, outcome.out_of_reach) == (state, is_out_of_reach)
    assert says in outcome.reason


@pytest.mark.parametrize(("settle", "is_open"), [(0.0, True), (2.0, False)], ids=["direct", "by a way that accepts"])
def test_a_way_that_accepts_for_others_has_to_stay_open(settle: float, is_open: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closing = threading.Thread(target=lambda: server.accept()[0].close())
        closing.start()
        project = FakeProject()
        project.settle = settle
        given = {"kind": "tcp", "service": "app", "port": server.getsockname()[1]}
        if is_open:
            assert [one.state for one in attempts(project, **given)] == ["pass"]
        else:
            with pytest.raises(ConnectionRefusedError):
                attempts(project, **given)
        closing.join()
