"""Metrics: 200 from one Prometheus in one task against the same queries from a bare asyncio client, and the judge.

Both clients talk to the same real Prometheus, which watches itself, with at most 20 questions at a time, each over a
connection that stays open, as Prometheus offers, and read the values.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._project import Project
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._measure import MEASURING, examine
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._compare import Comparison, compared
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._judge import Rules, judged
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import Limit
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._values import Sample
from tests.bench.race import ROUNDS, raced, timed
from tests.lab import monitoring

METRICS, AT_ONCE = 200, 20
SAMPLES = 100_000


def query(number: int) -> str:
    """What is asked for, as the catalogue asks for latency; each is another question."""
    series = f'prometheus_http_request_duration_seconds_bucket{{job!="shop-{number}"}}'
    return f"histogram_quantile(0.95, sum by (le) (rate({series}[300s])))"


@contextmanager
def prometheus() -> Iterator[int]:
    """The port of a Prometheus that has something to tell."""
    with tempfile.TemporaryDirectory() as folder, monitoring.prometheus(Path(folder), "prometheus") as url:
        port = int(url.rpartition(":")[2])
        while not _known(port):
            time.sleep(0.2)
        yield port


def _known(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={quote(query(0))}", timeout=5) as answer:
        return any(one["value"][1] != "NaN" for one in json.load(answer)["data"]["result"])


def bare(port: int) -> None:
    """What anybody would write by hand."""

    async def ask(numbers: Iterator[int]) -> list[float]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        found: list[float] = []
        for number in numbers:
            path = f"/api/v1/query?query={quote(query(number))}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length:")[2].split()[0])
            answer = json.loads(await reader.readexactly(size))
            found.append(max(float(one["value"][1]) for one in answer["data"]["result"]))
        writer.close()
        return found

    async def main() -> list[float]:
        numbers = iter(range(METRICS))  # whoever is free takes the next
        return [value for each in await asyncio.gather(*(ask(numbers) for _ in range(AT_ONCE))) for value in each]

    assert len(asyncio.run(main())) == METRICS


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


def measure() -> tuple[float, float, float]:
    """Medians of the bare client and of the task, in seconds, and their ratio."""
    return raced(prometheus(), bare, task)


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
