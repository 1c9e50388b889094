"""Error lines: what counts as one, what is excused, and reading on."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks._checklist import parse_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._runner import run_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.checks.kinds._logs import ERROR_LINES, LogScan, LogsProbe
from ansible_collections.doppelganger.ops.plugins.module_utils.running._project import ExecResult
from ansible_collections.doppelganger.ops.plugins.module_utils.running._scene import Scene


def scan(lines: list[str], **options: Any) -> LogScan:
    found = LogScan({"patterns": ERROR_LINES, "allow": (), "limit": 0, **options})
    found.read("c1", "app", [f"2026-01-01T00:00:{number:02d}.000000000Z {line}" for number, line in enumerate(lines)])
    return found


@pytest.mark.parametrize(
    ("line", "is_error"),
    [
        ("2026-01-01 12:00:00 ERROR something broke", True),
        ("CRITICAL: out of disk", True),
        ("FATAL:  password authentication failed", True),
        ("[ERROR] nope", True),
        ('{"level": "error", "msg": "x"}', True),
        ("{'levelname': 'CRITICAL'}", True),
        ('time=1 level=error msg="x"', True),
        ('{"severity":"ERROR"}', True),
        ("Traceback (most recent call last):", True),
        ("  see Traceback (most recent call last)", False),
        ("INFO all fine", False),
        ("INFO 0 errors, error rate 0.0", False),
        ("GET /ERRORS 200", False),
        ("TERROR", False),
        ('{"level": "info", "error": null}', False),
        ("ERRORS=0", False),
        ("\033[31mERROR\033[0m cannot reach the database", True),
        ("\033[1;31mTraceback (most recent call last):\033[0m", True),
        ('{"level": "\033[31merror\033[0m"}', True),
        ("\033[31mTERROR\033[0m", False),
        ("\033]0;ERROR\007fine", False),
        ("", False),
    ],
)
def test_default_patterns(line: str, is_error: bool) -> None:
    assert (scan([line]).outcome().state == "fail") is is_error


def test_an_error_line_is_final_and_shown() -> None:
    outcome = scan(["fine", "ERROR one", "ERROR two"]).outcome()
    assert (outcome.state, outcome.final, outcome.ends_all) == ("fail", True, "")
    assert outcome.reason == "2 error lines, the first: app: ERROR one"
    assert outcome.observed == {"lines_read": 3, "matches": 2, "lines": ["app: ERROR one", "app: ERROR two"]}


def test_only_five_lines_are_shown_each_of_them_cut() -> None:
    outcome = scan([f"ERROR {number} {'x' * 1000}" for number in range(9)]).outcome()
    assert len(outcome.observed["lines"]) == 5
    assert max(map(len, outcome.observed["lines"])) < 320


@pytest.mark.parametrize(
    ("options", "state"),
    [
        ({"allow": ("client disconnected",)}, "pass"),
        ({"allow": ("something else",)}, "fail"),
        ({"limit": 1}, "pass"),
        ({"patterns": ("panic",)}, "pass"),
        ({"patterns": ()}, "pass"),
    ],
)
def test_options(options: dict[str, Any], state: str) -> None:
    assert scan(["ERROR client disconnected"], **options).outcome().state == state


def test_reading_on_counts_no_line_twice() -> None:
    found = scan(["fine", "ERROR one"], limit=1)
    again = ["2026-01-01T00:00:01.000000000Z ERROR one", "2026-01-01T00:00:02.000000000Z fine"]
    found.read("c1", "app", again)
    assert (found.lines, found.matches, found.outcome().state) == (3, 1, "pass")


def test_lines_with_the_same_stamp_are_told_apart_by_their_number() -> None:
    stamp = "2026-01-01T00:00:00.000000000Z"
    found = scan([])
    found.read("c1", "app", [f"{stamp} one", f"{stamp} two"])
    found.read("c1", "app", [f"{stamp} one", f"{stamp} two", f"{stamp} three"])
    found.read("c1", "app", [f"{stamp} one", f"{stamp} two", f"{stamp} three", f"{stamp} ERROR four"])
    assert (found.lines, found.shown) == (4, ["app: ERROR four"])


def test_each_container_is_read_on_by_itself() -> None:
    found = scan(["fine", "fine"])
    found.read("c2", "db", ["2025-01-01T00:00:00.000000000Z FATAL old but never seen"])
    assert found.outcome().reason == "1 error line, the first: db: FATAL old but never seen"


def test_no_line_at_all_passes_and_says_so() -> None:
    assert scan([]).outcome().reason == "0 lines read, no error among them"


def test_an_attempt_closes_its_patterns_before_the_next_may_use_them(monkeypatch: pytest.MonkeyPatch) -> None:
    project = cast("Any", SimpleNamespace(containers=list))
    probe = LogsProbe(
        Scene(project), {"services": None, "patterns": ERROR_LINES, "allow": (), "limit": 0, "since": 0.0}
    )
    held: list[bool] = []
    monkeypatch.setattr(probe._scan, "close", lambda: held.append(probe._reading.locked()))
    probe(1.0)
    assert held == [True]
    assert not probe._reading.locked()


def test_what_excuses_a_line_sees_no_colours_either() -> None:
    assert scan(["\033[31mERROR\033[0m gone"], allow=("^ERROR gone$",)).outcome().state == "pass"


NOBODY = cast("Any", None)


def project_of(*services: str) -> Any:
    return SimpleNamespace(
        containers=lambda: [SimpleNamespace(id=name, service=name, started_at="", finished_at="", created_at="",
                                            restart_count=0) for name in services],
        log_of=lambda one, *_, **__: [f"2026-01-01T00:00:00.000000000Z ERROR of {one}"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("named", "scene", "state", "seen"),
    [
        pytest.param((), Scene(NOBODY, ("db", "web"), 1.0, own=("web",)), "fail", "web:", id="the release by default"),
        pytest.param((), Scene(NOBODY, ("db", "web"), 1.0), "fail", "db:", id="all where nobody knows the release"),
        pytest.param(("db",), Scene(NOBODY, ("db", "web"), 1.0, own=("web",)), "fail", "db:", id="who is named"),
        pytest.param(("wbe",), Scene(NOBODY, ("db", "web"), 1.0), "error", "'web'", id="nobody of the release"),
        pytest.param(("new",), Scene(NOBODY, ("db",), 1.0, is_operation=True), "skipped", "new", id="a later one"),
        pytest.param(("wbe",), Scene(NOBODY), "error", "'web'", id="nobody who runs"),
        pytest.param(("wbe", "web"), Scene(NOBODY), "fail", "web:", id="one of two"),
        pytest.param(("zero",), Scene(NOBODY, ("zero",), 1.0), "pass", "0 lines", id="one without a container"),
    ],
)  # fmt: skip
def test_whose_logs_are_read(named: tuple[str, ...], scene: Scene, state: str, seen: str) -> None:
    [check] = parse_checks([{"name": "c", "kind": "logs", "timeout": 0.1, **({"services": [*named]} if named else {})}])
    [result] = run_checks([check], replace(scene, project=project_of("db", "web")))
    assert (result.state, seen in result.reason) == (state, True)


def test_a_line_that_comes_while_others_wait_is_seen() -> None:
    lines = ["2026-01-01T00:00:00.000000000Z fine"]
    project = project_of("web")
    project.log_of = lambda *_, **__: [*lines]
    project.watch = lambda _: SimpleNamespace(close=lambda: None)

    def fail(*_: Any, **__: Any) -> ExecResult:
        lines.append("2026-01-01T00:00:01.000000000Z ERROR late")
        return ExecResult(1, "")

    project.exec = fail
    checks = parse_checks([
        {"name": "log", "kind": "logs", "interval": 0.05},
        {"name": "other", "kind": "exec", "service": "web", "command": ["x"], "timeout": 0.2, "interval": 0.05},
    ])  # fmt: skip
    log, other = run_checks(checks, Scene(project))
    assert (log.state, other.state) == ("fail", "fail")
