# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics are sampled repeatedly, all side by side: each source is asked once for all that it knows."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..core._deadline import Deadline, Late
from ..core._errors import OpsError, Refused
from ..core._verdicts import PASS, SKIPPED
from ..running._scene import Scene
from ._compare import compared
from ._judge import Tally, assessed, on_its_way
from ._metric import ABOVE, SOURCES, given
from ._readers import READERS
from ._values import Sample, sample
from ._watches import Watch
from .readers._observation import Asked, Observation, query_of
from .readers._prometheus import Prometheus
from .readers._reader import WORST, Source

#: a look that comes so shortly before the end is still taken
_JUST_BEFORE = 0.05
#: how many values of the past make a trend
_POINTS = 30


def sources_of(
    config: Mapping[str, Mapping[str, Any]], kinds: Sequence[str], scene: Scene, token: str = ""
) -> dict[str, Source]:
    """The sources that are needed, each made once."""
    return {kind: READERS[kind].source(config[kind], scene, token) for kind in dict.fromkeys(kinds)}


class Course:
    """What one metric has shown so far, and what comes of it."""

    def __init__(self, watch: Watch, began: float, since: float = 0.0) -> None:
        self.watch = watch
        self.tally = Tally(watch.rules)
        self.samples: list[Sample] = []
        #: values of the time between two looks alone, which do not depend on each other, for the comparison
        self.steps: list[float] = []
        self.began = began
        self.reason = ""
        #: how it was before, with the source's own times
        self.history: list[tuple[float, float]] = []
        self.looked_back = watch.metric.window
        self._since = since
        self._seen: deque[Observation] = deque()

    def window(self) -> float:
        """How far to look back now: never to before the release that is judged."""
        wanted = self._wanted
        self.looked_back = min(wanted, max(1.0, time.time() - self._since)) if self._since else wanted
        return self.looked_back

    @property
    def _wanted(self) -> float:
        return self.watch.window or self.watch.metric.window

    @property
    def _has_window(self) -> bool:
        query = str(self.watch.options.get("query", ""))
        return query_of(query, 1) != query_of(query, 2)

    @property
    def _is_cut(self) -> bool:
        """Whether the release is too young for its query to look back as far as those of the time before."""
        return self._has_window and math.ceil(self.looked_back) < math.ceil(self._wanted)

    @property
    def _overlap(self) -> float:
        """How many looks in a row see the same requests."""
        return max(1.0, self._wanted / self.watch.rules.interval) if self._has_window else 1.0

    @property
    def query(self) -> str:
        """What the source was asked last, with every word filled in."""
        options = self.watch.options
        if "query" in options:
            return query_of(options["query"], self.looked_back)
        return ", ".join(f"{name}={value}" for name, value in given(options, SOURCES[self.watch.kind]).items())

    def take(self, now: Observation) -> None:
        """Take in one look."""
        options, op = self.watch.options, self.watch.metric.op
        before = self._before(now)
        if now.needs_before(options):
            if not self._seen or self._seen[-1].at < now.at:
                self._seen.append(now)
            if before is None:  # the first look only says where the counters stand
                return
        found = sample(now, before, options, op)
        self.samples.append(found)
        if self.watch.comparison is not None and not self._is_cut:
            self._step(found, now, options, op)
        if now.at < self.began + self.watch.rules.warm_up:
            return
        state, reason = assessed(found, self.watch.limit)
        self.reason = reason or self.reason
        self.tally.add(state, reason, found.final)

    def _before(self, now: Observation) -> Observation | None:
        """The look that counters are held against: the oldest in the window, after the warm-up where there is one."""
        warm = self.began + self.watch.rules.warm_up
        start = now.at - self.looked_back
        while len(self._seen) > 1 and (self._seen[0].at < start or self._seen[1].at <= warm):
            self._seen.popleft()
        return self._seen[0] if self._seen else None

    def _step(self, found: Sample, now: Observation, options: Mapping[str, Any], op: str) -> None:
        if now.needs_before(options):
            looks = list(self._seen)
            found = sample(now, looks[-2] if len(looks) > 1 else None, options, op)
        if found.state == PASS and now.at >= self.began + self.watch.rules.warm_up:
            self.steps.append(found.value)

    def finish(self) -> None:
        """Come to a verdict."""
        self.tally.stop(self.reason)
        watch, tally = self.watch, self.tally
        if watch.rules.projected and watch.limit is not None:
            start = self.began + watch.rules.warm_up
            late = [one for one in self.samples if one.at >= start]
            tally.weigh(*on_its_way(late, watch.limit, watch.rules.projected))
        if watch.comparison is not None:
            tally.weigh(*compared(self.steps, watch.baseline, watch.comparison, watch.metric.op, self._overlap))

    @property
    def is_of_no_concern(self) -> bool:
        """Whether there is nothing here that could be measured."""
        return bool(self.samples) and all(one.state == SKIPPED for one in self.samples)


