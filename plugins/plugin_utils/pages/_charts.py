# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pictures of a report as numbers: bars of the time line, lines of the charts. The page draws them as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

#: the pictures are this wide and high; the page stretches them
WIDTH, HEIGHT = 1000.0, 100.0
#: a bar that is shorter could not be seen
_SHORTEST = 4.0
#: more points than these could not be told apart
_MOST = 200


def time_line(phases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Bars for the phases, the total, and ticks of the axis."""
    offsets = _offsets(phases)
    total = max((offset + _seconds(phase) for offset, phase in zip(offsets, phases, strict=True)), default=0.0)
    scale = WIDTH / total if total else 0.0
    bars = []
    for offset, phase in zip(offsets, phases, strict=True):
        width = max(_SHORTEST, _seconds(phase) * scale)
        bars.append(
            {
                "name": str(phase.get("name")),
                "state": str(phase.get("state")),
                "seconds": _seconds(phase),
                "message": str(phase.get("message") or ""),
                "x": round(min(offset * scale, WIDTH - width), 1),
                "width": round(width, 1),
            }
        )
    return {"bars": bars, "total": total, "ticks": [{"x": round(at * scale, 1), "at": at} for at in _ticks(total)]}


def _seconds(phase: Mapping[str, Any]) -> float:
    return max(0.0, float(phase.get("seconds") or 0))


def _offsets(phases: Sequence[Mapping[str, Any]]) -> list[float]:
    """When each phase began, in seconds after the first. Starts are known to the second, so a phase begins where the
    one before ended, or later where its start says so."""
    found: list[float] = []
    end, first = 0.0, None
    for phase in phases:
        at = _at(phase.get("started"))
        if at is not None and first is None:
            first = at - end
        begins = end if at is None or first is None else max(end, at - first)
        # two starts that are known to the second say nothing about a gap that is smaller
        begins = end if begins - end < 2.0 else begins
        found.append(begins)
        end = begins + _seconds(phase)
    return found


def _at(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None


def _ticks(total: float) -> list[float]:
    """Round numbers of seconds, four to eight of them."""
    if total <= 0:
        return []
    step = nice(total / 5)
    return [round(step * index, 6) for index in range(int(total / step) + 1)]


def nice(size: float) -> float:
    """The next number that people count in: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= size * 0.999)


def chart(metric: Mapping[str, Any]) -> dict[str, Any] | None:
    """A metric's line with its limit; None where there is nothing to draw."""
    samples: Sequence[tuple[float, float]] = metric["samples"]
    if not samples:
        return None
    limit = metric["limit"]
    values = [value for _, value in samples]
    low, high = _range([*values, *([limit] if limit is not None else [])])
    begin, end = samples[0][0], samples[-1][0]
    x, y = _scales(begin, end, low, high)
    return {
        "points": " ".join(f"{x(at)},{y(value)}" for at, value in samples),
        "dots": [{"x": x(at), "y": y(value)} for at, value in samples] if len(samples) == 1 else [],
        "limit_y": y(limit) if limit is not None else None,
        "bad": _bad_side(str(metric["comparator"]), y(limit)) if limit is not None else None,
        "low": low,
        "high": high,
        "seconds": end - begin,
        "last": values[-1],
        "worst": max(values) if not str(metric["comparator"]).startswith(">") else min(values),
    }


def live_chart(
    points: Sequence[tuple[float, float]], limits: Mapping[str, Mapping[str, float]], now: float, gap: float
) -> dict[str, Any] | None:
    """A metric's line up to now with all its limits. Where nothing was seen for longer than ``gap`` the line is
    broken, and nothing is drawn; None where nothing was ever seen."""
    if not points:
        return None
    lines = [(tier, op, value) for tier, about in limits.items() for op, value in about.items()]
    low, high = _range([*(value for _, value in points), *(value for _, _, value in lines)])
    x, y = _scales(points[0][0], max(now, points[-1][0]), low, high)
    parts = [_thinned(part) for part in _parts(points, gap)]
    return {
        "lines": [" ".join(f"{x(at)},{y(value)}" for at, value in part) for part in parts if len(part) > 1],
        "dots": [{"x": x(part[0][0]), "y": y(part[0][1])} for part in parts if len(part) == 1],
        "limits": [{"tier": tier, "y": y(value), "bad": _bad_side(op, y(value))} for tier, op, value in lines],
        "low": min(value for _, value in points),
        "high": max(value for _, value in points),
        "seconds": max(0.0, now - points[0][0]),
    }


def _parts(points: Sequence[tuple[float, float]], gap: float) -> list[list[tuple[float, float]]]:
    """The points in runs without a gap."""
    found: list[list[tuple[float, float]]] = [[points[0]]]
    for before, point in pairwise(points):
        if point[0] - before[0] > gap:
            found.append([])
        found[-1].append(point)
    return found


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Few enough points to be drawn, none of them higher or lower than what is left out."""
    size = -(-len(points) // (_MOST // 2))
    if size < 3:
        return points
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    extremes = (sorted({min(group, key=_value), max(group, key=_value)}) for group in groups)
    return [point for pair in extremes for point in pair]


def _value(point: tuple[float, float]) -> float:
    return point[1]


def _scales(
    begin: float, end: float, low: float, high: float
) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """From times and values to places in the picture."""

    def x(at: float) -> float:
        return round((at - begin) / (end - begin) * WIDTH, 1) if end > begin else WIDTH / 2

    def y(value: float) -> float:
        return round(HEIGHT - (value - low) / (high - low) * HEIGHT, 1)

    return x, y


def _range(values: Sequence[float]) -> tuple[float, float]:
    """From zero where all is positive, with a little room above, so that a line does not lie on the edge."""
    low, high = min(0.0, *values), max(0.0, *values)
    room = (high - low) * 0.08 or 1.0
    return (low - room if low < 0 else low), high + room


def _bad_side(comparator: str, limit_y: float) -> dict[str, float]:
    """The part of the chart that must not be reached: above the limit, unless values have to be greater."""
    if comparator.startswith((">", "min", "at_least", "ge", "gt", "below")):
        return {"y": limit_y, "height": round(HEIGHT - limit_y, 1)}
    return {"y": 0.0, "height": limit_y}
