# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics for people: a table with value, limit, tier and trend, and the whole in one sentence. And as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..core._verdicts import ERROR, FAIL, INCONCLUSIVE, PASS, SKIPPED
from ._judge import trend_of
from ._metric import Limit, Metric
from ._sampling import Course
from ._values import Sample

_MARKS = {PASS: "[x]", FAIL: "[ ]", ERROR: "[!]", INCONCLUSIVE: "[?]", SKIPPED: "[-]"}
#: what a value must have moved of its own size, and how steadily, to be called rising or falling
_MOVED, _STEADILY = 0.05, 0.5
_WIDEST = 44


def as_data(course: Course, began: float) -> dict[str, Any]:
    """What one metric has shown, as plain data; times are in seconds since the run began."""
    watch, metric = course.watch, course.watch.metric
    last = next((one for one in reversed(course.samples) if math.isfinite(one.value)), None)
    passed = metric.passed(last.value) if last else None
    limit = watch.limit or passed
    return {
        "name": metric.name,
        "title": metric.title,
        "group": metric.group,
        "unit": metric.unit,
        "state": state_of(course, passed),
        "tier": passed.tier if passed else "",
        "priority": limit.priority if limit else "",
        "value": rounded(last.value) if last else None,
        "series": last.series if last else "",
        "limits": {one.tier: {one.op: one.value} for one in metric.limits},
        "limit": limit.words if limit else "",
        "trend": trend(course.history or [(one.at, one.value) for one in course.samples]),
        "reason": reason_of(course, passed, last),
        "source": watch.kind,
        "query": course.query if watch.kind else "",
        "samples": [_sample(one, began) for one in course.samples],
        "history": [[round(at, 3), rounded(value)] for at, value in course.history],
        "remedy": metric.remedy if passed else "",
        "page": metric.page or f"docs/metrics.md#{metric.name}",
    }


def unsourced(metric: Metric) -> dict[str, Any]:
    """A metric that the application has no source for."""
    words = f"none of its sources is there: {', '.join(metric.sources)}"
    return {
        "name": metric.name, "title": metric.title, "group": metric.group, "unit": metric.unit, "state": SKIPPED,
        "tier": "", "priority": "", "value": None, "series": "",
        "limits": {one.tier: {one.op: one.value} for one in metric.limits}, "limit": "", "trend": "", "reason": words,
        "source": "", "query": "", "samples": [], "history": [], "remedy": "",
        "page": metric.page or f"docs/metrics.md#{metric.name}",
    }  # fmt: skip


def state_of(course: Course, passed: Limit | None) -> str:
    """The verdict: without a limit of its own, a metric fails at the first of all its limits."""
    if course.watch.limit is not None or course.watch.comparison is not None:
        return course.tally.verdict
    if course.is_of_no_concern:
        return SKIPPED
    return FAIL if passed else course.tally.verdict


def reason_of(course: Course, passed: Limit | None, last: Sample | None) -> str:
    """Why it is as it is; empty where it is fine."""
    if course.tally.reason:
        return course.tally.reason
    if passed is None or last is None or course.watch.limit is not None:
        return ""
    at = f" at {last.series}" if last.series else ""
    return f"{last.value:.4g} is {passed.op} {passed.value:g}{at}"


def trend(points: Sequence[tuple[float, float]]) -> str:
    """``rising``, ``falling`` or ``steady``; empty where two values are not there to tell."""
    known = [(at, value) for at, value in points if math.isfinite(value)]
    if len(known) < 2:
        return ""
    slope, tau = trend_of(known)
    moved = slope * (known[-1][0] - known[0][0])
    size = max(abs(value) for _, value in known)
    if not size or abs(moved) < _MOVED * size or abs(tau) < _STEADILY:
        return "steady"
    return "rising" if moved > 0 else "falling"


def rounded(value: float) -> float:
    """To six digits, which is more than anybody measures."""
    return float(f"{value:.6g}")


def _sample(one: Sample, began: float) -> dict[str, Any]:
    found: dict[str, Any] = {"at": round(one.at - began, 3)}
    if math.isfinite(one.value):
        found["value"] = rounded(one.value)
    if one.state != PASS:
        found.update(state=one.state, reason=one.reason)
    return found


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A line for each metric: a mark, its title, value, limit, tier, trend, and the reason where there is one."""
    cells = [(_title(row), _value(row), _limit(row), row["tier"], row["trend"]) for row in rows]
    headings = ("metric", "value", "limit", "tier", "trend")
    widths = [max(len(line[place]) for line in [headings, *cells]) for place in range(len(headings))]
    lines = [f"    {_line(headings, widths)}".rstrip()]
    for row, line in zip(rows, cells):
        reason = " ".join(str(row["reason"]).split()) if row["state"] != PASS else ""
        lines.append(f"{_MARKS[row['state']]} {_line(line, widths)}  {reason}".rstrip())
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths))


def _title(row: Mapping[str, Any]) -> str:
    title = str(row["title"])
    return title if len(title) <= _WIDEST else f"{title[: _WIDEST - 1]}…"


def _value(row: Mapping[str, Any]) -> str:
    return "-" if row["value"] is None else f"{row['value']:.4g} {row['unit']}".strip()


def _limit(row: Mapping[str, Any]) -> str:
    """The limit that was passed, or else the next one that would be."""
    if row["limit"]:
        return str(row["limit"])
    found = [(tier, *next(iter(limit.items()))) for tier, limit in row["limits"].items()]
    return f"{'>' if found[-1][1] == 'above' else '<'} {found[-1][2]:g}" if found else "-"


def verdict_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Of metrics as they are now: what is critical fails; what may be critical and could not be seen is an error."""
    if any(row["state"] == FAIL and row["tier"] == "critical" for row in rows):
        return FAIL
    if any(row["state"] == ERROR and "critical" in row["limits"] for row in rows):
        return ERROR
    return PASS if any(row["state"] in (PASS, FAIL) for row in rows) else INCONCLUSIVE


def summary(verdict: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """The whole in one sentence."""
    seen = [row for row in rows if row["value"] is not None]
    named = {
        tier: [_named(row) for row in rows if row["state"] == FAIL and row["tier"] == tier]
        for tier in ("critical", "warning", "info")
    }
    beyond = [f"{tier}: {', '.join(names)}" for tier, names in named.items() if names]
    blind: dict[str, list[str]] = {}
    for row in rows:
        if row["state"] == ERROR:
            blind.setdefault(" ".join(str(row["reason"]).split()).rstrip("."), []).append(str(row["title"]))
    lost = [f"{', '.join(titles)} ({reason})" for reason, titles in blind.items()]
    head = f"{len(seen)} of {len(rows)} metrics were measured"
    parts = [*beyond, *([f"could not be measured: {'; '.join(lost)}"] if lost else [])]
    if verdict == INCONCLUSIVE and not seen:
        return f"No metric could be measured, so nothing is known about the application; {'; '.join(parts) or head}."
    return f"{head}; {'; '.join(parts) or 'none is beyond a limit'}."


def remedies(rows: Sequence[Mapping[str, Any]]) -> str:
    """What to do about what is critical; each metric's page says more."""
    found = [row for row in rows if row["state"] == FAIL and row["tier"] == "critical"]
    return " ".join(f"{row['title']}: {' '.join(str(row['remedy']).split())}" for row in found)


def _named(row: Mapping[str, Any]) -> str:
    at = f" at {row['series']}" if row["series"] else ""
    return f"{row['title']} {_value(row)}{at} (limit {row['limit']})"
