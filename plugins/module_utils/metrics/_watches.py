# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which metrics are watched, and which are gates and how: read, and refused with all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core._errors import Refused
from ..core._options import Option, described, listed, near, read
from ..core._verdicts import ADVISORY, REQUIRED
from ._compare import Comparison
from ._judge import GO_ON, UNDO, Rules
from ._metric import TIERS, Limit, Metric, as_data, parse_metric

_DECISIONS = (GO_ON, UNDO)
#: a gate: which metric, against which limit, and how it is judged
GATE: dict[str, Option] = {
    "metric": Option("str", required=True),
    "tier": Option("str", choices=TIERS),
    "severity": Option("str", REQUIRED, choices=(REQUIRED, ADVISORY)),
    "interval": Option("float", 1.0),
    "count": Option("int", 0),
    "failure_limit": Option("int", 0),
    "inconclusive_limit": Option("int", 0),
    "consecutive_error_limit": Option("int", 4),
    "warm_up": Option("float", 0.0),
    "projected": Option("float", 0.0),
    "window": Option("float"),
    "on_error": Option("str", GO_ON, choices=_DECISIONS),
    "on_inconclusive": Option("str", GO_ON, choices=_DECISIONS),
    "compare": Option("dict"),
}
COMPARE: dict[str, Option] = {
    "min_samples": Option("int", 20),
    "alpha": Option("float", 0.02),
    "effect": Option("float", 0.33),
    "tolerance": Option("float", 0.1),
    "before": Option("float", 600.0),
}
_RULES = tuple(name for name in Rules.__dataclass_fields__ if name != "ends_early")


@dataclass(frozen=True)
class Watch:
    """A metric that is to be watched: where, against which limit, and by which rules.

    ``before`` is how far back the time goes that it is compared with.
    """

    metric: Metric
    kind: str
    rules: Rules
    limit: Limit | None = None
    severity: str = REQUIRED
    window: float | None = None
    comparison: Comparison | None = None
    before: float = 0.0
    baseline: tuple[float, ...] = ()

    @property
    def options(self) -> Mapping[str, Any]:
        """What its source is asked for."""
        return self.metric.sources[self.kind]

    @property
    def name(self) -> str:
        """How messages name it."""
        if self.limit is None:
            return self.metric.title
        return f"{self.metric.title} {self.limit.words}{f' {self.metric.unit}' if self.metric.unit else ''}"


def source_of(metric: Metric, sources: Mapping[str, Any]) -> str:
    """The kind of source that a metric is taken from: the one it names, else the first that is there."""
    kinds = [metric.source] if metric.source else list(metric.sources)
    return next((kind for kind in kinds if kind in sources), "")


def parse_metrics(raw: Sequence[Any]) -> dict[str, Metric]:
    """Entries as :func:`_metric.as_data` writes them, by name."""
    problems: list[str] = []
    found = {}
    for entry in raw:
        name = str(entry.get("name")) if isinstance(entry, Mapping) else ""
        metric = parse_metric(name, entry, problems)
        if metric is not None:
            found[name] = metric
    if problems:
        raise Refused(f"The metrics cannot be read: {listed(problems)}.", hint="Fix app_metrics.")
    return found


def parse_gates(raw: Sequence[Any], metrics: Mapping[str, Metric], sources: Mapping[str, Any]) -> list[Watch]:
    """Gates with the metrics they are about; each must have a limit or something to be compared with, and a source."""
    problems: list[str] = []
    found = [watch for number, gate in enumerate(raw, 1) for watch in _gate(number, gate, metrics, sources, problems)]
    if problems:
        raise Refused(
            f"The metric gates cannot be read: {listed(problems)}.",
            hint="Fix app_metric_gates; docs/metrics.md has the options.",
        )
    return found


def _gate(
    number: int, raw: Any, metrics: Mapping[str, Metric], sources: Mapping[str, Any], problems: list[str]
) -> list[Watch]:
    if not isinstance(raw, Mapping):
        problems.append(f"gate {number}: expected a dictionary, found {described(raw)}")
        return []
    found: list[str] = []
    gate = read(raw, GATE, found)
    compare = read(gate["compare"] or {}, COMPARE, found, "compare.")
    metric = metrics.get(str(gate["metric"]))
    if metric is None:
        found.append(f"there is no metric {gate['metric']!r}{near(gate['metric'], metrics)}")
    if found or metric is None:
        problems += [f"gate {str(raw.get('metric') or number)!r}: {one}" for one in found]
        return []
    limit = metric.limit(gate["tier"]) if gate["tier"] else _usual(metric)
    kind = source_of(metric, sources)
    found += _senseless(gate, compare, metric, limit) + _without_source(metric, kind)
    problems += [f"gate {metric.name!r}: {one}" for one in found]
    if found:
        return []
    how = {name: compare[name] for name in Comparison.__dataclass_fields__}
    return [
        Watch(
            metric,
            kind,
            Rules(**{name: gate[name] for name in _RULES}),
            limit,
            gate["severity"],
            gate["window"],
            Comparison(**how) if gate["compare"] is not None else None,
            compare["before"],
        )
    ]


def _usual(metric: Metric) -> Limit | None:
    """The limit of a gate that names no tier: what a person would be told by e-mail, or else be woken for."""
    return metric.limit("warning") or metric.limit("critical") or metric.limit("info")


def _without_source(metric: Metric, kind: str) -> list[str]:
    return [] if kind else [f"none of its sources ({', '.join(metric.sources)}) is in app_metric_sources"]


def _senseless(gate: Mapping[str, Any], compare: Mapping[str, Any], metric: Metric, limit: Limit | None) -> list[str]:
    wrong = [f"{name} must be more than 0, found {gate[name]:g}" for name in ("interval",) if gate[name] <= 0]
    not_negative = ("count", "failure_limit", "inconclusive_limit", "consecutive_error_limit", "warm_up", "projected")
    wrong += [f"{name} must not be negative, found {gate[name]:g}" for name in not_negative if gate[name] < 0]
    if gate["tier"] and limit is None:
        wrong.append(f"the metric has no limit of the tier {gate['tier']}")
    if limit is None and gate["compare"] is None:
        wrong.append("the metric has no limit, so compare must say what it is held against")
    if gate["window"] is not None and gate["window"] <= 0:
        wrong.append(f"window must be more than 0, found {gate['window']:g}")
    if not 0 < compare["alpha"] < 1:
        wrong.append(f"compare.alpha must be between 0 and 1, found {compare['alpha']:g}")
    if not 0 <= compare["effect"] <= 1:
        wrong.append(f"compare.effect must be from 0 to 1, found {compare['effect']:g}")
    return wrong


def gates_as_data(raw: Sequence[Mapping[str, Any]], metrics: Mapping[str, Metric]) -> list[dict[str, Any]]:
    """Gates as plain data, each with the entry that it is about, so that who reads them needs no catalogue."""
    return [{**gate, "entry": as_data(metrics[str(gate["metric"])])} for gate in raw]
