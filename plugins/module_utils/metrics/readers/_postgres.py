# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics that PostgreSQL knows of itself, by SQL."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ...core._errors import NotThere, TimedOut
from ...core._options import Option
from ...core._side_by_side import in_thread
from ...databases._psql import psql
from ...running._project import ExecResult, Project
from ...text._excerpt import excerpt
from ._exposition import number_or_none
from ._observation import Asked, Observation
from ._reader import COMMON, Reader, calc

_MARK = "@@metric"


class Postgres:
    """Asks with the client in the server's own container, all queries in one call of it."""

    def __init__(self, config: Mapping[str, Any], project: Project) -> None:
        self._options = {"service": "postgres", "user": None, "database": None, **config}
        self._project = project

    async def look(self, asked: Asked, seconds: float) -> dict[str, Observation]:
        """All queries one after the other; where one of them fails, it is asked alone for its own words."""
        queries = {name: str(options["query"]) for name, (options, _) in asked.items()}
        at = time.monotonic()
        try:
            result = await in_thread(lambda: psql(self._project, self._options, marked(queries), seconds))
        except (NotThere, TimedOut) as error:
            return {name: _failure(at, options, error.message) for name, (options, _) in asked.items()}
        if result.code in (126, 127):
            words = f"psql cannot be run in {self._options['service']}: {_said(result)}"
            return {name: Observation(at, error=words, final=True) for name in asked}
        if result.code != 0 and f"{_MARK} 0" not in result.output:
            return {name: _failure(at, options, _said(result)) for name, (options, _) in asked.items()}
        answers = answers_in(result.output, len(queries))
        found = {}
        for place, (name, (options, _)) in enumerate(asked.items()):
            found[name] = await self._answer(at, options, answers[place], result, seconds)
        return found

    async def _answer(
        self, at: float, options: Mapping[str, Any], lines: Sequence[str], together: ExecResult, seconds: float
    ) -> Observation:
        if "ERROR:" in together.output or "FATAL:" in together.output:
            alone = await in_thread(lambda: psql(self._project, self._options, [str(options["query"])], seconds))
            if alone.code != 0:
                return Observation(at, error=f"the query failed: {_said(alone)}", final=True)
            lines = alone.output.splitlines()
        if options["calc"] == "failures":
            return Observation(at, {"": (0.0,)})
        return numbers_in(at, lines, 2 if options["calc"] == "ratio" else 1)


def marked(queries: Mapping[str, str]) -> list[str]:
    """The commands of one call of psql, with a line between the answers."""
    commands = []
    for place, query in enumerate(queries.values()):
        commands += [rf"\echo {_MARK} {place}", query]
    return commands


def answers_in(output: str, count: int) -> list[list[str]]:
    """The lines of each answer."""
    found: list[list[str]] = [[] for _ in range(count)]
    place = -1
    for line in output.splitlines():
        mark = re.fullmatch(rf"{_MARK} ([0-9]{{1,6}})", line.strip())
        if mark:
            place = int(mark[1])
        elif 0 <= place < count and line.strip():
            found[place].append(line.strip())
    return found


def numbers_in(at: float, lines: Sequence[str], needed: int = 1) -> Observation:
    """Rows as series: the last columns are as many numbers as are needed, what comes before them names the series."""
    series: dict[str, tuple[float, ...]] = {}
    for line in lines:
        columns = line.split("|")
        last = columns[-needed:]
        if not all(text.strip() for text in last):  # NULL is no number
            continue
        numbers = tuple(value for text in last if (value := number_or_none(text)) is not None)
        if len(numbers) < needed:
            expected = "a number" if needed == 1 else f"{needed} numbers"
            words = f"the query answered {excerpt(line, 60)!r}, expected {expected} at the end of each row"
            return Observation(at, error=words, final=True)
        name = "|".join(columns[:-needed])
        if name in series:
            words = f"the query answered several rows named {name!r}, expected columns before the numbers that differ"
            return Observation(at, error=words, final=True)
        series[name] = numbers
    return Observation(at, series)


def _failure(at: float, options: Mapping[str, Any], words: str) -> Observation:
    """A server that takes no connection is what one metric counts, and what keeps the others from being seen."""
    if options["calc"] == "failures":
        return Observation(at, {"": (1.0,)}, note=words)
    return Observation(at, error=words)


def _said(result: ExecResult) -> str:
    return excerpt(result.output, 300)


READER = Reader(
    name="postgres",
    about="with C(service), C(user) and C(database).",
    options={
        **COMMON,
        "calc": calc("value", "rate", "increase", "ratio", "failures"),
        "query": Option("str", required=True),
    },
    place={"service": Option("str", "postgres"), "user": Option("str"), "database": Option("str")},
    source=lambda place, scene, token: Postgres(place, scene.project),
)
