# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands inside containers, over a websocket: binary safe, bounded in time, and nothing is left open.

Each message is a channel's number and bytes: 0 stdin, 1 stdout, 2 stderr, 3 the status at the end (protocol v4). The
protocol cannot close stdin alone, so a command that reads must know how much: ``head -c N``, not ``cat``.
"""

from __future__ import annotations

import contextlib
import select
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import urlencode

from websocket import ABNF, WebSocket, WebSocketBadStatusException, WebSocketException

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _errors
from ansible_collections.doppelganger.ops.plugins.module_utils.core._deadline import Alarm, within
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.text import _foreign

from ..login._login import Login
from ._errors import Asked, TimedOut
from ._http import Answer, broken, refused

PROTOCOL = "v4.channel.k8s.io"
STDIN, STDOUT, STDERR, STATUS = range(4)
#: what is kept of a command's output, in bytes
OUTPUT_LIMIT = 1_000_000
#: some runtimes say it as output, with an exit code that the command itself could have
_NOT_STARTED = "OCI runtime exec failed"
_PIECE = 16384
_CONNECT_TIMEOUT = 10.0


@dataclass(frozen=True)
class ExecResult:
    """How a command inside a container ended; ``output`` is the beginning of what it wrote."""

    code: int
    output: str


class Cut(Exception):
    """The connection ended before the command did."""


@dataclass
class Received:
    """What has come of a command so far. ``stdout`` takes its standard output; without, it joins the kept output."""

    stdout: BinaryIO | None = None
    kept: bytearray = field(default_factory=bytearray)
    status: bytearray = field(default_factory=bytearray)

    def take(self, message: bytes) -> None:
        """Take one message."""
        channel, data = message[:1], message[1:]
        if channel == b"\x03":
            self.status += data
        elif channel == b"\x01" and self.stdout is not None:
            self.stdout.write(data)
        elif channel in (b"\x01", b"\x02"):
            self.kept += data[: max(0, OUTPUT_LIMIT - len(self.kept))]

    def result(self, command: str) -> ExecResult:
        """How the command ended; raises OpsError where it could not be started."""
        code, output = exit_code(bytes(self.status), command), self.kept.decode("utf-8", "replace")
        if code in (126, 127) and output.startswith(_NOT_STARTED):
            raise not_started(command, output)
        return ExecResult(code, output)


def exit_code(status: bytes, command: str) -> int:
    """The exit code in what the status channel said at the end."""
    try:
        said = _foreign.read_object(status)
        if said.get("status") == "Success":
            return 0
        for cause in (said.get("details") or {}).get("causes") or []:
            if cause.get("reason") == "ExitCode":
                return int(cause["message"])
    except (AttributeError, KeyError, TypeError, ValueError):
        said = {}
    raise not_started(command, str(said.get("message") or status[:500].decode("utf-8", "replace")))


def not_started(command: str, reason: str) -> OpsError:
    """The error for a command that never ran."""
    return OpsError(
        f"{command} could not be run: {reason.strip().rstrip('.')}.",
        reason="command_failed",
        hint="Check that the image has the program, and that the container runs.",
    )


def connect(login: Login, path: str, query: Sequence[tuple[str, str]], asked: Asked, timeout: float) -> Any:
    """Open the websocket of one command, as one attempt."""
    socket: Any = WebSocket(
        sslopt={"context": login.tls, **_server_name(login)} if login.tls else {}, skip_utf8_validation=True
    )
    url = f"ws{login.server.removeprefix('http')}{path}?{urlencode(query)}"
    header = [f"{name}: {value}" for name, value in login.headers().items()]
    options: dict[str, Any] = {"header": header, "subprotocols": [PROTOCOL], "redirect_limit": 0}
    if login.proxied is not None:
        from ..login import _sdk  # see there

        options = _sdk.through_proxy(options, login.proxied, url)
    else:
        options["http_no_proxy"] = ["*"]  # the environment was checked when the way was opened
    seconds = min(timeout, _CONNECT_TIMEOUT)
    try:
        # each read has a timeout of its own; the clock is for a head that comes in drips
        within(2 * seconds, lambda: socket.connect(url, timeout=seconds, **options), "open the websocket")
    except WebSocketBadStatusException as error:
        answer = Answer(error.status_code, dict(error.resp_headers or {}), bytes(error.resp_body or b""))
        raise refused(asked, answer) from error
    except (WebSocketException, OSError, ValueError, OverflowError, _errors.TimedOut) as error:
        with contextlib.suppress(WebSocketException, OSError):
            socket.shutdown()
        raise broken(asked, error) from error
    return socket


def _server_name(login: Login) -> dict[str, Any]:
    checked = {"check_hostname": bool(login.tls and login.tls.check_hostname)}
    return {**checked, "server_hostname": login.server_name} if login.server_name else checked


def pieces(stdin: BinaryIO, size: int) -> Iterator[bytes]:
    """Read exactly ``size`` bytes piece by piece, or, with 0, all there is; raises OpsError where there is less."""
    left = size
    while piece := stdin.read(min(left, _PIECE) if size else _PIECE):
        yield piece
        left -= len(piece)
        if size and not left:
            return
    if size:
        raise OpsError(f"Expected {size} bytes to send to the command, found {size - left}.", reason="connection_lost")


def converse(socket: Any, received: Received, stdin: Iterator[bytes], *, deadline: float, named: str) -> None:
    """Send and receive until the status has come; raises TimedOut at the ``deadline`` (monotonic), Cut before it.

    One thread does both: a TLS connection is not to be read and written by two at a time.
    """
    raw: Any = socket.sock
    poll = select.poll()
    poll.register(raw)
    waiting = b""
    try:
        with Alarm(raw, deadline - time.monotonic()):  # a message may come in drips
            while not received.status:
                waiting = waiting or _framed(next(stdin, b""))
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                socket.settimeout(left)
                can_read, can_write = _ready(raw, poll, bool(waiting), left)
                if can_read:
                    waiting += _received(socket, received)
                elif can_write:
                    waiting = waiting[raw.send(waiting) :]
    except (TimeoutError, WebSocketException, OSError) as error:
        if time.monotonic() >= deadline:
            raise TimedOut(f"{named} timed out.") from error
        raise Cut(str(error)) from error
    finally:
        with contextlib.suppress(OSError, WebSocketException):
            socket.shutdown()


def _framed(data: bytes) -> bytes:
    return bytes(ABNF.create_frame(bytes([STDIN]) + data, ABNF.OPCODE_BINARY).format()) if data else b""


def _ready(raw: Any, poll: select.poll, has_more: bool, timeout: float) -> tuple[bool, bool]:
    if isinstance(raw, ssl.SSLSocket) and raw.pending():
        return True, False
    poll.modify(raw, select.POLLIN | (select.POLLOUT if has_more else 0))
    events = [event for _, event in poll.poll(timeout * 1000)]
    if not events:
        raise TimeoutError
    return bool(events[0] & ~select.POLLOUT), bool(events[0] & select.POLLOUT)


def _received(socket: Any, received: Received) -> bytes:
    """Take one message; returns what is to be sent in answer."""
    frame = socket.recv_frame()
    if frame is None or frame.opcode == ABNF.OPCODE_CLOSE:
        raise Cut("the server closed the connection")
    if frame.opcode == ABNF.OPCODE_PING:
        return bytes(ABNF.create_frame(frame.data, ABNF.OPCODE_PONG).format())
    if frame.opcode in (ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT):
        received.take(bytes(frame.data))
    return b""
