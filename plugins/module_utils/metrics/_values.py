# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what sources show to values: counters, ratios, histograms, several series. Pure functions over plain data.

What is decided here, and why, is in docs/metrics.md ("What is decided where numbers are odd").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core._verdicts import ERROR, INCONCLUSIVE, PASS, SKIPPED
from ._metric import ABOVE
from .readers._observation import NEED_BEFORE, Observation
from .readers._reader import NOT_APPLICABLE, WORST, ZERO


@dataclass(frozen=True)
class Sample:
    """What one look was worth: a value, or the reason why there is none.

    ``state`` is pass where there is a value, otherwise inconclusive, error or skipped. ``series`` names the one that
    was the worst of several.
    """

    at: float
    value: float = math.nan
    state: str = PASS
    reason: str = ""
    series: str = ""
    final: bool = False


def sample(now: Observation, before: Observation | None, options: Mapping[str, Any], op: str) -> Sample:
    """Work out the value of one look, with an earlier one where the calculation needs it."""
    if now.error:
        return Sample(now.at, state=ERROR, reason=now.error, final=now.final)
    calc = now.calc_of(options)
    if calc not in NEED_BEFORE:
        values = {name: numbers[0] for name, numbers in now.series.items()}
        return reduced(now.at, values, options, op, now.note)
    if before is None or before.error:
        return Sample(now.at, state=INCONCLUSIVE, reason="there is no earlier look to compare with")
    seconds = now.at - before.at
    if seconds <= 0:
        return Sample(now.at, state=ERROR, reason="the clock did not go forward between two looks")
    if not now.series:
        return reduced(now.at, {}, options, op, now.note)
    values = _CALCS[calc](before, now, seconds, options)
    note = now.note if values else "no data: nothing was counted between the two samples"
    return reduced(now.at, values, options, op, note)


def reduced(at: float, values: Mapping[str, float], options: Mapping[str, Any], op: str, note: str = "") -> Sample:
    """Make one value out of those of all series."""
    if not values:
        if options["empty"] == ZERO:
            return Sample(at, 0.0)
        if options["empty"] == NOT_APPLICABLE:
            return Sample(at, state=SKIPPED, reason=note or "there is nothing here that it could be measured on")
        return Sample(at, state=INCONCLUSIVE, reason=note or "no data: the query found no series")
    scale = options["scale"]
    finite = {name: value * scale for name, value in values.items() if math.isfinite(value)}
    odd = [name for name in values if name not in finite]
    if options["several"] != WORST:
        total = math.fsum(finite.values())
        found = Sample(at, total / len(finite) if options["several"] == "mean" and finite else total)
        return found if not odd else _odd(at, values[odd[0]], odd[0])
    if not finite:
        return _odd(at, values[odd[0]], odd[0])
    worst = (max if op == ABOVE else min)(finite, key=lambda name: finite[name])
    label = worst if len(values) > 1 else ""
    # a series that is not a number may hide what is worse, so the others can only fail
    blind = _odd(at, values[odd[0]], odd[0]).reason if odd else ""
    return Sample(at, finite[worst], reason=blind or note, series=label, state=INCONCLUSIVE if blind else PASS)


def _odd(at: float, value: float, name: str) -> Sample:
    what = "not a number, as 0/0 is where nothing happened" if math.isnan(value) else "infinite"
    return Sample(at, state=INCONCLUSIVE, reason=f"the value{f' of {name}' if name else ''} is {what}", series=name)


# counters


def increases(before: Observation, now: Observation) -> dict[str, tuple[float, ...]]:
    """How much the counters of each series have grown.

    A series that was not there before has begun at 0: the first error of a process makes the counter of errors. That of
    somebody who was not asked before says nothing yet. A counter that shrank was reset, and what it shows has come
    since then. All counters of a series belong together, so one that shrank resets them all.
    """
    found = {}
    for name, numbers in now.series.items():
        earlier = before.series.get(name)
        if earlier is None and now.looked_at and name not in before.looked_at:
            continue
        if earlier is None or len(earlier) != len(numbers) or any(new < old for new, old in zip(numbers, earlier)):
            earlier = (0.0,) * len(numbers)
        found[name] = tuple(new - old for new, old in zip(numbers, earlier))
    return found


def _rates(before: Observation, now: Observation, seconds: float, options: Mapping[str, Any]) -> dict[str, float]:
    """The rate of each series. A second number is when the first was counted: without a new count there is no rate."""
    found = {}
    for name, numbers in increases(before, now).items():
        # after a reset the time is the whole of it, and not how much of it went by
        has_time = len(numbers) > 1 and numbers[1] < now.series[name][1]
        took = numbers[1] if has_time else seconds
        if took > 0:
            found[name] = numbers[0] / took
    return found


def _increase(before: Observation, now: Observation, seconds: float, options: Mapping[str, Any]) -> dict[str, float]:
    grown = increases(before, now)
    return {"": math.fsum(numbers[0] for numbers in grown.values())} if grown else {}


def _rate(before: Observation, now: Observation, seconds: float, options: Mapping[str, Any]) -> dict[str, float]:
    return {name: grown / seconds for name, grown in _increase(before, now, seconds, options).items()}


def _ratio(before: Observation, now: Observation, seconds: float, options: Mapping[str, Any]) -> dict[str, float]:
    grown = increases(before, now).values()
    part, whole = (math.fsum(numbers[place] for numbers in grown) for place in (0, 1))
    return {"": part / whole if whole else math.nan}


def _quantile(before: Observation, now: Observation, seconds: float, options: Mapping[str, Any]) -> dict[str, float]:
    grown = list(increases(before, now).values())
    counts = [math.fsum(numbers[place] for numbers in grown) for place in range(len(now.bounds))]
    return {"": quantile_of(options["quantile"], now.bounds, counts)}


_CALCS: dict[str, Callable[[Observation, Observation, float, Mapping[str, Any]], dict[str, float]]] = {
    "increase": _increase,
    "rate": _rate,
    "rates": _rates,
    "ratio": _ratio,
    "quantile": _quantile,
}


def quantile_of(quantile: float, bounds: Sequence[float], counts: Sequence[float]) -> float:
    """The quantile of a histogram whose counts are cumulative, as Prometheus works it out.

    Inside a bucket values are taken as evenly spread. In the last bucket, which has no upper bound, it is the highest
    bound there is: the true value is that or more. NaN where nothing was counted.
    """
    if len(bounds) < 2 or not math.isinf(bounds[-1]):
        return math.nan
    rising = _never_falling(counts)
    total = rising[-1]
    if not total or math.isnan(total):
        return math.nan
    rank = quantile * total
    place = next(index for index, count in enumerate(rising) if count >= rank)
    if place == len(bounds) - 1:
        return bounds[-2]
    below = rising[place - 1] if place else 0.0
    lower = bounds[place - 1] if place else min(0.0, bounds[0])
    inside = rising[place] - below
    return lower + (bounds[place] - lower) * ((rank - below) / inside if inside else 0.0)


def _never_falling(counts: Sequence[float]) -> list[float]:
    rising: list[float] = []
    for count in counts:
        rising.append(max(count, rising[-1]) if rising else count)
    return rising
