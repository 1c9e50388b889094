# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prometheus' alert rules, made from the catalogue of metrics: one for each limit, and one for each blind spot.

An alert's label ``severity`` is the tier of the limit, which says how a person is notified; ``priority`` says how soon
somebody has to be at it. Both, every number and every text are the catalogue's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._catalogue import Catalogue
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import ABOVE, Limit, Metric
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._observation import query_of
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._reader import WORST, ZERO

#: the words of the catalogue that select what somebody exposes: who is asked, and how a person calls it
JOBS = {
    "app": "the application",
    "host": "the host",
    "containers": "the containers",
    "database": "the database",
    "cache": "the cache",
}
#: how several series become one value
_ONE_VALUE = {"sum": "sum", "mean": "avg"}
#: what alerts about missing metrics are called instead of a metric
BLIND = "monitoring"
#: nobody can say how bad it is, only that somebody has to look
BLIND_PRIORITY = "P2"


def rules(
    catalogue: Catalogue, jobs: Sequence[str] = ("app",), blind_after: float = 300.0, keep_firing: float = 60.0
) -> dict[str, Any]:
    """The content of a file of rules. ``jobs`` are those whose silence is an alert after so many seconds; an alert goes
    on for ``keep_firing`` seconds after its reason, so that a value at the edge of its limit notifies once."""
    app = catalogue.words["name"]
    watched = [metric for metric in catalogue.metrics.values() if "prometheus" in metric.sources]
    found = [_rule(metric, limit, app) for metric in watched for limit in metric.limits]
    found += [_blind(job, catalogue.words[job], app, blind_after) for job in jobs]
    if keep_firing:
        found = [{**rule, "keep_firing_for": duration(keep_firing)} for rule in found]
    return {"groups": [{"name": f"doppelganger-ops-{app}", "rules": found}]}


def alert_name(metric: str, tier: str) -> str:
    """How the alert of a limit is called: ``ErrorRateCritical``."""
    return "".join(part.capitalize() for part in f"{metric}_{tier}".split("_"))


def names_of(made: Mapping[str, Any]) -> list[str]:
    """The alerts that a file of rules has."""
    return [rule["alert"] for group in made["groups"] for rule in group["rules"]]


def expression(metric: Metric) -> str:
    """What the metric is in Prometheus; one series for each thing that may be beyond a limit."""
    options = metric.sources["prometheus"]
    text = query_of(options["query"], metric.window)
    if options["several"] != WORST:
        text = f"{_ONE_VALUE[options['several']]}({text})"
    if options["scale"] != 1:
        text = f"({text}) * {options['scale']:g}"
    return f"({text}) or on() vector(0)" if options["empty"] == ZERO else text


def duration(seconds: float) -> str:
    """Seconds as Prometheus and Alertmanager write them."""
    whole = math.ceil(seconds)
    return f"{whole}s" if math.isclose(whole, seconds) else f"{math.ceil(seconds * 1000)}ms"


def _rule(metric: Metric, limit: Limit, app: str) -> dict[str, Any]:
    text = expression(metric)
    beyond = f"({text}) {'>' if limit.op == ABOVE else '<'} {limit.value:g}"
    if "/" in text:
        # something divided by nothing is infinite, of which no verdict is possible (docs/metrics.md)
        beyond = f"({beyond}) {'< +Inf' if limit.op == ABOVE else '> -Inf'}"
    unit = f" {metric.unit}" if metric.unit else ""
    return {
        "alert": alert_name(metric.name, limit.tier),
        "expr": beyond,
        "for": duration(limit.sustained),
        "labels": {"app": app, "metric": metric.name, "severity": limit.tier, "priority": limit.priority},
        "annotations": {
            "summary": f'{_literal(f"{app}: {metric.title}")} is {{{{ $value | printf "%.4g" }}}}{_literal(unit)}',
            "description": _literal(
                f"The limit is {limit.words}{unit}{f' for {limit.sustained:g} s' if limit.sustained else ''}."
            ),
            "remedy": _literal(metric.remedy.strip()),
            "page": _literal(metric.page or f"docs/metrics.md#{metric.name}"),
        },
    }


def _blind(job: str, selector: str, app: str, after: float) -> dict[str, Any]:
    """What could not be checked is neither fine nor broken; an alert on a limit would say nothing at all."""
    silent = f"absent(up{{{selector}}})"
    # an application that is scraped and does not answer is what service_up is about
    text = silent if job == "app" else f"{silent} or max(up{{{selector}}}) < 1"
    return {
        "alert": alert_name(f"{job}_metrics", "missing"),
        "expr": text,
        "for": duration(after),
        "labels": {"app": app, "metric": BLIND, "severity": "warning", "priority": BLIND_PRIORITY},
        "annotations": {
            "summary": _literal(f"{app}: no metrics of {JOBS[job]}"),
            "description": _literal(
                f"Nothing is known of {JOBS[job]} for {after:g} s, so no limit of it can be judged."
            ),
            "remedy": "See why the target is not there or does not answer (Prometheus, Status, Targets).",
            "page": "docs/observe.md#when-monitoring-is-blind",
        },
    }


def _literal(text: str) -> str:
    """Text as it is for Prometheus' templates."""
    return text.replace("{{", '{{"{{"}}')
