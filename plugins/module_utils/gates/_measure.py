# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module ``metric_check``: metrics as they are now, or gates that are judged; on any platform."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..checks._secrets import filled_sources
from ..core._errors import OpsError, Refused
from ..core._verdicts import ERROR, INCONCLUSIVE, PASS, REQUIRED
from ..metrics._judge import UNDO, Rules, overall
from ..metrics._metric import Metric
from ..metrics._places import parse_sources
from ..metrics._report import as_data, remedies, summary, table, unsourced, verdict_of
from ..metrics._sampling import Course, baselines, follow, histories, sources_of
from ..metrics._watches import Watch, parse_gates, parse_metrics, source_of
from ..operations._step import Step
from ..operations._target import APP_SPEC, Target
from ..running._project import Project
from ..running._scene import Scene
from ..text._excerpt import quoted_by
from ..text._redaction import Redactor
from ._soak import planned
from ._verify import what_ought_to_run

#: what the tool metric_check takes as well
MEASURING: dict[str, Any] = {
    "metrics": {"type": "list", "elements": "dict", "required": True},
    "sources": {"type": "dict", "default": {}},
    "gates": {"type": "list", "elements": "dict", "default": []},
    "metric_token": {"type": "str", "default": "", "no_log": True},
    "services": {"type": "list", "elements": "str", "default": []},
    "since": {"type": "float", "default": 0.0},
    "interval": {"type": "float", "default": 1.0},
    "count": {"type": "int", "default": 1},
    "timeout": {"type": "float", "default": 5.0},
    "history": {"type": "float", "default": 0.0},
    "must_pass": {"type": "bool", "default": True, "no_log": False},
}


def measure(params: Mapping[str, Any], project: Project, shown: Redactor) -> dict[str, Any]:
    """Measure and judge; fail unless it passes or need not. Raises OpsError where it must pass and does not."""
    with quoted_by(lambda: shown):
        found = shown.data(examine(params, project))
    if params["must_pass"] and found["verdict"] != PASS:
        raise OpsError(found["summary"], reason="metric_failed", **found)
    return {**found, "msg": found["summary"]}


def examine(params: Mapping[str, Any], project: Project) -> dict[str, Any]:
    """Measure once, whatever the verdict is."""
    metrics = parse_metrics(params["metrics"])
    config = filled_sources(parse_sources(params["sources"]), params.get("redact_env_files") or ())
    _refuse_senseless(params)
    if params["gates"]:
        watches = [planned(watch, 0) for watch in parse_gates(params["gates"], metrics, config)]
    else:
        watches = [_plain(metric, config, params) for metric in metrics.values()]
    scene = Scene(project, tuple(params.get("services") or ()), float(params.get("since") or 0))
    # only what began with a release is judged from its beginning on
    since = scene.since if params["gates"] else 0.0
    began = time.monotonic()
    sourced = [watch for watch in watches if watch.kind]
    courses = [Course(watch, began, since) for watch in sourced]
    asyncio.run(_follow(courses, config, scene, params))
    rows = _rows(watches, courses, began)
    verdict = _gates_verdict(courses) if params["gates"] else verdict_of(rows)
    return {
        "changed": False,
        "release": params.get("release"),
        "verdict": verdict,
        "metrics": rows,
        "table": table(rows),
        "summary": summary(verdict, rows),
        "hint": remedies(rows),
        "phase": "monitor",
        "seconds": round(time.monotonic() - began, 3),
    }


async def _follow(
    courses: Sequence[Course], config: Mapping[str, Any], scene: Scene, params: Mapping[str, Any]
) -> None:
    kinds = [course.watch.kind for course in courses]
    sources = sources_of(config, kinds, scene, params.get("metric_token") or "")
    await baselines(courses, sources, scene.since, params["timeout"])
    await asyncio.gather(
        follow(courses, sources, params["timeout"]), histories(courses, sources, params["history"], params["timeout"])
    )


def _plain(metric: Metric, config: Mapping[str, Any], params: Mapping[str, Any]) -> Watch:
    """A metric that is only checked: what cannot be seen is said at once."""
    count = params["count"]
    rules = Rules(params["interval"], count, inconclusive_limit=count, consecutive_error_limit=0)
    return Watch(metric, source_of(metric, config), rules)


def _rows(watches: Sequence[Watch], courses: Sequence[Course], began: float) -> list[dict[str, Any]]:
    by_place = iter(courses)
    return [as_data(next(by_place), began) if watch.kind else unsourced(watch.metric) for watch in watches]


def _gates_verdict(courses: Sequence[Course]) -> str:
    """The worst of the gates that count; what could not be seen counts where the gate says so, and is no pass."""
    states = []
    for course in courses:
        verdict, rules = course.tally.verdict, course.watch.rules
        aside = {ERROR: rules.on_error, INCONCLUSIVE: rules.on_inconclusive}.get(verdict, UNDO) != UNDO
        if course.watch.severity == REQUIRED and not aside:
            states.append(verdict)
    return overall(states)


def _refuse_senseless(params: Mapping[str, Any]) -> None:
    for name in ("interval", "count", "timeout"):
        if params[name] <= 0:
            raise Refused(f"{name} must be more than 0, found {params[name]:g}.")


def run(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Measure what runs on a target, and fail where the verdict is not a pass and must be."""
    del check_mode
    looking = {**params, "redact_env_files": target.app.env_paths, **what_ought_to_run(target.store, params)}
    return measure(looking, target.project, target.redactor)


MEASURE = Step(spec={**APP_SPEC, **MEASURING}, run=run)
