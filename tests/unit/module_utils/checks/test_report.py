"""What people read."""

from __future__ import annotations

from ansible_collections.doppelganger.ops.plugins.module_utils.checks._judge import Result, overall
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._report import as_data, checklist, summary


def result(name: str, state: str, reason: str = "", severity: str = "required", elapsed: float = 0.02) -> Result:
    return Result(name, "http", severity, state, reason, 1.5, 1, elapsed, {"status": 200})


GOOD = [
    result("Containers running", "pass"),
    result("API", "pass", elapsed=12.3),
    result("Mongo", "skipped", "mongo is not part of the application"),
]
BAD = [
    *GOOD,
    result("Redis", "fail", "nothing is listening at redis"),
    result("Database", "error", "the engine did not\nanswer within 5 s"),
    result("Logs", "inconclusive", "stopped: x"),
    result("Dashboard", "fail", "answered 503", "advisory"),
]


def test_checklist() -> None:
    assert checklist(BAD).splitlines() == [
        "[x] Containers running    0.02 s",
        "[x] API                  12.30 s",
        "[-] Mongo                 0.02 s  mongo is not part of the application",
        "[ ] Redis                 0.02 s  nothing is listening at redis",
        "[!] Database              0.02 s  the engine did not answer within 5 s",
        "[?] Logs                  0.02 s  stopped: x",
        "[ ] Dashboard             0.02 s  (advisory)  answered 503",
    ]


def test_summary_of_a_pass() -> None:
    assert summary("pass", GOOD) == "2 of 3 required checks passed, 1 skipped."


def test_summary_of_a_pass_tells_of_advisory_failures() -> None:
    assert summary("pass", [GOOD[0], BAD[-1]]) == "1 of 1 required checks passed; advisory: Dashboard (answered 503)."


def test_summary_of_a_failure_names_the_checks_and_why() -> None:
    assert summary(overall(BAD), BAD) == (
        "1 of 6 required checks failed: Redis (nothing is listening at redis); advisory: Dashboard (answered 503)."
    )


def test_summary_of_undecided_checks_says_why() -> None:
    results = [result("Logs", "inconclusive", "the log is too long")]
    assert (
        summary("inconclusive", results) == "Of 1 required checks 0 passed, 1 not decided: Logs (the log is too long)."
    )


def test_summary_when_nothing_was_looked_at() -> None:
    assert "passed" not in summary("inconclusive", [GOOD[2]])


def test_data() -> None:
    assert as_data(GOOD[0]) == {
        "name": "Containers running",
        "kind": "http",
        "severity": "required",
        "state": "pass",
        "reason": "",
        "latency_ms": 1.5,
        "attempts": 1,
        "elapsed_s": 0.02,
        "observed": {"status": 200},
    }
