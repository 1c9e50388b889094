# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics that are numbers in JSON documents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from ...core._options import Option
from ...http._json_path import value_at
from ...running._project import Project
from ...text import _foreign
from ...text._excerpt import excerpt
from ._endpoint import ABOUT_WEB, WEB, Endpoint, NotAnswered, refusal, without_place
from ._exposition import number
from ._observation import Asked, Observation
from ._reader import COMMON, Options, Reader, calc


class Json:
    """Numbers in JSON documents; metrics with the same URL share one answer."""

    def __init__(self, config: Mapping[str, Any], project: Project, token: str = "") -> None:
        self._config = config
        self._project = project

    async def look(self, asked: Asked, seconds: float) -> dict[str, Observation]:
        """Ask for each document once."""
        urls = dict.fromkeys(str(options["url"] or "") for options, _ in asked.values())
        answers = dict(zip(urls, await asyncio.gather(*(self._document(url, seconds) for url in urls))))
        return {name: _number_in(answers[str(options["url"] or "")], options) for name, (options, _) in asked.items()}

    async def _document(self, url: str, seconds: float) -> Any:
        config = {**self._config, "url": url} if "://" in url else self._config
        endpoint = Endpoint(config, self._project)
        path = "" if "://" in url else url
        try:
            response = await endpoint.get(path, seconds)
            refused = refusal(response, endpoint.place)
            return refused or _foreign.read(response.body)
        except NotAnswered as error:
            return error
        except _foreign.Unreadable as error:
            return NotAnswered(f"{endpoint.place}: the answer cannot be used: {error}")


def _number_in(document: Any, options: Mapping[str, Any]) -> Observation:
    at = time.monotonic()
    if isinstance(document, NotAnswered):
        return Observation(at, error=document.message, final=document.final)
    try:
        found = value_at(document, options["path"])
    except KeyError:
        return Observation(at, note=f"no data: the answer has no {options['path']}")
    if found is None:
        return Observation(at, note=f"no data: {options['path']} is null")
    if isinstance(found, bool) or not isinstance(found, (int, float, str)):
        return Observation(at, error=f"{options['path']} is {type(found).__name__}, expected a number", final=True)
    try:
        return Observation(at, {"": (number(str(found)),)})
    except ValueError:
        return Observation(at, error=f"{options['path']} is {excerpt(repr(found), 40)}, expected a number", final=True)


def _place_problems(options: Options) -> list[str]:
    # a metric may say its own url
    return without_place(options) if options["service"] else []


READER = Reader(
    name="json",
    about=f"with {ABOUT_WEB}.",
    options={
        **COMMON,
        "calc": calc("value", "rate", "increase"),
        "path": Option("str", required=True),
        "url": Option("str"),
    },
    place=WEB,
    source=lambda place, scene, token: Json(place, scene.project),
    place_problems=_place_problems,
)
