# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics that a program shows itself, at a path such as /metrics: each of its containers is asked once for all."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ...core._options import Option
from ...core._patterns import TooSlow
from ...core._side_by_side import in_thread
from ...http._response import Response
from ...running._project import Project
from ._endpoint import ABOUT_WEB, WEB, Endpoint, NotAnswered, first, refusal, without_place
from ._exposition import Point, Unreadable, matches, number, parse, text_of
from ._observation import STALE_AFTER, Asked, Observation
from ._reader import COMMON, Options, Reader, calc

Families = Mapping[str, Sequence[Point]]


class OpenMetrics:
    """Asks and reads."""

    def __init__(self, config: Mapping[str, Any], project: Project, token: str = "") -> None:
        self._endpoint = Endpoint(config, project)
        self._path = str(config.get("path") or "/metrics")

    async def look(self, asked: Asked, seconds: float) -> dict[str, Observation]:
        """One answer of each container serves all metrics."""
        wanted = {family for options, _ in asked.values() for family in families_of(options)}
        try:
            answers = await self._endpoint.get_each(self._path)
        except NotAnswered as error:
            answers = {"": error}
        at = time.monotonic()
        place = self._endpoint.place
        # in a thread: a megabyte of lines takes its time, which the other probes need
        found = await in_thread(lambda: {name: _families(one, wanted, place) for name, one in answers.items()})
        return {name: observed(at, found, options, time.time()) for name, (options, _) in asked.items()}


def families_of(options: Mapping[str, Any]) -> list[str]:
    """The families that a metric is worked out of."""
    if options["calc"] == "up":
        return []
    family = str(options["family"])
    return [f"{family}_bucket"] if options["calc"] == "quantile" else [family, str(options["over"] or family)]


def _families(answer: Response | NotAnswered, wanted: set[str], place: str) -> Families | NotAnswered:
    if isinstance(answer, NotAnswered):
        return answer
    refused = refusal(answer, place)
    if refused is not None:
        return refused
    try:
        is_open = "openmetrics" in answer.headers.get("content-type", "")
        return parse(answer.body.decode("utf-8", "replace"), wanted, is_open)
    except Unreadable as error:
        return NotAnswered(f"{place}: {error}", is_silent=True)


def observed(
    at: float, found: Mapping[str, Families | NotAnswered], options: Mapping[str, Any], now: float
) -> Observation:
    """What all containers together show of one metric; where one could not be asked, nothing is said of the whole."""
    silent = {name: answer for name, answer in found.items() if isinstance(answer, NotAnswered)}
    if options["calc"] == "up":
        return _up(at, found, silent)
    if silent:
        words = first(answer.message for answer in silent.values())
        return Observation(at, error=words, final=all(answer.final for answer in silent.values()))
    shown = {name: families for name, families in found.items() if not isinstance(families, NotAnswered)}
    fresh = {name: _fresh(families, options, now) for name, families in shown.items()}
    if any(families is None for families in fresh.values()):
        return Observation(at, note=f"no data: what is shown is older than {STALE_AFTER:g} s")
    try:
        series, bounds = _SERIES.get(options["calc"], _sums)({n: f for n, f in fresh.items() if f is not None}, options)
    except TooSlow as error:
        return Observation(at, error=error.message, final=True)
    except ValueError:  # a bound that is no number
        words = f"a bucket of {options['family']} has a bound that is not a number"
        return Observation(at, error=words, final=True)
    note = "" if series else f"no data: {families_of(options)[0]} is not among what is shown"
    return Observation(at, series, frozenset(found), bounds, note=note)


def _up(at: float, found: Mapping[str, Any], silent: Mapping[str, NotAnswered]) -> Observation:
    blind = [answer.message for answer in silent.values() if not answer.is_silent]
    if blind:  # it is the way to it that failed
        return Observation(at, error=first(blind))
    return Observation(at, {name: (0.0 if name in silent else 1.0,) for name in found})


def _fresh(families: Families, options: Mapping[str, Any], now: float) -> dict[str, list[Point]] | None:
    """The families without points that are too old; None where nothing else is left."""
    asked = {name: families[name] for name in families_of(options)}
    fresh = {
        name: [point for point in points if point.at is None or now - point.at <= STALE_AFTER]
        for name, points in asked.items()
    }
    was_there = any(asked.values())
    return None if was_there and not any(fresh.values()) else fresh


Series = tuple[dict[str, tuple[float, ...]], tuple[float, ...]]


def _values(shown: Mapping[str, Families], options: Mapping[str, Any]) -> Series:
    found: dict[str, tuple[float, ...]] = {}
    for name, families in shown.items():
        for point in families[str(options["family"])]:
            if matches(point.labels, options["where"]):
                found[f"{name} {text_of(point.labels)}".strip()] = (_over(point.value, families, options),)
    return found, ()


def _over(value: float, families: Families, options: Mapping[str, Any]) -> float:
    if not options["over"]:
        return value
    whole = math.fsum(point.value for point in families[str(options["over"])])
    return value / whole if whole else math.nan


def _sums(shown: Mapping[str, Families], options: Mapping[str, Any]) -> Series:
    """For each container the sum over its series, with that of the whole where the metric is a share of it."""
    family, over = str(options["family"]), str(options["over"] or options["family"])
    found: dict[str, tuple[float, ...]] = {}
    for name, families in shown.items():
        if not families[over]:
            continue
        part = math.fsum(point.value for point in families[family] if matches(point.labels, options["where"]))
        whole = math.fsum(point.value for point in families[over])
        found[name] = (part, whole) if options["calc"] == "ratio" else (part,)
    return found, ()


def _buckets(shown: Mapping[str, Families], options: Mapping[str, Any]) -> Series:
    """For each container the sums of its buckets; all of them together have the bounds of the histogram."""
    each: dict[str, dict[float, float]] = {}
    for name, families in shown.items():
        sums: dict[float, float] = {}
        for point in families[f"{options['family']}_bucket"]:
            if matches(point.labels, options["where"]) and "le" in point.labels:
                bound = number(point.labels["le"])
                sums[bound] = sums.get(bound, 0.0) + point.value
        if sums:
            each[name] = sums
    bounds = tuple(sorted({bound for sums in each.values() for bound in sums}))
    # one that lacks a bound has as many below it as below the next lower one
    return {name: tuple(_filled(sums, bounds)) for name, sums in each.items()}, bounds


def _filled(sums: Mapping[float, float], bounds: Sequence[float]) -> list[float]:
    found: list[float] = []
    for bound in bounds:
        found.append(sums.get(bound, found[-1] if found else 0.0))
    return found


_SERIES = {"value": _values, "quantile": _buckets}


def _problems(options: Options) -> list[str]:
    found = [] if options["calc"] == "up" or options["family"] else ["family is missing"]
    if not 0 < options["quantile"] < 1:
        found.append(f"quantile must be between 0 and 1, found {options['quantile']:g}")
    return found


READER = Reader(
    name="openmetrics",
    about=f"with {ABOUT_WEB}, and C(path).",
    options={
        **COMMON,
        "calc": calc("value", "rate", "increase", "ratio", "quantile", "up"),
        "family": Option("str"),
        "where": Option("patterns", {}),
        "over": Option("str"),
        "quantile": Option("float", 0.95),
    },
    place={**WEB, "path": Option("str", "/metrics")},
    source=lambda place, scene, token: OpenMetrics(place, scene.project),
    problems=_problems,
    place_problems=without_place,
)
