# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Probes that speak over a plain socket: TCP itself and Redis."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from contextlib import suppress

from ...core._times import ms_since
from ...core._verdicts import PASS, Outcome
from ...http._sockets import connected


async def tcp(host: str, port: int, settle: float = 0.0) -> Outcome:
    """Connect, and that is all; with ``settle`` the connection has to stay open for so many seconds."""
    began = time.perf_counter()
    async with connected(host, port) as (reader, _):
        latency = ms_since(began)
        if settle:
            with suppress(asyncio.TimeoutError):
                if not await asyncio.wait_for(reader.read(1), settle):
                    raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    return Outcome(PASS, f"{host}:{port} listens", {}, latency_ms=latency)