async def follow(
    courses: Sequence[Course], sources: Mapping[str, Source], seconds: float, until: float | None = None
) -> None:
    """Watch until all have decided, or to the end; then each comes to its verdict."""
    groups: dict[tuple[str, float], list[Course]] = {}
    for course in courses:
        groups.setdefault((course.watch.kind, course.watch.rules.interval), []).append(course)
    await asyncio.gather(
        *(_group(mine, sources[kind], interval, seconds, until) for (kind, interval), mine in groups.items())
    )
    for course in courses:
        course.finish()


async def _group(
    courses: Sequence[Course], source: Source, interval: float, seconds: float, until: float | None
) -> None:
    due = time.monotonic()
    undecided = list(courses)
    while undecided:
        asked = {str(place): (course.watch.options, course.window()) for place, course in enumerate(undecided)}
        found = await look(source, asked, seconds)
        for place, course in enumerate(undecided):
            _taken(course, found[str(place)])
        undecided = [course for course in undecided if not course.tally.verdict]
        # who is slow to answer is not asked more often for it
        due = max(due + interval, time.monotonic())
        if not undecided or (until is not None and due > until + _JUST_BEFORE):
            return
        await asyncio.sleep(max(0.0, due - time.monotonic()))


def _taken(course: Course, now: Observation) -> None:
    """Take in a look; an answer of a shape that nobody thought of must not take the others along."""
    try:
        course.take(now)
    except Exception as error:  # the next one has the same shape
        words = f"the answer could not be worked with: {error!r}"
        course.take(Observation(now.at, error=words, final=True))


async def look(source: Source, asked: Asked, seconds: float) -> dict[str, Observation]:
    """Look once; whatever goes wrong is an error of the look and takes nothing else along."""
    try:
        async with Deadline(seconds):
            return await source.look(asked, seconds)
    except Late:
        words, final = f"no answer within {round(seconds, 2):g} s", False
    except OpsError as error:
        words, final = f"{error.message} {error.hint}".strip(), isinstance(error, Refused)
    except Exception as error:  # a source that breaks must not break the others
        words, final = f"looking went wrong: {error!r}", False
    at = time.monotonic()
    return {name: Observation(at, error=words, final=final) for name in asked}


async def baselines(courses: Sequence[Course], sources: Mapping[str, Source], since: float, seconds: float) -> None:
    """Ask Prometheus for the time before, where something is to be compared with it and nobody has kept it.

    The release is then asked about over the same window: of rare errors a longer one holds more.
    """

    async def one(course: Course, source: Prometheus) -> None:
        watch, end = course.watch, since or time.time()
        window = watch.window or min(watch.metric.window, max(15.0, 4 * watch.rules.interval))
        query = query_of(watch.options["query"], window)
        with suppress(OpsError, ValueError, Late):  # too few samples say so themselves
            async with Deadline(seconds):
                past = await source.past(query, end - watch.before, end, watch.rules.interval, seconds)
            values = tuple(_one_of(each, watch) for _, each in past)
            course.watch = replace(watch, baseline=values, window=window)

    unknown = [course for course in courses if course.watch.comparison is not None and not course.watch.baseline]
    await _of_prometheus(one, unknown, sources)


async def histories(courses: Sequence[Course], sources: Mapping[str, Source], back: float, seconds: float) -> None:
    """Ask Prometheus for the last so many seconds, so that a trend is that of more than a moment."""

    async def one(course: Course, source: Prometheus) -> None:
        now = time.time()
        with suppress(OpsError, ValueError, Late):  # the value itself says what is wrong
            async with Deadline(seconds):
                past = await source.past(course.query, now - back, now, back / _POINTS, seconds)
            course.history = [(at, _one_of(each, course.watch)) for at, each in past]

    await _of_prometheus(one, courses if back > 0 else (), sources)


async def _of_prometheus(
    ask: Callable[[Course, Prometheus], Awaitable[None]], courses: Sequence[Course], sources: Mapping[str, Source]
) -> None:
    """Ask side by side, for what Prometheus knows: only that has a past."""
    known = [(course, sources.get(course.watch.kind)) for course in courses]
    await asyncio.gather(*(ask(course, source) for course, source in known if isinstance(source, Prometheus)))


def _one_of(values: Sequence[float], watch: Watch) -> float:
    """One value of those of several series at the same time."""
    several, scale = str(watch.options["several"]), float(watch.options["scale"])
    if several == WORST:
        return scale * (max(values) if watch.metric.op == ABOVE else min(values))
    return scale * math.fsum(values) / (len(values) if several == "mean" else 1)
