"""A dashboard over HTTP: one page, what it consists of, its data, and a stream that says when there is something new.

It answers GET and HEAD, and only to who asks for it by a name of its own: a page of somebody else's that has its name
point here (DNS rebinding) gets nothing.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import urlsplit

from doppelganger_ops import _given, installation
from doppelganger_ops.board import Board
from doppelganger_ops.errors import InputError

PORT = 3000
#: so many ports after the first one are tried where nobody asked for a certain one
MORE_PORTS = 20
#: how many may follow the stream at the same time, and how often it says that it is alive, in seconds
MOST_STREAMS, ALIVE = 32, 5.0
#: how many may be connected at the same time, streams among them
MOST_CONNECTIONS = 96
#: a request has to be there after so many seconds, with at most so many bytes; an answer has to be taken after so many
PATIENCE, MOST_BYTES, SENDING = 10.0, 16 * 1024, 30.0
#: how long what is too much is read and thrown away
DRAINING = 1.0
#: what a browser may do with the page: nothing that leads outside
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class BoardServer(ThreadingHTTPServer):
    """Serves a board, a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    #: who waits to be connected waits in the kernel
    request_queue_size = 64

    def __init__(self, board: Board, address: str, port: int) -> None:
        self.board = board
        self.connections = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self.streams = threading.BoundedSemaphore(MOST_STREAMS)
        is_six = ":" in address
        self.address_family = socket.AF_INET6 if is_six else socket.AF_INET
        page = installation.plugin_utils("pages._dashboard")
        self.page: Callable[[Mapping[str, Any]], str] = page.page
        self.files: Mapping[str, tuple[str, bytes]] = page.files()
        super().__init__((address, port), Handler)

    def server_bind(self) -> None:
        """Without asking a name server for a name that nobody needs, as the parent does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    @property
    def url(self) -> str:
        """Where the page is; an address that means all of them is called by the one of this machine."""
        address, port = self.server_address[:2]
        found = ipaddress.ip_address(str(address))
        shown = "localhost" if found.is_unspecified else f"[{found}]" if found.version == 6 else str(found)
        return f"http://{shown}:{port}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for the connection, where there is room; one too many is closed and told why."""
        if self.connections.acquire(blocking=False):
            try:
                super().process_request(request, client_address)
            except RuntimeError:  # no thread was available
                self.connections.release()
                self.shutdown_request(request)
            return
        request.settimeout(0)
        with contextlib.suppress(OSError):
            request.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The thread, which makes room at its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing to write about."""


class TooMuch(OSError):
    """A request has more bytes than it may have."""


class Requests(io.RawIOBase):
    """What comes on a connection: each request has its time and its bytes, however slowly it drips."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection
        self.next()

    def next(self) -> None:
        """Another request begins."""
        self._until, self._left = time.monotonic() + PATIENCE, MOST_BYTES

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """What has come, within what is left of both."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request did not come in time")
        if self._left <= 0:
            raise TooMuch("the request is too long")
        self._connection.settimeout(left)
        count = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        self._connection.settimeout(SENDING)
        return count

    def drain(self) -> None:
        """Take a little of what was too much: closed before, the connection would take the answer with it."""
        self._connection.shutdown(socket.SHUT_WR)
        self._until, self._left = time.monotonic() + DRAINING, 16 * MOST_BYTES
        with contextlib.suppress(OSError):
            while self.readinto(bytearray(MOST_BYTES)):
                pass


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: BoardServer
    protocol_version = "HTTP/1.1"
    server_version = "doppelganger-ops"
    sys_version = ""

    def setup(self) -> None:
        """Read from the connection within bounds."""
        super().setup()
        self.rfile.close()
        self._requests = Requests(self.connection)
        self.rfile = io.BufferedReader(self._requests)

    def handle_one_request(self) -> None:
        """Answer one request, or close the connection."""
        self._requests.next()
        try:
            super().handle_one_request()
        except TooMuch:
            self.requestline, self.request_version, self.command = "", "HTTP/1.1", "GET"
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            self._requests.drain()

    def do_GET(self) -> None:
        """Answer, with what is asked for."""
        path = self._asked_path()
        # nothing here takes a body: what comes after it is not read as a request
        self.close_connection |= any(name in self.headers for name in ("Content-Length", "Transfer-Encoding"))
        if not self._is_asked_by_name():
            self._send(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"This is not the host that was asked for.\n")
        elif path == "/":
            page = self.server.page(self.server.board.to_dict())
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())
        elif path == "/data.json":
            text = json.dumps(self.server.board.to_dict(), ensure_ascii=False)
            self._send(HTTPStatus.OK, "application/json", text.encode())
        elif path == "/events":
            self._stream()
        elif path in self.server.files:
            self._send(HTTPStatus.OK, *self.server.files[path])
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"There is nothing here. The page is at /.\n")

    do_HEAD = do_GET

    def _asked_path(self) -> str:
        try:
            return urlsplit(self.path).path
        except ValueError:
            return ""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What cannot be understood, and every method that would change something, is refused in plain text."""
        del explain
        self.close_connection = True
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code, message = HTTPStatus.METHOD_NOT_ALLOWED, "Only GET and HEAD: nothing can be changed here."
        self._send(HTTPStatus(code), "text/plain", f"{message or HTTPStatus(code).phrase}\n".encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # it is called that way
        """Nothing is written."""

    def _is_asked_by_name(self) -> bool:
        """By one of the names of this machine; through a tunnel the port is another one and says nothing."""
        given = self.headers.get_all("Host") or []
        if len(given) != 1:
            return False
        try:
            name = urlsplit(f"//{given[0]}").hostname or ""
        except ValueError:
            return False
        return name in ("localhost", *self._own_addresses()) or self._is_own_name(name)

    def _own_addresses(self) -> tuple[str, ...]:
        own = str(self.connection.getsockname()[0]).partition("%")[0]
        return ("127.0.0.1", "::1", own, own.removeprefix("::ffff:"))

    def _is_own_name(self, name: str) -> bool:
        """The name of the machine counts where others than itself may ask."""
        address = ipaddress.ip_address(str(self.server.server_address[0]))
        return not address.is_loopback and name == socket.gethostname().lower()

    def _start(self, status: HTTPStatus, kind: str, more: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **HEADERS, **more}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        more = {"Content-Length": str(len(body))}
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            more["Allow"] = "GET, HEAD"
        self._start(status, kind, more)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self) -> None:
        """Server-sent events: the revision, when it changes and every few seconds."""
        if not self.server.streams.acquire(blocking=False):
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"Too many follow the stream already.\n")
            return
        try:
            self.close_connection = True
            self._start(HTTPStatus.OK, "text/event-stream", {})
            revision, goes_on = self.server.board.wait(-1, 0)
            while goes_on and self.command != "HEAD":
                self.wfile.write(f"event: revision\ndata: {revision}\n\n".encode())
                revision, goes_on = self.server.board.wait(revision, ALIVE)
        except OSError:
            pass  # the listener is gone
        finally:
            self.server.streams.release()


def serve(board: Board, address: str, port: int | None) -> BoardServer:
    """Take a port: the one that is asked for, or else the usual one or the next that is free."""
    if port is not None:
        _given.whole("port", port, 0, 65535)
    try:
        ipaddress.ip_address(_given.text("address", address))
    except ValueError:
        raise InputError(
            f"The address must be one of this machine's IP addresses and is {address!r}.",
            hint="For example 127.0.0.1, which only this machine reaches.",
        ) from None
    if port is not None:
        return _taken(board, address, port)
    for candidate in range(PORT, PORT + MORE_PORTS):
        with contextlib.suppress(OSError):
            return BoardServer(board, address, candidate)
    return _taken(board, address, PORT)


def _taken(board: Board, address: str, port: int) -> BoardServer:
    try:
        return BoardServer(board, address, port)
    except OSError as error:
        raise InputError(
            f"The dashboard cannot listen on {address}, port {port}: {error.strerror}.",
            hint="Give another port, or none: then the next that is free is taken.",
        ) from error
