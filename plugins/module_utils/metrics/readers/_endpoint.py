# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sources of metrics that answer over HTTP: Prometheus, programs that show their own metrics, and JSON."""

from __future__ import annotations

import asyncio
import math
import re
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from ...core._errors import Garbled, OpsError, Refused
from ...core._side_by_side import in_thread
from ...http import _client, _sockets
from ...http._client import Kept, Request
from ...http._json_path import value_at
from ...http._response import Response
from ...running._project import Project
from ...text import _foreign
from ...text._excerpt import excerpt, gist
from ._exposition import number, text_of
from ._observation import Asked, Observation, query_of

#: what makes asking again useless: the question itself is wrong, or nobody with this login may ask it
_FINAL = frozenset({400, 401, 403, 404, 405, 410, 422})
#: as many as Prometheus works on at the same time, unless it is told otherwise
_AT_ONCE = 20
_EXCERPT = 300
#: a path that can be sent as it is
_PLAIN = re.compile(r"[!-~]+")


class NotAnswered(OpsError):
    """A source could not be asked; ``is_silent`` says that it is the source itself that does not answer."""

    def __init__(self, message: str, is_silent: bool = False, final: bool = False) -> None:
        super().__init__(message)
        self.is_silent = is_silent
        self.final = final


class Endpoint:
    """Where a source is: a URL, or a service and its port."""

    def __init__(self, config: Mapping[str, Any], project: Project, token: str = "") -> None:
        self._config = config
        self._project = project
        self._shared: Request | None = None
        #: how a person is told where it is
        self.place = str(config.get("url") or f"{config.get('service')}:{config.get('port')}")
        login = {"Authorization": f"Bearer {token}"} if token else {}
        self._options = {
            "method": "GET",
            "headers": {**login, **(config.get("headers") or {})},
            "validate_certs": config.get("validate_certs", True),
            "ca_file": config.get("ca_file"),
        }

    async def get(self, path: str, seconds: float, kept: Kept | None = None) -> Response:
        """Ask for a path, below the URL where there is one; over a connection that is kept, where there are some."""
        if self._config.get("url"):
            if path.startswith("/") and _PLAIN.fullmatch(path):
                return await self._sent(self._below(path), self.place, kept)
            url = str(self._config["url"])
            return await self._asked({**self._options, "url": f"{url.rstrip('/')}{path}" if path else url}, None)
        service, port = str(self._config["service"]), int(self._config["port"])
        options = {**self._options, "url": path}
        answer = await in_thread(lambda: self._project.ask(service, port, options, seconds))
        if answer is not None:
            return answer
        return await self._asked(options, await in_thread(lambda: self._project.address(service, port)))

    async def get_each(self, path: str) -> dict[str, Response | NotAnswered]:
        """Ask each container of the service, or the one URL there is."""
        if self._config.get("url"):
            asked = {"": self._asked({**self._options, "url": f"{self._config['url']}"}, None)}
        else:
            service, port = str(self._config["service"]), int(self._config["port"])
            instances = await in_thread(lambda: self._project.instances(service, port))
            if not instances:
                raise NotAnswered(f"no container of {service} is running", is_silent=True)
            options = {**self._options, "url": path}
            asked = {name: self._asked(options, address) for name, address in instances}
        answers = await asyncio.gather(*asked.values(), return_exceptions=True)
        return {name: _answer_or_reason(answer) for name, answer in zip(asked, answers)}

    def _below(self, path: str) -> Request:
        """The question for a path below the URL; what all of them share is worked out once."""
        if self._shared is None:
            self._shared = _client.request_for({**self._options, "url": f"{str(self._config['url']).rstrip('/')}/"})
        verb, target, rest = self._shared.payload.split(b" ", 2)
        return self._shared.saying(b" ".join((verb, target[:-1] + path.encode("ascii"), rest)))

    async def _asked(self, options: Mapping[str, Any], address: tuple[str, int] | None) -> Response:
        where = f"{address[0]}:{address[1]}" if address else self.place
        return await self._sent(_client.request_for(options, address), where)

    async def _sent(self, request: Request, where: str, kept: Kept | None = None) -> Response:
        try:
            return await (kept.fetch(request) if kept else _client.fetch(request))
        except Garbled as error:
            raise NotAnswered(f"{self.place}: {error}", is_silent=True) from error
        except (OSError, EOFError, UnicodeError) as error:
            # an untrusted certificate does not mend itself
            untrusted = isinstance(error, ssl.SSLCertVerificationError)
            raise NotAnswered(_sockets.refusal(error, where).reason, True, untrusted) from error


def _answer_or_reason(answer: Response | BaseException) -> Response | NotAnswered:
    if isinstance(answer, (Response, NotAnswered)):
        return answer
    if isinstance(answer, OpsError):
        return NotAnswered(answer.message, final=isinstance(answer, Refused))
    raise answer


def refusal(response: Response, place: str) -> NotAnswered | None:
    """Why an answer cannot be used, None where it can."""
    if response.cut:
        return NotAnswered(f"{place} answers with more than 1 MB; ask Prometheus instead", final=True)
    if response.status == 200:
        return None
    said = gist(response.body, 200)
    words = f"{place} answered {response.status}" + (f": {said}" if said else "")
    return NotAnswered(words, is_silent=True, final=response.status in _FINAL)


class Prometheus:
    """Asks for values as they are now, or as they were; by Prometheus' own clock, so that skew does no harm."""

    def __init__(self, config: Mapping[str, Any], project: Project, token: str = "") -> None:
        self._endpoint = Endpoint(config, project, token)
        self._place = f"Prometheus at {self._endpoint.place}"

    async def look(self, asked: Asked, seconds: float) -> dict[str, Observation]:
        """All queries side by side; ``asked`` has by name the options and how far to look back."""
        found: dict[str, Observation] = {}
        rest = iter(asked.items())  # whoever is free takes the next

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
            raise NotAnswered(words, final=response.status in _FINAL)
        if response.status != 200 or not isinstance(found, Mapping) or not isinstance(found.get("data"), Mapping):
            raise refusal(response, place) or NotAnswered(f"{place}: the answer is not Prometheus'", final=False)
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
        raise NotAnswered(f"the answer is not Prometheus': {error!r}"[:_EXCERPT]) from error


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


def first(values: Iterable[str]) -> str:
    """The first of some reasons, and how many there are."""
    found: Sequence[str] = list(values)
    return found[0] + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")
