# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a port accepts connections."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from contextlib import suppress

from ...core._times import ms_since
from ...core._verdicts import PASS, Outcome
from ...http._sockets import connected
from ...running._scene import Scene
from ._connecting import PEER, connecting, port, without_peer
from ._kind import Attempt, Kind, Options


async def tcp(host: str, number: int, settle: float = 0.0) -> Outcome:
    """Connect, and that is all; with ``settle`` the connection has to stay open for so many seconds."""
    began = time.perf_counter()
    async with connected(host, number) as (reader, _):
        latency = ms_since(began)
        if settle:
            with suppress(asyncio.TimeoutError):
                if not await asyncio.wait_for(reader.read(1), settle):
                    raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    return Outcome(PASS, f"{host}:{number} listens", {}, latency_ms=latency)


def _attempt(options: Options, scene: Scene) -> Attempt:
    settle = 0.0 if options["host"] else scene.project.settle
    return connecting(options, scene, lambda host, number: tcp(host, number, settle))


KIND = Kind(
    name="tcp",
    about="a port accepts connections.",
    options={**PEER, "port": port()},
    attempt=_attempt,
    problems=without_peer,
)
