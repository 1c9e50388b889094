# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What sources of metrics share that answer over HTTP."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...core._errors import Garbled, OpsError, Refused
from ...core._options import Option
from ...core._side_by_side import in_thread
from ...http import _client, _sockets
from ...http._client import Kept, Request
from ...http._response import Response
from ...running._project import Project
from ...text._excerpt import gist
from ._reader import Options

#: what makes asking again useless: the question itself is wrong, or nobody with this login may ask it
FINAL = frozenset({400, 401, 403, 404, 405, 410, 422})
#: a path that can be sent as it is
_PLAIN = re.compile(r"[!-~]+")


#: where something is that answers over HTTP
WEB = {
    "url": Option("str"),
    "service": Option("str"),
    "port": Option("int"),
    "headers": Option("dict", {}),
    "validate_certs": Option("bool", True),
    "ca_file": Option("str"),
}
ABOUT_WEB = "C(url), or C(service) and C(port); C(headers), C(validate_certs), C(ca_file)"


def without_place(options: Options) -> list[str]:
    """Say so where nothing says whom to ask."""
    is_said = options["url"] or (options["service"] and options["port"])
    return [] if is_said else ["needs a url, or a service and its port"]


class NotAnswered(OpsError):
    """A source could not be asked; ``is_silent`` says that it is the source itself that does not answer."""

    reason = "source_unavailable"

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
        #: how messages name it
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
            # an untrusted certificate does not fix itself
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
        return NotAnswered(f"{place} returned more than 1 MB; use Prometheus as the source", final=True)
    if response.status == 200:
        return None
    said = gist(response.body, 200)
    words = f"{place} answered {response.status}" + (f": {said}" if said else "")
    return NotAnswered(words, is_silent=True, final=response.status in FINAL)


def first(values: Iterable[str]) -> str:
    """The first of some reasons, and how many there are."""
    found: Sequence[str] = list(values)
    return found[0] + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")
