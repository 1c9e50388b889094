# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One HTTP question and its answer, or many over connections that are kept. No redirect is followed."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..core._errors import Garbled, Refused
from ..core._files import refuse_special
from . import _sockets
from ._response import BODY_LIMIT, Answer, Response

_PIECE = 65536


@dataclass(frozen=True)
class Request:
    """Where to connect to and what to say there."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    payload: bytes

    @property
    def is_head(self) -> bool:
        """Whether the answer has no body, whatever it says of it."""
        return self.payload.startswith(b"HEAD ")

    def saying(self, payload: bytes) -> Request:
        """The same with other words."""
        return Request(self.host, self.port, self.tls, payload)


def request_for(options: Mapping[str, Any], address: tuple[str, int] | None = None) -> Request:
    """Prepare the question; ``address`` is that of the service, where the check names one instead of a host."""
    url = f"http://{address[0]}:{address[1]}{options['url']}" if address else options["url"]
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(f"The url {url} cannot be used: {error}.") from error
    tls = parts.scheme == "https"
    headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "doppelganger.ops", "Accept": "*/*"}
    headers.update({str(name): str(value) for name, value in options["headers"].items()})
    headers["Connection"] = "close"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{options['method']} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any("\n" in line or "\r" in line for line in lines):
        raise Refused(f"The request to {options['url']} has a line break in its url or headers.")
    return Request(
        host=parts.hostname or "",
        port=port or (443 if tls else 80),
        tls=_tls(options["validate_certs"], options["ca_file"]) if tls else None,
        payload=("\r\n".join(lines) + "\r\n\r\n").encode("utf-8"),
    )


@functools.lru_cache(maxsize=16)
def _tls(validate: bool, ca_file: str | None) -> ssl.SSLContext:
    if ca_file:
        refuse_special(ca_file, "The file of certificates")
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise Refused(f"The CA file {ca_file} cannot be used: {error}.", reason="tls_failed") from error
    if not validate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def fetch(request: Request, limit: int = BODY_LIMIT) -> Response:
    """Ask, and read the answer as far as it is needed. How long that may take is for the caller to say."""
    if request.tls is not None:
        async with _sockets.connected(request.host, request.port, request.tls) as (reader, writer):
            writer.write(request.payload)
            return await _answer(request, lambda: reader.read(_PIECE), limit)
    # Straight on the socket: a stream costs more than all the rest of a probe.
    loop = asyncio.get_running_loop()
    with await _sockets.opened(request.host, request.port) as connection:
        await loop.sock_sendall(connection, request.payload)
        return await _answer(request, lambda: loop.sock_recv(connection, _PIECE), limit)


async def _answer(request: Request, receive: Callable[[], Awaitable[bytes]], limit: int) -> Response:
    answer = Answer(request.is_head, limit)
    while True:
        piece = await receive()
        response = answer.feed(piece) if piece else answer.end()
        if response is not None:
            return response
        await asyncio.sleep(0)  # what is there at once lets nobody else go on, nor the clock


class _Line:
    """A connection that is listened to for as long as it is there: to begin and end that for each answer costs more
    than to ask. One that says something unasked is of no use any more."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._answer = Answer()
        self._asked: asyncio.Future[Response] | None = None
        self._is_over = False
        self._loop.add_reader(connection, self._listen)

    def _listen(self) -> None:
        try:
            piece = self._connection.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        asked = self._asked
        if not piece or asked is None or asked.done():
            self._hang_up()
        if asked is None or asked.done():
            return
        try:
            response = self._answer.feed(piece) if piece else self._answer.end()
        except Garbled as error:
            self._hang_up()
            asked.set_exception(error)
        else:
            if response is not None:
                asked.set_result(response)

    async def ask(self, request: Request) -> Response:
        """Ask, and read the answer."""
        if self._is_over:
            raise ConnectionResetError
        self._answer, self._asked = Answer(request.is_head), self._loop.create_future()
        await self._loop.sock_sendall(self._connection, request.payload)
        return await self._asked

    def may_be_kept(self, response: Response) -> bool:
        """Whether there may be another question after this answer."""
        heads = response.headers
        has_end = ("content-length" in heads or "transfer-encoding" in heads) and not response.cut
        is_clean = not (self._is_over or self._answer.has_more)
        return has_end and is_clean and heads.get("connection", "").lower() != "close"

    def _hang_up(self) -> None:
        self._is_over = True
        self._loop.remove_reader(self._connection)

    def close(self) -> None:
        """Ask nothing more."""
        self._hang_up()
        self._connection.close()


class Kept:
    """Connections to one server that are used again, for questions that may be asked twice; closed with the block."""

    def __init__(self) -> None:
        self._idle: list[_Line] = []

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *_: object) -> None:
        while self._idle:
            self._idle.pop().close()

    async def fetch(self, request: Request) -> Response:
        """Ask as :func:`fetch` does. A connection that was closed meanwhile is forgotten."""
        if request.tls is not None:
            return await fetch(request)
        asked = request.saying(request.payload.replace(b"Connection: close", b"Connection: keep-alive"))
        while self._idle:
            with suppress(OSError, Garbled):
                return await self._exchange(self._idle.pop(), asked)
        return await self._exchange(_Line(await _sockets.opened(asked.host, asked.port)), asked)

    async def _exchange(self, line: _Line, request: Request) -> Response:
        is_kept = False
        try:
            response = await line.ask(request)
            is_kept = line.may_be_kept(response)
            return response
        finally:
            self._idle.append(line) if is_kept else line.close()
