"""Metrics from a real Prometheus: the catalogue's queries, a gate, the comparison with the time before a release."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.integration.application import Application
from tests.integration.receivers import until
from tests.integration.test_studio_metrics import gates, valid
from tests.integration.visitors import visitors
from tests.lab import monitoring

SOAK = 15
#: how long before a release is compared with, in seconds
BEFORE = 20
#: each answer takes so long that what a busy machine adds is within the tolerance
STEADY = {"STUDIO_FAULT": "slow", "STUDIO_SLOW_SECONDS": "0.4"}
SLOWER = {"STUDIO_FAULT": "slow", "STUDIO_SLOW_SECONDS": "0.9"}
LATENCY = {"metric": "latency_p95", "tier": "warning", "interval": 1, "warm_up": 5, "window": 8}
COMPARED = {
    "metric": "latency_mean", "interval": 1, "warm_up": 2, "window": 4,
    # four looks see the same requests, so these few say less
    "compare": {"min_samples": 8, "before": BEFORE, "tolerance": 0.5, "alpha": 0.05},
}  # fmt: skip
#: only an exporter knows these, and none runs here; and there was no traffic an hour ago
WITHOUT = {
    "cpu", "memory", "service_memory", "disk_io", "network_io", "query_time", "pool_usage", "deadlocks",
    "replication_lag", "database_failures", "cache_hits", "request_growth",
}  # fmt: skip


@pytest.fixture(scope="module")
def prometheus(app: Application, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus that asks the studio every second."""
    with monitoring.prometheus(
        tmp_path_factory.mktemp("prometheus"), app.name, [app.url.removeprefix("http://")]
    ) as url:
        yield url


@pytest.fixture(scope="module")
def studio(app: Application, prometheus: str) -> Iterator[Application]:
    """The studio with Prometheus as its only source; deployed, and visited all the time."""
    checks = [check for check in app.variables["app_checks"] if check["kind"] in ("containers", "postgres")]
    checks += [check for check in app.variables["app_checks"] if check["name"].startswith("Health endpoint")]
    mean = "1000 * sum(rate(${latency}_sum{$app}[${window}s])) / sum(rate(${latency}_count{$app}[${window}s]))"
    app.variables.update(
        {
            "app_checks": checks,
            "app_environment": {**app.variables["app_environment"], **STEADY},
            "app_soak_seconds": SOAK,
            "app_metric_sources": {
                "prometheus": {"url": prometheus},
                "containers": None,
                "host": None,
                "postgres": None,
            },
            "app_metrics": {
                "latency_p95": {"limits": {"warning": {"above": 2500}}},
                "latency_mean": {"title": "Mean", "unit": "ms", "sources": {"prometheus": {"query": mean}}},
            },
            "app_metric_gates": [LATENCY, COMPARED],
        }
    )
    app.write(app_metric_gates=[])
    with visitors(app.url):
        run = app.deploy("v0.2.1")
        assert run.rc == 0, run.output
        app.write()
        yield app


def visited(studio: Application, seconds: int) -> None:
    """Wait until what runs now, and was visited since it started, is so old."""
    query = f'time() - process_start_time_seconds{{job="{studio.name}"}} > {seconds}'
    address = (
        f"{studio.variables['app_metric_sources']['prometheus']['url']}/api/v1/query?{urlencode({'query': query})}"
    )

    def is_so() -> bool:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return bool(json.load(answer)["data"]["result"])

    until(f"{seconds} s of visits", is_so, 120)


def test_the_queries_of_the_catalogue_are_answered(studio: Application) -> None:
    visited(studio, 5)
    run = valid(studio.play("monitor"))
    found = {row["name"]: row for row in run.target()["metrics"]}
    assert run.rc == 0, run.output
    assert {name for name, row in found.items() if row["state"] == "inconclusive"} == WITHOUT
    assert not [row for row in found.values() if row["state"] == "error"], json.dumps(found)
    assert found["service_up"]["value"] == 1
    assert found["request_rate"]["value"] > 0.1
    assert len(found["request_rate"]["history"]) >= 1
    assert f'job="{studio.name}"' in found["request_rate"]["query"]


def test_a_release_as_good_as_the_one_before_stays(studio: Application) -> None:
    visited(studio, BEFORE)
    studio.write(app_environment={**studio.variables["app_environment"], "STUDIO_ERROR_SHARE": "0.01"})
    run = valid(studio.deploy("v0.2.1"))
    found = gates(run.target()["checks"])
    assert run.rc == 0, run.output
    assert found["latency_p95"]["state"] == "pass", found["latency_p95"]
    assert found["latency_mean"]["state"] == "pass", found["latency_mean"]
    assert "not worse than before" in found["latency_mean"]["reason"]


def test_a_release_that_is_slower_than_before_is_undone_though_it_is_within_its_limit(studio: Application) -> None:
    visited(studio, BEFORE)
    studio.write(app_environment={**studio.variables["app_environment"], **SLOWER})
    run = valid(studio.deploy("v0.2.1"))
    found = gates(run.target()["failure"]["checks"])
    assert (run.rc, run.target()["status"]) == (2, "rolled_back"), run.output
    assert found["latency_mean"]["state"] == "fail"
    assert "worse than before: median" in found["latency_mean"]["reason"]
