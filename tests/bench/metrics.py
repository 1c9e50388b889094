"""Metrics: 200 from one Prometheus in one task against the same queries from a bare asyncio client, and the judge.

Both clients talk to the same server, in a process of its own, with at most 20 questions at a time, and read the values.
The server keeps connections open for who wants that, as Prometheus does; who writes a client by hand mostly does not.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import quote

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.doppelganger.ops.plugins.module_utils._engine import Project
from ansible_collections.doppelganger.ops.plugins.module_utils._metric_compare import Comparison, compared
from ansible_collections.doppelganger.ops.plugins.module_utils._metric_judge import Rules, judged
from ansible_collections.doppelganger.ops.plugins.module_utils._metric_task import MEASURING, examine
from ansible_collections.doppelganger.ops.plugins.module_utils._metric_values import Sample
from ansible_collections.doppelganger.ops.plugins.module_utils._metrics import Limit

METRICS, AT_ONCE, ROUNDS = 200, 20, 5
SAMPLES = 100_000
SERIES = [{"metric": {"__name__": "up", "instance": f"host-{number}"}, "value": [1, "1"]} for number in range(3)]
BODY = json.dumps({"status": "success", "data": {"resultType": "vector", "result": SERIES}}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)


def query(number: int) -> str:
    """What is asked for."""
    return f'sum by (instance) (rate(requests_total{{job="shop",path="/{number}"}}[300s]))'


def serve(tell: Connection) -> None:
    """Answer every request, and nothing else."""

    class Answer(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            assert isinstance(self.transport, asyncio.Transport)
            self.transport.write(ANSWER)
            if b"Connection: close" in data:
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

    async def ask(slots: asyncio.Semaphore, number: int) -> float:
        async with slots:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            path = f"/api/v1/query?query={quote(query(number))}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
            found = json.loads(answer.partition(b"\r\n\r\n")[2])
            return max(float(one["value"][1]) for one in found["data"]["result"])

    async def main() -> list[float]:
        slots = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(ask(slots, number) for number in range(METRICS)))

    assert set(asyncio.run(main())) == {1.0}


def task(port: int) -> None:
    """The same as one task: reading the catalogue's entries, asking, judging, reporting."""
    metrics = [
        {
            "name": f"metric_{number}",
            "title": f"Metric {number}",
            "limits": {"critical": {"above": 10}, "warning": {"above": 5}},
            "sources": {"prometheus": {"query": query(number)}},
        }
        for number in range(METRICS)
    ]
    defaults = {name: option.get("default") for name, option in MEASURING.items()}
    sources = {"prometheus": {"url": f"http://127.0.0.1:{port}"}}
    with Project("") as project:
        found = examine({**defaults, "metrics": metrics, "sources": sources}, project)
    assert found["verdict"] == "pass", found["summary"]
    assert len(found["metrics"]) == METRICS


def timed(work: Callable[[int], None], port: int) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work(port)
    return time.perf_counter() - began


def measure() -> tuple[float, float, float]:
    """Medians of the bare client and of the task, in seconds, and their ratio."""
    with server() as port:
        timed(bare, port)
        timed(task, port)
        pairs = [(timed(bare, port), timed(task, port)) for _ in range(ROUNDS)]
    by_hand, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    return by_hand, ours, ours / by_hand


def judge() -> float:
    """The median time for a verdict on 100,000 samples, by their limit and against the time before: the slower one."""
    dice = random.Random(1)
    samples = [Sample(place / 10, dice.random()) for place in range(SAMPLES)]
    later, earlier = ([one.value for one in samples[side::2]] for side in (0, 1))

    def verdict(_: int) -> None:
        assert judged(samples, Limit("warning", "above", 2), Rules(projected=60)).verdict == "pass"

    def comparison(_: int) -> None:
        assert compared(later, earlier, Comparison())[0] == "pass"

    return max(statistics.median(timed(work, 0) for _ in range(ROUNDS)) for work in (verdict, comparison))


if __name__ == "__main__":
    by_hand, ours, ratio = measure()
    print(f"{METRICS} metrics: bare client {by_hand:.3f} s, one metric_check task {ours:.3f} s, ratio {ratio:.2f}")
    print(f"the judge: {SAMPLES:,} samples in {judge():.3f} s")
