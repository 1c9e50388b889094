# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics that databases and caches know of themselves: PostgreSQL by SQL, Redis by INFO."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ...core._errors import NotThere, OpsError, Refused, TimedOut
from ...core._side_by_side import in_thread
from ...databases import _redis
from ...databases._psql import psql
from ...http import _sockets
from ...running._project import ExecResult, Project
from ...text._excerpt import excerpt
from ._exposition import number
from ._observation import Asked, Observation

_MARK = "@@metric"
_INFO_LIMIT = 1_000_000


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
        numbers = tuple(value for text in last if (value := _number(text)) is not None)
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


def _number(text: str) -> float | None:
    try:
        return number(text)
    except ValueError:
        return None


def _failure(at: float, options: Mapping[str, Any], words: str) -> Observation:
    """A server that takes no connection is what one metric counts, and what keeps the others from being seen."""
    if options["calc"] == "failures":
        return Observation(at, {"": (1.0,)}, note=words)
    return Observation(at, error=words)


def _said(result: ExecResult) -> str:
    return excerpt(result.output, 300)


class Redis:
    """Asks for INFO, once for all metrics."""

    def __init__(self, config: Mapping[str, Any], project: Project) -> None:
        self._config = {"port": 6379, **config}
        self._project = project

    async def look(self, asked: Asked, seconds: float) -> dict[str, Observation]:
        """What Redis says of itself."""
        at = time.monotonic()
        try:
            fields = await self._info()
        except OpsError as error:
            return {name: Observation(at, error=error.message, final=isinstance(error, Refused)) for name in asked}
        except (EOFError, OSError, asyncio.IncompleteReadError) as error:
            words = _sockets.refusal(error, self._place).reason
            return {name: Observation(at, error=words) for name in asked}
        return {name: _of_fields(at, fields, options) for name, (options, _) in asked.items()}

    @property
    def _place(self) -> str:
        return f"{self._config.get('service') or self._config.get('host')}:{self._config['port']}"

    async def _info(self) -> dict[str, str]:
        service, port = str(self._config.get("service") or ""), int(self._config["port"])
        host = self._config.get("host")
        address = (str(host), port) if host else await in_thread(lambda: self._project.address(service, port))
        password = None
        if self._config.get("password_env"):
            environment = await in_thread(lambda: self._project.environment_of(service))
            password = environment.get(str(self._config["password_env"]))
        return parsed_info(await _redis.info(*address, password=password, limit=_INFO_LIMIT))


def parsed_info(text: str) -> dict[str, str]:
    """The fields of INFO."""
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line and not line.startswith("#"))
    return {name: value.strip() for name, _, value in pairs}


def _of_fields(at: float, fields: Mapping[str, str], options: Mapping[str, Any]) -> Observation:
    names = [str(options["field"]), *(options["over"] or ())]
    values = {name: _number(fields.get(name, "")) for name in names}
    missing = [name for name, value in values.items() if value is None]
    if missing:
        return Observation(at, note=f"no data: INFO has no number {missing[0]}")
    part, *rest = (values[name] or 0.0 for name in names)
    if not rest:
        return Observation(at, {"": (part,)})
    whole = math.fsum(rest)
    if options["calc"] == "ratio":
        return Observation(at, {"": (part, whole)})
    return Observation(at, {"": (part / whole if whole else math.nan,)})
