"""Error lines: what counts as one, what is excused, and reading on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks.kinds._logs import ERROR_LINES, LogScan, LogsProbe


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
    probe = LogsProbe(project, [], 0.0, {"patterns": ERROR_LINES, "allow": (), "limit": 0, "since": 0.0})
    held: list[bool] = []
    monkeypatch.setattr(probe._scan, "close", lambda: held.append(probe._reading.locked()))
    probe(1.0)
    assert held == [True]
    assert not probe._reading.locked()
