"""A thousand HTTP probes in one checklist against the same probes from a bare asyncio client.

Both talk to the same server, in a process of its own, with at most 200 connections at a time, and look at the status.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._project import Project
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._verify import examine
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from tests.bench.race import raced, response, server

PROBES, AT_ONCE = 1000, 200
BODY = b'{"status": "ok"}'


def bare(port: int) -> None:
    """What anybody would write by hand."""

    async def probe(slots: asyncio.Semaphore) -> int:
        async with slots:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % port)
            answer = await reader.read()
            writer.close()
            return int(answer.split(b" ", 2)[1])

    async def main() -> list[int]:
        slots = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(probe(slots) for _ in range(PROBES)))

    assert set(asyncio.run(main())) == {200}


def checklist(port: int) -> None:
    """The same as one task: reading the checklist, asking, judging, reporting."""
    url = f"http://127.0.0.1:{port}/health"
    checks = [{"name": f"probe {number}", "kind": "http", "url": url} for number in range(PROBES)]
    with Project("") as project:
        result = examine({"checks": checks}, project, Redactor([]))
    assert result["verdict"] == "pass", result["summary"]


def measure() -> tuple[float, float, float]:
    """Medians of the bare client and of the checklist, in seconds, and their ratio."""
    return raced(server(response(BODY)), bare, checklist)


if __name__ == "__main__":
    by_hand, ours, ratio = measure()
    print(f"{PROBES} HTTP probes: bare client {by_hand:.3f} s, one health_check task {ours:.3f} s, ratio {ratio:.2f}")
