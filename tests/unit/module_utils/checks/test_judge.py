"""The course of one check under a clock that only the test moves, and the sum of many."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks._checklist import Check
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._judge import Judge, Result, overall
from ansible_collections.doppelganger.ops.plugins.module_utils.core._verdicts import Outcome

PASS, FAIL, ERROR, HALF = (
    Outcome("pass", "good"),
    Outcome("fail", "bad"),
    Outcome("error", "blind"),
    Outcome("inconclusive", "half"),
)
CRASH = Outcome("fail", "crashed", final=True, ends_all="crashed")
SKIP = Outcome("skipped", "not there")
AWAY = Outcome("error", "the API server did not answer", out_of_reach=True)


def course(outcomes: list[Outcome], may_end: bool = True, **options: Any) -> tuple[Judge, list[float]]:
    """Attempts that take no time, each as late as the judge wants it; the last outcome repeats itself."""
    check = Check(name="one", kind="http", **options)
    judge, now, times, left = Judge(check, 100.0), 100.0, [], list(outcomes)
    for _ in range(500):
        times.append(round(now - 100, 3))
        wait = judge.after(left.pop(0) if len(left) > 1 else left[0], now, may_end)
        if wait is None:
            return judge, times
        assert 0 < wait <= max(check.interval, 0.001)
        now += wait
    raise AssertionError("it never decides")


@pytest.mark.parametrize(
    ("outcomes", "options", "state", "times"),
    [
        pytest.param([PASS], {}, "pass", [0], id="passes at once"),
        pytest.param([FAIL, FAIL, PASS], {}, "pass", [0, 0.5, 1.0], id="passes later"),
        pytest.param([PASS], {"successes": 3}, "pass", [0, 0.5, 1.0], id="three in a row"),
        pytest.param(
            [PASS, PASS, FAIL, PASS],
            {"successes": 3},
            "pass",
            [0, 0.5, 1, 1.5, 2, 2.5],
            id="a failure starts the row anew",
        ),
        pytest.param([FAIL], {"timeout": 2}, "fail", [0, 0.5, 1, 1.5], id="fails when its time is up"),
        pytest.param([ERROR], {"timeout": 1}, "error", [0, 0.5], id="cannot look until its time is up"),
        pytest.param([HALF], {"timeout": 1}, "inconclusive", [0, 0.5], id="undecided until its time is up"),
        pytest.param([FAIL, ERROR, PASS], {}, "pass", [0, 0.5, 1], id="not having been able to look is no failure"),
        pytest.param([PASS, FAIL, PASS, FAIL], {"successes": 2, "timeout": 2}, "fail", [0, 0.5, 1, 1.5], id="flaps"),
        pytest.param(
            [FAIL, FAIL, FAIL, PASS],
            {"successes": 2, "timeout": 2},
            "inconclusive",
            [0, 0.5, 1, 1.5],
            id="passes too late",
        ),
        pytest.param([FAIL, CRASH], {}, "fail", [0, 0.5], id="a final failure ends it"),
        pytest.param([SKIP], {"successes": 3, "hold": 9}, "skipped", [0], id="skipped"),
        pytest.param(
            [FAIL], {"timeout": 30, "interval": 20}, "fail", [0, 20, 25], id="a last look before a long pause"
        ),
        pytest.param(
            [PASS], {"hold": 1.2}, "pass", [0, 0.5, 1, 1.2], id="holds, and is looked at when the time is over"
        ),
        pytest.param([PASS, PASS, FAIL], {"hold": 9}, "fail", [0, 0.5, 1], id="does not hold"),
        pytest.param(
            [PASS, FAIL, PASS], {"hold": 1, "hold_failures": 1}, "pass", [0, 0.5, 1], id="one slip is tolerated"
        ),
        pytest.param(
            [PASS, FAIL, PASS, FAIL, FAIL],
            {"hold": 9, "hold_failures": 1},
            "fail",
            [0, 0.5, 1, 1.5, 2],
            id="two are not",
        ),
        pytest.param([PASS, ERROR], {"hold": 9}, "error", [0, 0.5], id="cannot look during the hold"),
        pytest.param([PASS, AWAY, AWAY, PASS], {"hold": 2}, "pass", [0, 0.5, 1, 1.5, 2], id="out of reach for a while"),
        pytest.param([PASS, AWAY, AWAY, PASS], {"hold": 0.7}, "pass", [0, 0.5, 1, 1.5], id="never passes out of reach"),
        pytest.param([PASS, AWAY], {"hold": 9, "timeout": 1}, "error", [0, 0.5, 1, 1.5], id="out of reach for good"),
        pytest.param([PASS, AWAY, FAIL], {"hold": 9}, "fail", [0, 0.5, 1], id="broken when it is seen again"),
        pytest.param([FAIL, PASS], {"timeout": 1, "hold": 5, "interval": 1}, "fail", [0], id="too late for a hold"),
        pytest.param(
            [PASS],
            {"timeout": 1, "hold": 5, "interval": 0.9},
            "pass",
            [0, 0.9, 1.8, 2.7, 3.6, 4.5, 5.0],
            id="a hold is longer than the time to pass",
        ),
    ],
)
def test_course(outcomes: list[Outcome], options: dict[str, Any], state: str, times: list[float]) -> None:
    judge, seen = course(outcomes, **options)
    assert (judge.state, seen) == (state, times)


def test_a_failure_says_how_often_it_was_tried() -> None:
    judge, _ = course([FAIL], timeout=2)
    assert judge.result().reason == "bad (last of 4 attempts in 1.5 s)"


def test_too_few_passes_say_how_many_were_needed() -> None:
    judge, _ = course([FAIL, FAIL, FAIL, PASS], successes=2, timeout=2)
    assert "passed 1 of the 2 times in a row that are needed" in judge.result().reason


def test_what_did_not_hold_says_since_when() -> None:
    judge, _ = course([PASS, PASS, FAIL], hold=9)
    assert judge.result().reason == "passed, and 1.0 s later no more: bad"


def test_the_result_tells_all() -> None:
    judge = Judge(Check(name="one", kind="http", severity="advisory"), 10.0)
    judge.after(Outcome("fail", "bad"), 10.0)
    judge.after(Outcome("pass", "good", {"status": 200}, latency_ms=12.34), 10.5)
    assert judge.result() == Result("one", "http", "advisory", "pass", "good", 12.3, 2, 0.5, {"status": 200})


def test_a_guard_goes_on_until_it_is_released() -> None:
    judge = Judge(Check(name="one", kind="containers"), 0.0)
    assert judge.after(PASS, 1.0, may_end=False) == 0.5
    assert judge.held(1.0)
    assert judge.after(PASS, 20.0, may_end=False) == 0.5
    assert judge.after(PASS, 40.0) is None
    assert judge.result().elapsed_s == 1.0


def test_a_guard_still_notices_a_crash() -> None:
    judge = Judge(Check(name="one", kind="containers"), 0.0)
    judge.after(PASS, 1.0, may_end=False)
    assert judge.after(CRASH, 2.0, may_end=False) is None
    assert (judge.state, judge.ends_all) == ("fail", "crashed")


def test_told_to_stop_it_is_inconclusive() -> None:
    judge = Judge(Check(name="one", kind="http"), 0.0)
    judge.after(FAIL, 0.0)
    judge.stop("app exited with code 1", 0.2)
    result = judge.result()
    assert (result.state, result.elapsed_s) == ("inconclusive", 0.2)
    assert result.reason == "stopped: app exited with code 1 (last: bad)"


def test_told_to_stop_before_the_first_attempt_it_is_inconclusive_too() -> None:
    judge = Judge(Check(name="one", kind="http"), 0.0)
    judge.stop("app exited with code 1", 0.0)
    assert judge.result().reason == "stopped: app exited with code 1"


@pytest.mark.parametrize(
    ("now", "seconds"), [(0.0, 5.0), (26.0, 4.0), (29.99, 1.0), (31.0, 1.0)], ids=["early", "late", "last", "over"]
)
def test_an_attempt_outlives_the_check_by_a_second_at_most(now: float, seconds: float) -> None:
    assert Judge(Check(name="one", kind="http"), 0.0).attempt_timeout(now) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "fail", "error"], "fail"),
        (["pass", "error", "inconclusive"], "error"),
        (["pass", "inconclusive"], "inconclusive"),
        (["pass", "skipped"], "pass"),
        (["skipped"], "inconclusive"),
        ([], "inconclusive"),
        (["pass", "-fail", "-error"], "pass"),
        (["-pass", "-fail"], "inconclusive"),
        (["fail", "-pass"], "fail"),
    ],
)
def test_overall(states: list[str], verdict: str) -> None:
    results = [
        Result(str(number), "http", "advisory" if state[0] == "-" else "required", state.lstrip("-"), "", 0, 1, 0, {})
        for number, state in enumerate(states)
    ]
    assert overall(results) == verdict


def test_a_guard_that_has_held_may_pass_anew_while_its_time_lasts() -> None:
    judge = Judge(Check(name="one", kind="containers"), 0.0)
    judge.after(PASS, 1.0, may_end=False)
    assert judge.after(HALF, 2.0, may_end=False) == 0.5
    assert judge.after(PASS, 3.0) is None
    assert (judge.state, judge.result().elapsed_s) == ("pass", 3.0)


def test_a_guard_that_falls_after_its_time_does_not_get_up() -> None:
    judge = Judge(Check(name="one", kind="containers"), 0.0)
    judge.after(PASS, 1.0, may_end=False)
    assert judge.after(HALF, 40.0, may_end=False) is None
    assert judge.state == "inconclusive"
