"""A thousand HTTP probes in one checklist against the same probes from a bare asyncio client.

Both talk to the same server, in a process of its own, with at most 200 connections at a time, and look at the status.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.doppelganger.ops.plugins.module_utils._check_gate import examine
from ansible_collections.doppelganger.ops.plugins.module_utils._engine import Project
from ansible_collections.doppelganger.ops.plugins.module_utils._redact import Redactor

PROBES, AT_ONCE, ROUNDS = 1000, 200, 5
BODY = b'{"status": "ok"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
    len(BODY),
    BODY,
)


def serve(tell: Connection) -> None:
    """Answer every request, and nothing else."""

    class Answer(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            assert isinstance(self.transport, asyncio.Transport)
            self.transport.write(ANSWER)
            self.transport.close()

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", 0, backlog=1000)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def server() -> Iterator[int]:
    """The port of a server that runs for the length of the block."""
    listen, tell = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=serve, args=(tell,), daemon=True)
    process.start()
    try:
        yield listen.recv()
    finally:
        process.terminate()
        process.join()
        listen.close()
        tell.close()


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


def timed(work: Callable[[int], None], port: int) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work(port)
    return time.perf_counter() - began


def measure() -> tuple[float, float, float]:
    """Medians of the bare client and of the checklist, in seconds, and their ratio."""
    with server() as port:
        timed(bare, port)
        timed(checklist, port)
        pairs = [(timed(bare, port), timed(checklist, port)) for _ in range(ROUNDS)]
    by_hand, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    return by_hand, ours, ours / by_hand


if __name__ == "__main__":
    by_hand, ours, ratio = measure()
    print(f"{PROBES} HTTP probes: bare client {by_hand:.3f} s, one health_check task {ours:.3f} s, ratio {ratio:.2f}")
