# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redis as a client: PING and INFO over a plain socket."""

from __future__ import annotations

import asyncio
import re
import time

from ..core._errors import Garbled, Refused
from ..core._times import ms_since
from ..core._verdicts import FAIL, PASS, Outcome
from ..http._sockets import connected
from ..text._excerpt import CUT, excerpt

_REPLY_LIMIT = 4096
#: how Redis announces so many bytes
_BYTES = re.compile(r"\$([0-9]{1,18})")


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
    return Outcome(outcome.state, outcome.reason, outcome.observed, outcome.final, latency_ms=ms_since(began))


async def info(host: str, port: int, password: str | None = None, limit: int = 1_000_000) -> str:
    """Ask Redis for INFO; raises Refused where it refuses the password."""
    async with connected(host, port) as (reader, writer):
        if password is not None:
            writer.write(command("AUTH", password))
            answer = judged_redis(await _line(reader), expected="+OK")
            if answer.state != PASS:
                raise Refused(answer.reason, reason="forbidden")
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
