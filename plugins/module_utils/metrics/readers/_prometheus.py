# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics that Prometheus has collected."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from ...core._options import Option
from ...http._client import Kept
from ...running._project import Project
from ...text import _foreign
from ...text._excerpt import excerpt
from ._endpoint import ABOUT_WEB, FINAL, WEB, Endpoint, NotAnswered, refusal, without_place
from ._exposition import number, text_of
from ._observation import Asked, Observation, query_of
from ._reader import COMMON, Reader

#: as many as Prometheus works on at the same time, unless it is configured otherwise
_AT_ONCE = 20
_EXCERPT = 300


class Prometheus:
    """Asks for values as they are now, or as they were; by Prometheus' own clock, so that skew does no harm."""

    def __init__(self, config: Mapping[str, Any], project: Project, token: str = "") -> None:
        self._endpoint = Endpoint(config, project, token)
        self._place = f"Prometheus at {self._endpoint.place}"

    async def look(self, asked: Asked, seconds: float) -> dict[str, Observation]:
        """All queries side by side; ``asked`` has by name the options and how far to look back."""
        found: dict[str, Observation] = {}
        rest = iter(asked.items())  # a free worker takes the next

        async def some(kept: Kept) -> None:
            for name, (options, window) in rest:
                found[name] = await self.now(query_of(options["query"], window), seconds, kept)

        with Kept() as kept:
            await asyncio.gather(*(some(kept) for _ in range(min(_AT_ONCE, len(asked)))))
        return found

    async def now(self, query: str, seconds: float, kept: Kept | None = None) -> Observation:
        """The value of a query; an error is part of the observation."""
        try:
            data = await self._data(f"/api/v1/query?query={quote(query)}", seconds, kept)
            series = _vector(data)
        except NotAnswered as error:
            return Observation(time.monotonic(), error=error.message, final=error.final)
        return Observation(time.monotonic(), series)

    async def past(
        self, query: str, start: float, end: float, step: float, seconds: float
    ) -> list[tuple[float, list[float]]]:
        """The values of a query over a time, which is given by our clock: for each moment those of all series."""
        ahead = next(iter((await self.now("time()", seconds)).series.values()), (time.time(),))[0] - time.time()
        span = f"start={start + ahead:.3f}&end={end + ahead:.3f}&step={max(1.0, step):g}"
        data = await self._data(f"/api/v1/query_range?query={quote(query)}&{span}", seconds)
        with _as_of_prometheus():
            return _points(data)

    async def _data(self, path: str, seconds: float, kept: Kept | None = None) -> dict[str, Any]:
        response = await self._endpoint.get(path, seconds, kept)
        place = self._place
        try:
            found = _foreign.read(response.body)
        except _foreign.Unreadable as error:
            words = f"{place}: the answer cannot be used: {error}"
            raise refusal(response, place) or NotAnswered(words, final=False) from None
        if isinstance(found, Mapping) and found.get("status") == "error":
            words = f"{place} refuses the query: {excerpt(str(found.get('error')), _EXCERPT)}"
            raise NotAnswered(words, final=response.status in FINAL)
        if response.status != 200 or not isinstance(found, Mapping) or not isinstance(found.get("data"), Mapping):
            words = f"{place}: the response is not from a Prometheus API"
            raise refusal(response, place) or NotAnswered(words, final=False)
        return dict(found["data"])


def _vector(data: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    kind, result = data.get("resultType"), data.get("result")
    if kind not in ("scalar", "vector") or not isinstance(result, list):
        words = f"the query gives a {str(kind)[:40]}, expected a vector or a scalar: take a range off its end"
        raise NotAnswered(words, final=True)
    found: dict[str, tuple[float, ...]] = {}
    with _as_of_prometheus():
        if kind == "scalar":
            return {"": (number(str(result[1])),)}
        for one in result:
            if "value" not in one:
                raise NotAnswered("the query gives a histogram, expected numbers: use histogram_quantile", final=True)
            labels = {name: value for name, value in one["metric"].items() if name != "__name__"}
            found[text_of(labels)] = (number(str(one["value"][1])),)
    return found


def _points(data: Mapping[str, Any]) -> list[tuple[float, list[float]]]:
    found: dict[float, list[float]] = {}
    for series in data.get("result", []):
        for at, text in series.get("values", []):
            value = number(str(text))
            if math.isfinite(value):
                found.setdefault(float(at), []).append(value)
    return sorted(found.items())


@contextmanager
def _as_of_prometheus() -> Iterator[None]:
    """What is read within comes from Prometheus, or from somebody who only says so."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise NotAnswered(f"the response is not from a Prometheus API: {error!r}"[:_EXCERPT]) from error


READER = Reader(
    name="prometheus",
    about=f"with {ABOUT_WEB}.",
    options={**COMMON, "query": Option("str", required=True)},
    place=WEB,
    source=lambda place, scene, token: Prometheus(place, scene.project, token),
    place_problems=without_place,
)
