"""From what sources show to values: each oddity of a number has its case."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._values import (
    Sample,
    increases,
    quantile_of,
    sample,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._observation import Observation

NAN, INF = math.nan, math.inf
PLAIN = {"several": "worst", "empty": "no_data", "scale": 1.0}


def look(*numbers: float, at: float = 10.0, **series: Any) -> Observation:
    found = (
        {"": numbers}
        if numbers
        else {name: value if isinstance(value, tuple) else (value,) for name, value in series.items()}
    )
    return Observation(at, found)


#: what is seen, with which options; the state and the value, or what the reason says
VALUES: list[tuple[str, Observation, dict[str, Any], str, Any]] = [
    ("one", look(5), {}, "pass", 5.0),
    ("zero", look(0), {}, "pass", 0.0),
    ("negative", look(-3), {}, "pass", -3.0),
    ("scaled", look(0.5), {"scale": 1000.0}, "pass", 500.0),
    ("none", look(), {}, "inconclusive", "no series"),
    ("none is zero", look(), {"empty": "zero"}, "pass", 0.0),
    ("none is of no concern", look(), {"empty": "not_applicable"}, "skipped", "nothing here"),
    ("not a number", look(NAN), {}, "inconclusive", "not a number"),
    ("infinite", look(INF), {}, "inconclusive", "infinite"),
    ("minus infinite", look(-INF), {}, "inconclusive", "infinite"),
    ("several", look(a=1, b=7, c=3), {}, "pass", 7.0),
    ("several, summed", look(a=1, b=7, c=3), {"several": "sum"}, "pass", 11.0),
    ("several, their mean", look(a=1, b=7, c=4), {"several": "mean"}, "pass", 4.0),
    ("one of several is not a number", look(a=1, b=NAN), {}, "inconclusive", "the value of b is not a number"),
    ("one of a sum is not a number", look(a=1, b=NAN), {"several": "sum"}, "inconclusive", "the value of b"),
    ("all of several are not numbers", look(a=NAN, b=NAN), {}, "inconclusive", "the value of a"),
    ("one of several is infinite", look(a=1, b=INF), {"several": "mean"}, "inconclusive", "the value of b is infinite"),
    ("an error", Observation(1, error="nobody listens"), {}, "error", "nobody listens"),
]


@pytest.mark.parametrize(("name", "now", "options", "state", "expected"), VALUES, ids=[case[0] for case in VALUES])
def test_a_value(name: str, now: Observation, options: dict[str, Any], state: str, expected: Any) -> None:
    found = sample(now, None, {**PLAIN, **options}, "above")
    assert found.state == state, found
    assert found.value == expected if isinstance(expected, float) else expected in found.reason


def test_the_worst_is_named_and_depends_on_what_is_worse() -> None:
    assert sample(look(a=1, b=7), None, PLAIN, "above") == Sample(10.0, 7.0, series="b")
    assert sample(look(a=1, b=7), None, PLAIN, "below") == Sample(10.0, 1.0, series="a")


def test_what_is_beyond_the_limit_shows_though_another_is_not_a_number() -> None:
    found = sample(look(a=99, b=NAN), None, PLAIN, "above")
    assert (found.value, found.state) == (99, "inconclusive")


#: before, now two seconds later, the calculation; the state and the value, or what the reason says
GROWN: list[tuple[str, Observation | None, Observation, str, str, Any]] = [
    ("a rate", look(10, at=8), look(16), "rate", "pass", 3.0),
    ("a rate of nothing", look(10, at=8), look(10), "rate", "pass", 0.0),
    ("an increase", look(10, at=8), look(16), "increase", "pass", 6.0),
    ("a counter that was reset", look(100, at=8), look(4), "rate", "pass", 2.0),
    ("a counter that was reset to nothing", look(100, at=8), look(0), "rate", "pass", 0.0),
    ("series are summed", look(a=1, b=1, at=8), look(a=2, b=4), "increase", "pass", 4.0),
    ("a series that is new began at 0", look(a=1, at=8), look(a=2, b=4), "increase", "pass", 5.0),
    ("a series that went says nothing", look(a=1, b=9, at=8), look(a=2), "increase", "pass", 1.0),
    ("the first of all series", look(at=8), look(3), "increase", "pass", 3.0),
    ("no series any more", look(3, at=8), look(), "rate", "inconclusive", "no series"),
    ("nothing to compare with", None, look(3), "rate", "inconclusive", "no earlier look"),
    ("only an error to compare with", Observation(8, error="x"), look(3), "rate", "inconclusive", "no earlier look"),
    ("the clock stood still", look(1, at=10), look(3), "rate", "error", "did not go forward"),
    ("the clock went back", look(1, at=11), look(3), "rate", "error", "did not go forward"),
    ("a counter that is not a number", look(1, at=8), look(NAN), "rate", "inconclusive", "not a number"),
    ("a ratio", look(0, 100, at=8), look(5, 200), "ratio", "pass", 0.05),
    ("a ratio where nothing happened", look(5, 100, at=8), look(5, 100), "ratio", "inconclusive", "0/0"),
    ("a ratio after a reset", look(50, 900, at=8), look(1, 10), "ratio", "pass", 0.1),
    ("a ratio of which one part was reset", look(0, 900, at=8), look(1, 10), "ratio", "pass", 0.1),
    ("a ratio of several", look(a=(0, 0), b=(0, 0), at=8), look(a=(1, 10), b=(3, 30)), "ratio", "pass", 0.1),
]


@pytest.mark.parametrize(("name", "before", "now", "calc", "state", "expected"), GROWN, ids=[case[0] for case in GROWN])
def test_a_counter(
    name: str, before: Observation | None, now: Observation, calc: str, state: str, expected: Any
) -> None:
    found = sample(now, before, {**PLAIN, "calc": calc}, "above")
    assert found.state == state, found
    assert found.value == pytest.approx(expected) if isinstance(expected, float) else expected in found.reason


def test_one_who_was_not_asked_before_says_nothing_yet() -> None:
    before = Observation(8, {"a": (1,)}, frozenset({"a"}))
    now = Observation(10, {"a": (2,), "b": (900,)}, frozenset({"a", "b"}))
    assert increases(before, now) == {"a": (1,)}
    assert (
        sample(Observation(10, {"b": (9,)}, frozenset({"b"})), before, {**PLAIN, "calc": "rate"}, "above").state
        == "inconclusive"
    )


def test_each_series_has_a_rate_of_its_own() -> None:
    found = sample(look(a=30, b=70), look(a=10, b=10, at=8), {**PLAIN, "calc": "rates"}, "above")
    assert (found.value, found.series) == (30, "b")


#: what a platform counts now and then, with the time at which it did
COUNTED = {
    "counted anew": ((100, 50), (130, 60), 3.0),
    "not counted anew": ((100, 50), (100, 50), None),
    "begun anew": ((100, 50), (4, 60), 2.0),
}


@pytest.mark.parametrize(("before", "now", "rate"), COUNTED.values(), ids=COUNTED.keys())
def test_a_counter_has_a_time_of_its_own(before: Any, now: Any, rate: float | None) -> None:
    found = sample(look(*now), look(*before, at=8), {**PLAIN, "calc": "rates"}, "above")
    if rate is None:
        assert (found.state, bool(found.reason)) == ("inconclusive", True)
    else:
        assert found.value == rate


BOUNDS = (0.1, 0.5, 1.0, INF)
QUANTILES: list[tuple[str, float, tuple[float, ...], tuple[float, ...], float]] = [
    ("in the middle of a bucket", 0.5, BOUNDS, (0, 10, 10, 10), 0.3),
    ("at the end of a bucket", 1.0, BOUNDS, (0, 10, 10, 10), 0.5),
    ("in the first bucket", 0.5, BOUNDS, (10, 10, 10, 10), 0.05),
    ("across buckets", 0.95, BOUNDS, (50, 90, 100, 100), 0.75),
    ("beyond the last bound", 0.95, BOUNDS, (0, 0, 0, 10), 1.0),
    ("nothing was counted", 0.95, BOUNDS, (0, 0, 0, 0), NAN),
    ("no bucket without an end", 0.95, (0.1, 0.5), (1, 2), NAN),
    ("nothing but the bucket without an end", 0.95, (INF,), (2,), NAN),
    ("counts that fall", 0.5, BOUNDS, (0, 10, 8, 10), 0.3),
    ("a count that is not a number", 0.5, BOUNDS, (0, 1, 1, NAN), NAN),
]


@pytest.mark.parametrize(
    ("name", "quantile", "bounds", "counts", "expected"), QUANTILES, ids=[case[0] for case in QUANTILES]
)
def test_a_quantile(
    name: str, quantile: float, bounds: tuple[float, ...], counts: tuple[float, ...], expected: float
) -> None:
    assert quantile_of(quantile, bounds, counts) == pytest.approx(expected, nan_ok=True)


def test_a_histogram_is_that_of_the_time_between() -> None:
    before, now = (
        Observation(at, {"": counts}, bounds=BOUNDS)
        for at, counts in ((8, (90, 90, 90, 90)), (10, (90, 100, 100, 100)))
    )
    found = sample(now, before, {**PLAIN, "calc": "quantile", "quantile": 0.5, "scale": 1000}, "above")
    assert found.value == pytest.approx(300)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20), st.floats(0.01, 0.99))
def test_a_quantile_lies_within_the_buckets_and_rises(counts: list[float], quantile: float) -> None:
    rising = [sum(counts[: place + 1]) for place in range(len(counts))] + [sum(counts)]
    bounds = (*range(1, len(counts) + 1), INF)
    found = quantile_of(quantile, bounds, rising)
    assert math.isnan(found) or 0 <= found <= len(counts)
    higher = quantile_of(min(0.999, quantile + 0.2), bounds, rising)
    assert math.isnan(found) or higher >= found - 1e-9


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=20))
def test_a_counter_never_counts_backwards(steps: list[int]) -> None:
    looks = [look(float(value), at=float(at)) for at, value in enumerate(steps)]
    for before, now in zip(looks, looks[1:]):
        assert increases(before, now)[""][0] >= 0
