"""Looking again and again: how far back, what is compared, and what a source that goes wrong leads to."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._compare import Comparison
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._judge import Rules
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import Limit, parse_metric
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._sampling import (
    Course,
    baselines,
    follow,
    histories,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._watches import Watch
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._observation import Asked, Observation
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._prometheus import Prometheus
from tests.unit.support.metric_sources import plain_project, wait_for

RATE = "rate(x[${window}s])"


def watch(query: str = RATE, kind: str = "prometheus", **more: Any) -> Watch:
    """A metric that is compared with the time before."""
    sources = {"prometheus": {"query": query}, "json": {"path": "x"}}
    metric = parse_metric("one", {"title": "One", "sources": sources}, [])
    assert metric is not None
    return Watch(metric, kind, Rules(interval=5), comparison=Comparison(), before=600, **more)


class Remembering(Prometheus):
    """A Prometheus that knows a past and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__({"url": "http://127.0.0.1:9"}, plain_project())
        self.asked: list[str] = []

    async def past(
        self, query: str, start: float, end: float, step: float, seconds: float
    ) -> list[tuple[float, list[float]]]:
        self.asked.append(query)
        return [(start, [1.0]), (end, [2.0])]


@pytest.mark.parametrize(("window", "seconds"), [(None, 20), (8.0, 8)])
def test_the_time_before_and_the_release_are_asked_over_the_same_window(window: float | None, seconds: int) -> None:
    source, since = Remembering(), time.time() - 1000
    course = Course(watch(window=window), time.monotonic(), since)
    wait_for(baselines([course], {"prometheus": source}, since, 5))
    course.window()
    assert source.asked == [course.query] == [f"rate(x[{seconds}s])"]
    assert course.watch.baseline == (1.0, 2.0)


@pytest.mark.parametrize(
    ("seen", "age", "compared"),
    [
        (watch(window=20.0), 5, False),
        (watch(window=20.0), 25, True),
        # these have no window that could be shorter
        (watch("up", window=20.0), 5, True),
        (watch(kind="json"), 5, True),
    ],
)
def test_a_look_that_cannot_reach_back_as_far_is_not_compared(seen: Watch, age: float, compared: bool) -> None:
    course = Course(seen, time.monotonic(), time.time() - age)
    course.window()
    course.take(Observation(time.monotonic(), {"": (3.0,)}))
    assert course.steps == ([3.0] if compared else [])
    assert [one.value for one in course.samples] == [3.0]


def test_who_accepts_and_never_answers_has_no_past() -> None:
    courses = [Course(watch(), time.monotonic()) for _ in range(5)]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = Prometheus({"url": f"http://127.0.0.1:{silent.getsockname()[1]}"}, plain_project())

        async def ask() -> None:
            await baselines(courses, {"prometheus": source}, 0, 0.3)
            await histories(courses, {"prometheus": source}, 60, 0.3)

        began = time.monotonic()
        wait_for(asyncio.wait_for(ask(), 5))
    # all side by side, so each of the two takes as long as one
    assert time.monotonic() - began < 1.5
    assert [(course.watch.baseline, course.history) for course in courses] == [((), [])] * 5


@pytest.mark.parametrize(
    ("values", "verdict", "said"),
    [
        ([2.0] * 20, "fail", "worse than before"),
        ([1.0] * 20, "inconclusive", "the answer has no x"),
        ([2.0] * 19, "inconclusive", "the answer has no x"),
    ],
)
def test_what_cannot_be_seen_at_first_does_not_hide_what_is_worse_than_before(
    values: list[float], verdict: str, said: str
) -> None:
    seen = replace(watch(kind="json", baseline=(1.0,) * 20), rules=Rules(ends_early=False))
    course = Course(seen, 0.0)
    course.take(Observation(0.0, note="no data: the answer has no x"))
    for at, value in enumerate(values, 1):
        course.take(Observation(float(at), {"": (value,)}))
    course.finish()
    assert (course.tally.verdict, said in course.tally.reason) == (verdict, True), course.tally.reason


@pytest.mark.parametrize(("at", "verdict"), [(4.9, "pass"), (5.0, "fail")])
def test_what_is_seen_in_the_warm_up_is_shown_and_does_not_count(at: float, verdict: str) -> None:
    seen = replace(watch(kind="json"), limit=Limit("warning", "above", 5), rules=Rules(warm_up=5), comparison=None)
    course = Course(seen, 0.0)
    course.take(Observation(at, {"": (9.0,)}))
    course.take(Observation(6.0, {"": (1.0,)}))
    course.finish()
    assert course.tally.verdict == verdict
    assert [one.value for one in course.samples] == [9.0, 1.0]


def test_what_was_counted_in_the_warm_up_does_not_count() -> None:
    seen = replace(watch(kind="json"), rules=Rules(warm_up=5), comparison=None)
    course = Course(seen, 0.0)
    for at, count in ((0.0, 0.0), (4.0, 4000.0), (6.0, 4010.0)):
        course.take(Observation(at, {"": (count,)}, calc="increase"))
    # the last is held against the end of the warm-up, and not against its beginning
    assert [one.value for one in course.samples] == [4000.0, 10.0]


class Odd:
    """A source with fewer numbers than a ratio is made of, and one that is fine."""

    async def look(self, asked: Asked, seconds: float) -> dict[str, Observation]:
        now = time.monotonic()
        found = [Observation(now, {"": (1.0,)}, calc="ratio"), Observation(now, {"": (2.0,)})]
        return dict(zip(asked, found))


def test_an_answer_that_cannot_be_worked_with_is_an_error_and_takes_nothing_else_along() -> None:
    rules = Rules(interval=0.01, count=2, consecutive_error_limit=9)
    courses = [Course(replace(watch(kind="json"), rules=rules, comparison=None), time.monotonic()) for _ in range(2)]
    wait_for(asyncio.wait_for(follow(courses, {"json": Odd()}, 1), 5))
    assert [course.tally.verdict for course in courses] == ["error", "pass"]
    assert "the answer could not be worked with: IndexError" in courses[0].tally.reason
