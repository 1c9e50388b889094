# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Probes that speak over a plain socket: TCP itself and Redis."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ...core._errors import Garbled, Refused
from ...text._excerpt import CUT, excerpt
from .._judge import ERROR, FAIL, PASS, Outcome

#: what a peer that is there and broken, or not there at all, causes; the rest says something about our own side
_PEER_FAILURES = {
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.ECONNABORTED,
    errno.EPIPE,
    errno.EHOSTUNREACH,
    errno.ETIMEDOUT,
}
_REPLY_LIMIT = 4096
#: how Redis announces so many bytes
_BYTES = re.compile(r"\$([0-9]{1,18})")


def refusal(error: Exception, where: str) -> Outcome:
    """Say what an error of the network tells: that the peer is broken, or that it could not be looked at."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Outcome(FAIL, f"the certificate of {where} is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return Outcome(FAIL, f"{where} does not speak TLS as expected: {error.reason or error}")
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return Outcome(ERROR, f"the name in {where} cannot be resolved: {getattr(error, 'strerror', error)}")
    if isinstance(error, EOFError):
        return Outcome(FAIL, f"{where} closed the connection before an answer")
    if isinstance(error, OSError):
        # asyncio sums up several addresses in one error without a number
        broken = error.errno in _PEER_FAILURES or (error.errno is None and "Connect call failed" in str(error))
        if error.errno == errno.ECONNREFUSED or (error.errno is None and broken):
            return Outcome(FAIL, f"nobody listens at {where}")
        return Outcome(FAIL if broken else ERROR, f"{where}: {error.strerror or error}")
    return Outcome(ERROR, f"looking at {where} went wrong: {error!r}")


@asynccontextmanager
async def connected(host: str, port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Keep a connection open for the length of the block."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def tcp(host: str, port: int, settle: float = 0.0) -> Outcome:
    """Connect, and that is all; with ``settle`` the connection has to stay open for so many seconds."""
    began = time.perf_counter()
    async with connected(host, port) as (reader, _):
        latency = _ms(began)
        if settle:
            with suppress(asyncio.TimeoutError):
                if not await asyncio.wait_for(reader.read(1), settle):
                    raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    return Outcome(PASS, f"{host}:{port} listens", {}, latency_ms=latency)


async def redis(host: str, port: int, password: str | None = None) -> Outcome:
    """Send PING."""
    began = time.perf_counter()
    async with connected(host, port) as (reader, writer):
        if password is not None:
            writer.write(command("AUTH", password))
            refused = judged_redis(await _line(reader), expected="+OK")
            if refused.state != PASS:
                return refused
        writer.write(command("PING"))
        reply = await _line(reader)
    outcome = judged_redis(reply, expected="+PONG")
    return Outcome(outcome.state, outcome.reason, outcome.observed, outcome.final, latency_ms=_ms(began))


async def info(host: str, port: int, password: str | None = None, limit: int = 1_000_000) -> str:
    """Ask Redis for INFO; raises Refused where it refuses the password."""
    async with connected(host, port) as (reader, writer):
        if password is not None:
            writer.write(command("AUTH", password))
            answer = judged_redis(await _line(reader), expected="+OK")
            if answer.state != PASS:
                raise Refused(answer.reason)
        writer.write(command("INFO"))
        head = await _line(reader)
        size = _BYTES.fullmatch(head)
        if size is None:
            answer = judged_redis(head, expected="$ and a number of bytes")
            raise (Refused if answer.final else Garbled)(answer.reason)
        data = await reader.readexactly(min(int(size[1]), limit))
    return data.decode("utf-8", "replace")


def command(*words: str) -> bytes:
    """Write a command as Redis reads it."""
    parts = [word.encode("utf-8") for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def judged_redis(reply: str, expected: str) -> Outcome:
    """Judge one line of reply."""
    said = excerpt(reply, 200)
    observed = {"reply": said}
    if reply == expected:
        return Outcome(PASS, f"answered {reply[1:]}", observed)
    if reply.startswith("-LOADING"):
        return Outcome(FAIL, "Redis is still loading its data", observed)
    if reply.startswith("-NOAUTH"):
        return Outcome(
            FAIL, "Redis wants a password (NOAUTH): name its variable with password_env", observed, final=True
        )
    if reply.startswith(("-WRONGPASS", "-ERR invalid password", "-ERR AUTH", "-ERR Client sent AUTH")):
        return Outcome(FAIL, f"Redis refuses the password: {said[1:]}", observed, final=True)
    return Outcome(FAIL, f"answered {said!r}, expected {expected[1:]}", observed)


async def _line(reader: asyncio.StreamReader) -> str:
    try:
        data = await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        return "an endless line"
    return data[:_REPLY_LIMIT].decode("utf-8", "replace").rstrip("\r\n") + CUT * (len(data) > _REPLY_LIMIT)


def _ms(began: float) -> float:
    return (time.perf_counter() - began) * 1000
