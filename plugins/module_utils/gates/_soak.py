# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics as gates of a release: each is a check of the checklist that the soak goes through, in its event loop."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..checks._checklist import Check
from ..checks.kinds._kind import Attempt
from ..core._errors import OpsError
from ..core._verdicts import ERROR, FAIL, INCONCLUSIVE, PASS, Outcome
from ..metrics._judge import UNDO
from ..metrics._places import parse_sources
from ..metrics._report import as_data
from ..metrics._sampling import Course, baselines, follow, sources_of
from ..metrics._watches import Watch, parse_gates, parse_metrics
from ..running._scene import Scene
from ._metric_gates import Gates

#: a check of this kind decides in one attempt, which takes as long as it takes
KIND = "metric"
_ENDLESS = 1e9
_LOOK = 5.0
#: how often a metric is checked where neither a count nor a soak says so
_FEWEST = 5


def watches_of(gates: Gates) -> list[Watch]:
    """What is to be watched; refused where it cannot be read."""
    metrics = parse_metrics([gate["entry"] for gate in gates.raw])
    bare = [{name: value for name, value in gate.items() if name != "entry"} for gate in gates.raw]
    return parse_gates(bare, metrics, parse_sources(gates.sources))


class Soak:
    """The gates of one soak. They run together: the first one asked starts all, each waits for its own verdict."""

    def __init__(self, gates: Gates, scene: Scene, seconds: float, past: Sequence[Mapping[str, Any]] = ()) -> None:
        self._config = parse_sources(gates.sources)
        self._scene = scene
        self._seconds = seconds
        self._token = gates.token
        self.watches = [planned(with_past(watch, past), seconds) for watch in watches_of(gates)]
        self._running: asyncio.Future[list[Outcome]] | None = None

    def checks(self) -> list[tuple[Check, Attempt]]:
        """A check for each gate, and its one attempt."""
        return [(_check(watch), self._attempt(place)) for place, watch in enumerate(self.watches)]

    def _attempt(self, place: int) -> Attempt:
        async def attempt(seconds: float) -> Outcome:
            if self._running is None:
                self._running = asyncio.ensure_future(self._run())
            try:
                # who is stopped must not stop the others
                return (await asyncio.shield(self._running))[place]
            except Exception as error:  # it has run once and for all, and would be asked for ever
                return broken(self.watches[place], error)

        return attempt

    async def _run(self) -> list[Outcome]:
        began = time.monotonic()
        courses = [Course(watch, began, self._scene.since) for watch in self.watches]
        sources = sources_of(self._config, [watch.kind for watch in self.watches], self._scene, self._token)
        await baselines(courses, sources, self._scene.since, _LOOK)
        await follow(courses, sources, _LOOK, began + self._seconds if self._seconds else None)
        return [outcome(course, began) for course in courses]


def planned(watch: Watch, seconds: float) -> Watch:
    """A gate goes on to the end of the soak whatever it cannot see, unless doubts are to count; without a soak, for a
    few looks."""
    rules = watch.rules
    # without a soak nothing else would end a gate whose source stays out of reach
    ends_early = UNDO in (rules.on_error, rules.on_inconclusive) or not seconds
    fits = math.floor((seconds - rules.warm_up) / rules.interval + 1e-9)
    count = rules.count or (0 if fits >= 1 else _FEWEST)
    return replace(watch, rules=replace(rules, ends_early=ends_early, count=count))


def with_past(watch: Watch, past: Sequence[Mapping[str, Any]]) -> Watch:
    """A gate that compares, with what the release before showed in its own soak, where that was kept."""
    if watch.comparison is None or watch.kind == "prometheus":
        return watch
    for kept in past:
        seen = kept.get("observed") or {}
        if kept.get("kind") == KIND and seen.get("metric") == watch.metric.name and seen.get("source") == watch.kind:
            return replace(watch, baseline=tuple(seen.get("steps") or ()))
    return watch


def outcome(course: Course, began: float) -> Outcome:
    """The verdict of a gate as that of a check. What could not be seen is no reason to undo a release, unless the
    inventory says so."""
    rules, verdict = course.watch.rules, course.tally.verdict
    seen = as_data(course, began)
    observed = {"metric": seen["name"], **{name: seen[name] for name in _OBSERVED}}
    if course.watch.comparison is not None:
        observed["steps"] = course.steps
    reason = course.tally.reason or f"{len(course.samples)} samples within the limit"
    if verdict == PASS:
        return Outcome(PASS, reason, observed)
    counts = verdict == FAIL or {ERROR: rules.on_error, INCONCLUSIVE: rules.on_inconclusive}[verdict] == UNDO
    return _final(verdict, reason, observed, counts)


def broken(watch: Watch, error: Exception) -> Outcome:
    """What is left to say of a gate where watching itself went wrong."""
    said = f"{error.message} {error.hint}".strip() if isinstance(error, OpsError) else repr(error)
    words = f"watching the metrics went wrong: {said}"
    return _final(ERROR, words, {"metric": watch.metric.name}, watch.rules.on_error == UNDO)


def _final(verdict: str, reason: str, observed: Mapping[str, Any], counts: bool) -> Outcome:
    words = reason if counts else f"{reason}; that is no reason to undo a release"
    return Outcome(verdict, words, observed, final=True, is_aside=not counts)


_OBSERVED = ("title", "unit", "value", "limit", "tier", "priority", "series", "trend", "source", "query", "samples")


def _check(watch: Watch) -> Check:
    return Check(watch.name, KIND, watch.severity, _ENDLESS, _ENDLESS)
