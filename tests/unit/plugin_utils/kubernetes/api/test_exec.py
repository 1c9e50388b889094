"""Commands in containers: the messages of the websocket, and a peer that answers by a script."""

from __future__ import annotations

import io
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websocket import ABNF, WebSocket

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import TimedOut
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._exec import (
    OUTPUT_LIMIT,
    Cut,
    ExecResult,
    Received,
    converse,
    exit_code,
    pieces,
)

SUCCESS = b'{"status": "Success"}'


def failure(code: str, reason: str = "ExitCode") -> bytes:
    details = {"causes": [{"reason": reason, "message": code}]}
    return json.dumps({"status": "Failure", "message": "it failed", "details": details}).encode()


@pytest.mark.parametrize(("status", "code"), [(SUCCESS, 0), (failure("1"), 1), (failure("137"), 137)])
def test_the_exit_code_comes_on_the_status_channel(status: bytes, code: int) -> None:
    assert exit_code(status, "ls") == code


@pytest.mark.parametrize("status", [failure("x", "Other"), b'{"status": "Failure", "message": "it failed"}'])
def test_a_command_that_cannot_be_started_is_no_exit_code(status: bytes) -> None:
    with pytest.raises(OpsError, match="ls could not be run: it failed"):
        exit_code(status, "ls")


def test_a_runtime_that_says_so_as_output_is_no_exit_code_either() -> None:
    received = Received(status=bytearray(failure("126")), kept=bytearray(b"OCI runtime exec failed: no such file\r\n"))
    with pytest.raises(OpsError, match="ls could not be run: OCI runtime exec failed: no such file"):
        received.result("ls")


@pytest.mark.parametrize("with_file", [False, True])
def test_channels_are_kept_apart(with_file: bool) -> None:
    stdout = io.BytesIO()
    received = Received(stdout if with_file else None)
    for message in (b"\x01out \xff\n", b"\x02err", b"\x01", b"\x03" + SUCCESS[:5], b"\x03" + SUCCESS[5:], b""):
        received.take(message)
    assert stdout.getvalue() == (b"out \xff\n" if with_file else b"")
    assert received.result("ls") == ExecResult(0, "err" if with_file else "out \ufffd\nerr")


def test_the_kept_output_is_limited() -> None:
    received = Received()
    for _ in range(3):
        received.take(b"\x01" + b"x" * (OUTPUT_LIMIT // 2))
    assert len(received.kept) == OUTPUT_LIMIT


@pytest.mark.parametrize(
    ("content", "size", "sent"),
    [
        (b"abc", 0, b"abc"),
        (b"abc", 2, b"ab"),
        (b"x" * 40000, 0, None),
        *((b"x" * size, size, None) for size in (16383, 16384, 16385, 32768, 32769)),
    ],
)
def test_stdin_comes_in_pieces_of_what_was_asked_for(content: bytes, size: int, sent: bytes | None) -> None:
    found = list(pieces(io.BytesIO(content), size))
    assert b"".join(found) == (content if sent is None else sent)
    assert max(map(len, found)) <= 16384


def test_a_stdin_that_is_too_short_is_an_error() -> None:
    with pytest.raises(OpsError, match="Expected 5 bytes to send to the command, found 3"):
        list(pieces(io.BytesIO(b"abc"), 5))


# with a peer


def message(data: bytes, opcode: int = ABNF.OPCODE_BINARY) -> bytes:
    frame = ABNF(1, 0, 0, 0, opcode, 0, data)
    return bytes(frame.format())


@pytest.fixture
def connected() -> Iterator[Callable[[Callable[[socket.socket], None]], Any]]:
    """A websocket whose other end runs a function."""
    ends: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def make(peer: Callable[[socket.socket], None]) -> Any:
        ours, theirs = socket.socketpair()
        ends.extend((ours, theirs))
        threads.append(threading.Thread(target=peer, args=[theirs]))
        threads[-1].start()
        web: Any = WebSocket()
        web.sock, web.connected = ours, True
        return web

    yield make
    # a peer that still has something to do does it on a socket that is there
    for ours in ends[::2]:
        ours.close()
    for thread in threads:
        thread.join()
    for theirs in ends[1::2]:
        theirs.close()


def talk(web: Any, stdin: Iterator[bytes] | None = None, seconds: float = 10, stdout: Any = None) -> ExecResult:
    received = Received(stdout)
    converse(web, received, stdin or iter(()), deadline=time.monotonic() + seconds, named="cat in a/b")
    return received.result("cat")


def test_both_directions_run_at_once_and_nothing_is_left_open(connected: Any) -> None:
    """More goes each way than a socket holds, so whoever would first send all and then receive would hang."""
    size = 3_000_000

    def peer(end: socket.socket) -> None:
        reader = end.makefile("rb")
        got = 0
        while got < size:
            length = reader.read(2)[1] & 127
            length = int.from_bytes(reader.read({126: 2, 127: 8}[length]), "big") if length > 125 else length
            mask, data = reader.read(4), reader.read(length)
            got += length - 1
            assert data[0] ^ mask[0] == 0
            end.sendall(message(b"\x01" + bytes(length - 1)))
        end.sendall(message(b"\x03" + SUCCESS))

    stdout = io.BytesIO()
    web = connected(peer)
    assert talk(web, pieces(io.BytesIO(b"x" * size), size), stdout=stdout) == ExecResult(0, "")
    assert len(stdout.getvalue()) == size
    assert web.sock is None


def test_a_ping_is_answered_between_frames(connected: Any) -> None:
    def peer(end: socket.socket) -> None:
        end.sendall(message(b"hey", ABNF.OPCODE_PING))
        assert end.recv(100)[0] & 15 == ABNF.OPCODE_PONG
        end.sendall(message(b"\x03" + failure("3")))

    assert talk(connected(peer)).code == 3


@pytest.mark.parametrize("last", [b"", message(b"\x03\xe8", ABNF.OPCODE_CLOSE)], ids=["cut", "closed"])
def test_a_connection_that_ends_before_the_command_is_no_success(connected: Any, last: bytes) -> None:
    def peer(end: socket.socket) -> None:
        end.sendall(message(b"\x01half") + last)
        end.shutdown(socket.SHUT_RDWR)

    with pytest.raises(Cut):
        talk(connected(peer))


@pytest.mark.parametrize("has_more", [False, True], ids=["receiving", "sending"])
def test_a_timeout_bounds_everything(connected: Any, has_more: bool) -> None:
    web = connected(lambda end: None)
    started = time.monotonic()
    with pytest.raises(TimedOut, match="cat in a/b"):
        talk(web, itertools.repeat(b"x" * 16384) if has_more else None, seconds=0.3)
    assert 0.25 < time.monotonic() - started < 3
    assert web.sock is None
