"""TCP and Redis, against peers that answer what a real one would."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Coroutine
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks.kinds._tcp import tcp
from ansible_collections.doppelganger.ops.plugins.module_utils.core._verdicts import Outcome
from ansible_collections.doppelganger.ops.plugins.module_utils.databases._redis import command, redis
from ansible_collections.doppelganger.ops.plugins.module_utils.http._sockets import refusal
from tests.unit.support.peers import Handler, serving


def with_peer(probe: Any, *replies: bytes) -> tuple[Outcome, bytes]:
    """Let a probe talk to a peer that sends one reply for each piece that it is sent, then closes."""
    heard = bytearray()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in replies:
            heard.extend(await reader.read(1000))
            writer.write(reply)
            await writer.drain()
        writer.close()

    async def talk() -> Outcome:
        async with serving(handle) as port:
            try:
                work: Coroutine[Any, Any, Outcome] = probe("127.0.0.1", port)
                return await work
            except Exception as error:
                return refusal(error, "redis")

    return asyncio.run(talk()), bytes(heard)


def test_tcp() -> None:
    outcome, _ = with_peer(tcp)
    assert outcome.state == "pass"


def test_tcp_behind_what_accepts_for_others() -> None:
    async def closes(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def stays(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def look(peer: Handler, settle: float) -> str:
        async with serving(peer) as port:
            try:
                return (await tcp("127.0.0.1", port, settle)).state
            except OSError as error:
                return refusal(error, "app").reason

    assert asyncio.run(look(closes, 2.0)) == "nothing is listening at app"
    assert asyncio.run(look(stays, 0.05)) == "pass"


@pytest.mark.parametrize(
    ("reply", "state", "final", "reason"),
    [
        (b"+PONG\r\n", "pass", False, "answered PONG"),
        (b"-LOADING Redis is loading the dataset in memory\r\n", "fail", False, "still loading"),
        (b"-NOAUTH Authentication required.\r\n", "fail", True, "wants a password (NOAUTH)"),
        (b"-MISCONF Redis is configured to save\r\n", "fail", False, "-MISCONF"),
        (b"HTTP/1.1 400 Bad Request\r\n", "fail", False, "expected PONG"),
        (b"", "fail", False, "redis closed the connection before an answer"),
        (b"+PO", "fail", False, "closed the connection"),
        (b"x" * 200_000, "fail", False, "an endless line"),
    ],
)
def test_redis(reply: bytes, state: str, final: bool, reason: str) -> None:
    outcome, heard = with_peer(redis, reply)
    assert (outcome.state, outcome.final) == (state, final)
    assert reason in outcome.reason
    assert heard == b"*1\r\n$4\r\nPING\r\n"


def test_redis_with_a_password() -> None:
    outcome, heard = with_peer(lambda host, port: redis(host, port, "geheim"), b"+OK\r\n", b"+PONG\r\n")
    assert outcome.state == "pass"
    assert heard == command("AUTH", "geheim") + command("PING")


@pytest.mark.parametrize("reply", [b"-WRONGPASS invalid username-password pair\r\n", b"-ERR invalid password\r\n"])
def test_redis_with_a_wrong_password(reply: bytes) -> None:
    outcome, _ = with_peer(lambda host, port: redis(host, port, "geheim"), reply)
    assert (outcome.state, outcome.final) == ("fail", True)
    assert "refuses the password" in outcome.reason
    assert "geheim" not in str(outcome)


def test_commands_count_bytes() -> None:
    assert command("AUTH", "pä") == b"*2\r\n$4\r\nAUTH\r\n$3\r\np\xc3\xa4\r\n"


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "no"), "fail", "nothing is listening at x"),
        (
            OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1)"),
            "fail",
            "nothing is listening at x",
        ),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "fail", "x: reset"),
        (OSError(errno.EHOSTUNREACH, "no route"), "fail", "x: no route"),
        (OSError(errno.ENETUNREACH, "no network"), "error", "x: no network"),
        (OSError(errno.EMFILE, "too many files"), "error", "x: too many files"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "error", "cannot be resolved: unknown"),
        (EOFError(), "fail", "x closed the connection"),
        (KeyError("bug"), "error", "looking at x went wrong: KeyError('bug')"),
    ],
)
def test_what_errors_tell(error: Exception, state: str, said: str) -> None:
    outcome = refusal(error, "x")
    assert outcome.state == state
    assert said in outcome.reason
