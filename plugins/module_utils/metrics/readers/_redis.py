# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics that Redis knows of itself, by INFO."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from typing import Any

from ...core._errors import OpsError, Refused
from ...core._options import Option
from ...core._side_by_side import in_thread
from ...databases import _redis
from ...http import _sockets
from ...running._project import Project
from ._exposition import number_or_none
from ._observation import Asked, Observation
from ._reader import COMMON, Options, Reader, calc

_INFO_LIMIT = 1_000_000


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
    values = {name: number_or_none(fields.get(name, "")) for name in names}
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


def _problems(options: Options) -> list[str]:
    is_missing = options["calc"] == "ratio" and not options["over"]
    return ["over is missing: a ratio needs what it is over"] if is_missing else []


def _place_problems(options: Options) -> list[str]:
    return [] if options["service"] or options["host"] else ["needs a service or a host"]


READER = Reader(
    name="redis",
    about="with C(service) or C(host), C(port) and C(password_env).",
    options={
        **COMMON,
        "calc": calc("value", "rate", "increase", "ratio"),
        "field": Option("str", required=True),
        "over": Option("words"),
    },
    place={
        "service": Option("str"),
        "host": Option("str"),
        "port": Option("int", 6379),
        "password_env": Option("str"),
    },
    source=lambda place, scene, token: Redis(place, scene.project),
    problems=_problems,
    place_problems=_place_problems,
)
