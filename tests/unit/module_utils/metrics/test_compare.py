"""The comparison with the time before: reference values, error rates, and what it refuses to say."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._compare import (
    Comparison,
    compared,
    mann_whitney,
)

VECTORS = json.loads(
    (Path(__file__).resolve().parents[2] / "support/data/mann_whitney.json").read_text(encoding="utf-8")
)["vectors"]
FINITE = st.floats(-1e6, 1e6)
VALUES = st.lists(FINITE, min_size=1, max_size=30)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{len(vector['later'])}-{len(vector['earlier'])}")
def test_it_gives_what_scipy_gives(vector: dict[str, Any]) -> None:
    found = mann_whitney(vector["later"], vector["earlier"])
    assert found.u == vector["u"]
    assert found.p == pytest.approx(vector["p"], abs=1e-9)


def test_there_are_enough_of_them() -> None:
    assert len(VECTORS) >= 50


def test_the_effect_size_is_that_of_a_count() -> None:
    later, earlier = [3.0, 5.0, 5.0], [1.0, 5.0]
    found = mann_whitney(later, earlier)
    higher = sum((a > b) - (a < b) for a in later for b in earlier)
    assert found.delta == pytest.approx(higher / 6)
    assert found.a12 == pytest.approx((found.delta + 1) / 2)


def pairs(sigma: float, shift: float, size: int, times: int) -> int:
    """How many of so many pairs of samples fail."""
    dice = random.Random(7)
    failed = 0
    for _ in range(times):
        earlier = [dice.lognormvariate(0, sigma) for _ in range(size)]
        later = [shift * dice.lognormvariate(0, sigma) for _ in range(size)]
        failed += compared(later, earlier, Comparison())[0] == "fail"
    return failed


def test_what_is_the_same_seldom_fails() -> None:
    assert pairs(sigma=0.3, shift=1.0, size=20, times=1000) <= 30


def test_what_is_half_as_much_again_is_caught() -> None:
    assert pairs(sigma=0.3, shift=1.5, size=20, times=1000) >= 900


def rare(dice: random.Random, errors: float, looks: int, window: int) -> list[float]:
    """The share of rare errors, checked every second over a window."""
    failed = [dice.random() < errors for _ in range(looks + window)]
    return [sum(failed[place : place + window]) / window for place in range(looks)]


@pytest.mark.parametrize(("more", "least", "most"), [(1, 0, 5), (8, 80, 100)])
def test_looks_that_see_the_same_requests_do_not_count_as_many(more: int, least: int, most: int) -> None:
    dice = random.Random(11)
    failed = 0
    for _ in range(100):
        earlier, later = rare(dice, 1 / 30, 600, 15), rare(dice, more / 30, 60, 15)
        failed += compared(later, earlier, Comparison(), overlap=15)[0] == "fail"
    assert least <= failed <= most


CASES = [
    ("too few now", [9.0] * 19, [1.0] * 20, {}, "inconclusive", "20 samples before and 19 now, 20 of each are needed"),
    ("too few before", [9.0] * 20, [], {}, "inconclusive", "0 samples before"),
    ("fewer than anything can be seen in", [9.0] * 4, [1.0] * 4, {"min_samples": 1}, "inconclusive", "5 of each"),
    ("not a number", [math.nan] * 20, [1.0] * 20, {}, "inconclusive", "20 of the samples to compare are not numbers"),
    ("all equal", [1.0] * 20, [1.0] * 20, {}, "pass", "not worse than before"),
    ("constant, then more", [2.0] * 20, [1.0] * 20, {}, "fail", "median 2 after 1 before"),
    ("constant, then a little more", [1.05] * 20, [1.0] * 20, {}, "pass", "not worse"),
    ("better", [1.0] * 20, [2.0] * 20, {}, "pass", "effect -1.00"),
    ("from nothing", [0.5] * 20, [0.0] * 20, {}, "fail", "median 0.5 after 0 before"),
]


@pytest.mark.parametrize(("name", "later", "earlier", "how", "verdict", "said"), CASES, ids=[case[0] for case in CASES])
def test_verdicts(
    name: str, later: list[float], earlier: list[float], how: dict[str, Any], verdict: str, said: str
) -> None:
    found, reason = compared(later, earlier, Comparison(**how))
    assert (found, said in reason) == (verdict, True), reason


def test_less_may_be_what_is_worse() -> None:
    assert compared([1.0] * 20, [2.0] * 20, Comparison(), op="below")[0] == "fail"
    assert compared([2.0] * 20, [1.0] * 20, Comparison(), op="below")[0] == "pass"


@given(VALUES, VALUES)
def test_both_sides_see_the_same_difference(later: list[float], earlier: list[float]) -> None:
    there, back = mann_whitney(later, earlier), mann_whitney(earlier, later)
    assert there.u + back.u == len(later) * len(earlier)
    assert there.delta == pytest.approx(-back.delta)
    assert 0 <= there.p <= 1


@given(VALUES, VALUES, st.randoms(use_true_random=False))
def test_the_order_of_samples_says_nothing(later: list[float], earlier: list[float], dice: random.Random) -> None:
    before = mann_whitney(later, earlier)
    dice.shuffle(later)
    dice.shuffle(earlier)
    assert mann_whitney(later, earlier) == before


@given(VALUES, VALUES, st.floats(1e-3, 1e3))
def test_higher_values_are_never_less_suspicious(later: list[float], earlier: list[float], more: float) -> None:
    before, after = mann_whitney(later, earlier), mann_whitney([value + more for value in later], earlier)
    assert after.delta >= before.delta
