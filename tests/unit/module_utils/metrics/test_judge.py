"""The judge: each case is the samples of a gate and what must come of them."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._judge import (
    Rules,
    Tally,
    assessed,
    judged,
    on_its_way,
    overall,
    trend_of,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import Limit
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._values import Sample

MOST = Limit("warning", "above", 10)
LEAST = Limit("critical", "below", 1)
NAN, INF = math.nan, math.inf
#: how a case writes a sample that has no value
NONE = Sample(0, state="inconclusive", reason="no data")
GONE = Sample(0, state="error", reason="out of reach")
WRONG = Sample(0, state="error", reason="bad query", final=True)
SKIP = Sample(0, state="skipped", reason="no replica")


def samples(*values: float | Sample) -> list[Sample]:
    """One a second."""
    made = [one if isinstance(one, Sample) else Sample(0, float(one)) for one in values]
    return [Sample(float(at), one.value, one.state, one.reason, one.series, one.final) for at, one in enumerate(made)]


#: name, samples, rules, limit; the verdict and what its reason says
CASES: list[tuple[str, list[float | Sample], dict[str, Any], Limit | None, str, str]] = [
    # values and limits
    ("fine", [1], {}, MOST, "pass", ""),
    ("exactly at the limit", [10], {}, MOST, "pass", ""),
    ("a hair above", [10.000001], {}, MOST, "fail", "10 is above 10"),
    ("far above", [99], {}, MOST, "fail", "99 is above 10"),
    ("negative", [-5], {}, MOST, "pass", ""),
    ("not below", [1], {}, LEAST, "pass", ""),
    ("below", [0], {}, LEAST, "fail", "0 is below 1"),
    ("any at all", [1], {}, Limit("warning", "above", 0), "fail", "1 is above 0"),
    ("none at all", [0], {}, Limit("warning", "above", 0), "pass", ""),
    ("without a limit", [1e9], {}, None, "pass", ""),
    ("not a number", [NAN], {}, MOST, "inconclusive", "not a number"),
    ("infinite", [INF], {}, MOST, "inconclusive", "not a number"),
    ("minus infinite", [-INF], {}, LEAST, "inconclusive", "not a number"),
    ("which of several", [Sample(0, 50, series="host-2")], {}, MOST, "fail", "50 is above 10 at host-2"),
    ("beyond it, and another unknown", [Sample(0, 50, "inconclusive", "b is NaN")], {}, MOST, "fail", "50 is above"),
    ("within it, and another unknown", [Sample(0, 5, "inconclusive", "b is NaN")], {}, MOST, "inconclusive", "b is"),
    # no sample is never a pass
    ("no sample", [], {}, MOST, "inconclusive", "no sample was taken"),
    ("no sample without a limit", [], {}, None, "inconclusive", "no sample was taken"),
    ("no sample, errors tolerated", [], {"consecutive_error_limit": 9}, MOST, "inconclusive", "no sample"),
    ("no data", [NONE], {}, MOST, "inconclusive", "no data"),
    ("no data, tolerated", [NONE], {"inconclusive_limit": 9}, MOST, "inconclusive", "no data"),
    ("no data, tolerated and counted", [NONE] * 3, {"inconclusive_limit": 9, "count": 3}, MOST, "inconclusive", "no"),
    ("nothing to measure", [SKIP], {}, MOST, "inconclusive", "no replica"),
    ("only errors, tolerated", [GONE] * 3, {}, MOST, "error", "out of reach"),
    ("stopped before the first", [], {"count": 5}, MOST, "inconclusive", "no sample was taken"),
    ("stopped before the last", [1, 1], {"count": 5}, MOST, "inconclusive", "2 of the 5 samples that are needed"),
    ("all of it in the warm-up", [1, 1, 1], {"warm_up": 60}, MOST, "inconclusive", "no sample was taken"),
    # count
    ("as many as needed", [1] * 5, {"count": 5}, MOST, "pass", ""),
    ("what comes later does not count", [1, 1, 99], {"count": 2}, MOST, "pass", ""),
    ("no count goes on to the end", [1, 1, 99], {}, MOST, "fail", "99"),
    ("errors do not count", [1, GONE, 1, GONE, 1], {"count": 3}, MOST, "pass", ""),
    ("errors do not count, one is missing", [1, GONE, 1], {"count": 3}, MOST, "inconclusive", "2 of the 3"),
    ("what is undecided counts", [1, NONE, 1], {"count": 3, "inconclusive_limit": 1}, MOST, "pass", ""),
    ("what failed counts", [1, 99, 1], {"count": 3, "failure_limit": 1}, MOST, "pass", ""),
    # failures
    ("the first failure", [1, 99, 1], {}, MOST, "fail", "99 is above 10"),
    ("a failure that is tolerated", [1, 99, 1], {"failure_limit": 1}, MOST, "pass", ""),
    ("one failure too many", [1, 99, 1, 98], {"failure_limit": 1}, MOST, "fail", "98 is above 10 (2 samples failed)"),
    ("failures need not follow each other", [99, 1, 1, 98], {"failure_limit": 1}, MOST, "fail", "98"),
    ("nothing but tolerated failures", [99, 99], {"failure_limit": 5}, MOST, "inconclusive", "99 is above 10"),
    ("it failed before it was out of reach", [99, GONE], {}, MOST, "fail", "99"),
    ("a failure after no data", [NONE, 99], {"inconclusive_limit": 1}, MOST, "fail", "99"),
    # undecided
    ("the first undecided", [1, NONE, 1], {}, MOST, "inconclusive", "no data"),
    ("undecided before it fails", [NONE, 99], {}, MOST, "inconclusive", "no data"),
    ("an undecided that is tolerated", [1, NONE, 1], {"inconclusive_limit": 1}, MOST, "pass", ""),
    ("one undecided too many", [NONE, 1, NONE], {"inconclusive_limit": 1}, MOST, "inconclusive", "could not be"),
    ("0/0 now and then", [1, NAN, 1, NAN], {"inconclusive_limit": 2}, MOST, "pass", ""),
    # errors
    ("out of reach once", [1, GONE, 1], {}, MOST, "pass", ""),
    ("out of reach four times in a row", [1, *[GONE] * 4, 1], {}, MOST, "pass", ""),
    ("out of reach five times in a row", [1, *[GONE] * 5, 1], {}, MOST, "error", "5 samples in a row could"),
    ("errors that do not follow each other", [GONE, 1] * 9, {"consecutive_error_limit": 1}, MOST, "pass", ""),
    ("no data between errors", [GONE, NONE, GONE], {"consecutive_error_limit": 1, "inconclusive_limit": 1}, MOST,
     "inconclusive", "out of reach"),
    ("no error is tolerated", [1, GONE], {"consecutive_error_limit": 0}, MOST, "error", "out of reach"),
    ("an error that stays", [WRONG], {"consecutive_error_limit": 9}, MOST, "error", "bad query"),
    ("out of reach from the start", [*[GONE] * 5], {}, MOST, "error", "out of reach"),
    ("out of reach at the end", [1, 1, GONE], {}, MOST, "pass", ""),
    # watching on although no verdict is possible
    ("no data at first, then it fails", [NONE, 99], {"ends_early": False}, MOST, "fail", "99"),
    ("no data now and then", [1, NONE, 1], {"ends_early": False}, MOST, "inconclusive", "no data"),
    ("out of reach for long, then it fails", [*[GONE] * 5, 99], {"ends_early": False}, MOST, "fail", "99"),
    ("out of reach for long, then it is fine", [*[GONE] * 5, 1], {"ends_early": False}, MOST, "error", "out of reach"),
    # warm-up
    ("slow at first", [99, 99, 1, 1], {"warm_up": 2}, MOST, "pass", ""),
    ("slow at first, for longer", [99, 99, 99, 1], {"warm_up": 2}, MOST, "fail", "99"),
    ("out of reach at first", [*[GONE] * 9, 1], {"warm_up": 9}, MOST, "pass", ""),
    ("no data at first", [NONE, NONE, 1], {"warm_up": 2}, MOST, "pass", ""),
    ("the warm-up does not count", [1, 1, 1, 1], {"warm_up": 2, "count": 3}, MOST, "inconclusive", "2 of the 3"),
    # on its way
    ("a leak", [1 + at * 0.5 for at in range(10)], {"projected": 60}, MOST, "fail", "it is above 10 in"),
    ("a leak that has time", [1 + at * 0.05 for at in range(10)], {"projected": 60}, MOST, "pass", ""),
    ("a leak that nobody looks for", [1 + at * 0.5 for at in range(10)], {}, MOST, "pass", ""),
    ("it wavers", [1, 3, 1, 3, 1, 3, 1, 3, 1, 3], {"projected": 600}, MOST, "pass", ""),
    ("it falls", [9 - at * 0.5 for at in range(10)], {"projected": 600}, MOST, "pass", ""),
    ("it stays", [5] * 10, {"projected": 1e9}, MOST, "pass", ""),
    ("it grows by next to nothing", [5 + at * 0.001 for at in range(10)], {"projected": 1e9}, MOST, "pass", ""),
    ("no data at first, then a leak", [NONE, *(1 + at * 0.5 for at in range(10))],
     {"projected": 60, "ends_early": False}, MOST, "fail", "it is above 10 in"),
    ("no data at first, then no leak", [NONE, *[5] * 10], {"projected": 60, "ends_early": False}, MOST,
     "inconclusive", "no data"),
    ("too few to see a trend", [1, 2, 3], {"projected": 60}, MOST, "inconclusive", "3 samples show no trend"),
    ("it grew in the warm-up", [1, 3, 5, 7, *[8] * 9], {"projected": 600, "warm_up": 4}, MOST, "pass", ""),
    ("it shrinks towards a lower limit", [9 - at * 0.5 for at in range(10)], {"projected": 60}, LEAST, "fail", "below"),
    ("one outlier in a leak", [1, 1.5, 2, 9, 3, 3.5, 4, 4.5, 5, 5.5], {"projected": 60}, MOST, "fail", "above 10"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values", "rules", "limit", "verdict", "said"), CASES, ids=[case[0] for case in CASES]
)
def test_a_verdict(
    name: str, values: list[float | Sample], rules: dict[str, Any], limit: Limit | None, verdict: str, said: str
) -> None:
    found = judged(samples(*values), limit, Rules(**rules))
    assert found.verdict == verdict, found
    assert said in found.reason


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "inconclusive"),
        (["skipped"], "inconclusive"),
        (["pass"], "pass"),
        (["pass", "skipped"], "pass"),
        (["pass", "inconclusive"], "inconclusive"),
        (["inconclusive", "error"], "error"),
        (["error", "fail", "pass"], "fail"),
    ],
)
def test_the_worst_counts(states: list[str], expected: str) -> None:
    assert overall(states) == expected


STATES = st.sampled_from(["pass", "fail", "inconclusive", "error", "skipped"])
LIMITS = st.integers(0, 3)
RULES = st.builds(
    Rules,
    count=st.integers(0, 6),
    failure_limit=LIMITS,
    inconclusive_limit=LIMITS,
    consecutive_error_limit=LIMITS,
)


def tallied(rules: Rules, states: list[str]) -> Tally:
    tally = Tally(rules)
    for state in states:
        if not tally.verdict:
            tally.add(state, state)
    tally.stop()
    return tally


@given(RULES, st.lists(STATES, max_size=20))
def test_a_pass_has_been_seen(rules: Rules, states: list[str]) -> None:
    if tallied(rules, states).verdict == "pass":
        assert "pass" in states
        assert states.count("pass") + states.count("fail") >= 1
        assert sum(state != "error" for state in states) >= rules.count


@given(RULES, st.lists(STATES, max_size=20))
def test_a_failure_has_been_seen_more_often_than_is_tolerated(rules: Rules, states: list[str]) -> None:
    if tallied(rules, states).verdict == "fail":
        assert states.count("fail") > rules.failure_limit


@given(RULES, st.lists(st.sampled_from(["error", "inconclusive", "skipped"]), max_size=20))
def test_who_sees_nothing_neither_passes_nor_fails(rules: Rules, states: list[str]) -> None:
    assert tallied(rules, states).verdict in ("inconclusive", "error")


@given(RULES, st.lists(STATES, max_size=20), LIMITS)
def test_more_patience_with_failures_never_makes_one(rules: Rules, states: list[str], more: int) -> None:
    patient = Rules(**{**vars(rules), "failure_limit": rules.failure_limit + more})
    if tallied(patient, states).verdict == "fail":
        assert tallied(rules, states).verdict in ("fail", "inconclusive", "error")
        assert "fail" in states


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(-1e9, 1e9))
def test_a_value_passes_or_fails_only_where_it_is_a_number(value: float, limit: float) -> None:
    state, _ = assessed(Sample(0, value), Limit("warning", "above", limit))
    assert state == ("inconclusive" if not math.isfinite(value) else "fail" if value > limit else "pass")


@given(st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=40), st.floats(1, 1e6))
def test_what_never_grows_is_not_on_its_way(values: list[float], seconds: float) -> None:
    falling = sorted(values, reverse=True)
    limit = Limit("warning", "above", 2e6)
    assert on_its_way([Sample(float(at), value) for at, value in enumerate(falling)], limit, seconds)[0] == "pass"


def test_a_trend_of_very_many_samples_is_that_of_all_their_time() -> None:
    slope, tau = trend_of([(float(at), 3.0 * at) for at in range(100_000)])
    assert slope == pytest.approx(3)
    assert tau == 1


def test_a_hundred_thousand_samples_are_judged_in_no_time() -> None:
    many = [Sample(at / 10, at % 10) for at in range(100_000)]
    began = time.process_time()
    assert judged(many, MOST, Rules()).verdict == "pass"
    # the bench has the figure; this is only to catch an accident
    assert time.process_time() - began < 1.0
