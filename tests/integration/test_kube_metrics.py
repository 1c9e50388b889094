"""Metrics on the real cluster: every pod is asked, the kubelet stands in for a metrics server, a slow release goes."""

from __future__ import annotations

import pytest

from tests.integration.kube_application import KubeApplication
from tests.integration.test_studio_metrics import gates, valid

GATES = [
    # answers of a busy machine are slow for some seconds; those of a slow release all are
    {"metric": "latency_p95", "interval": 1, "warm_up": 1, "failure_limit": 6},
    {"metric": "service_memory", "tier": "critical", "interval": 1},
]
#: what a kubelet and this application do not tell without Prometheus, what has nothing to be measured on, and what a
#: kubelet counts only every ten seconds
UNKNOWN = {"request_growth", "replication_lag", "disk_io", "cache_hits", "network_io"}


@pytest.fixture(scope="module")
def studio(kube: KubeApplication) -> KubeApplication:
    """The studio with two pods, deployed with gates; its checks do not mind that it is slow."""
    checks = [
        {name: value for name, value in check.items() if name != "max_latency_ms"}
        for check in kube.variables["app_checks"]
    ]
    kube.variables["app_environment"] = {**kube.variables["app_environment"], "STUDIO_REPLICAS": 2}
    kube.variables.update({"app_checks": checks, "app_soak_seconds": 10, "app_metric_gates": GATES})
    kube.write()
    run = kube.deploy("v0.2.1")
    assert run.rc == 0, run.output
    return kube


def test_monitor_asks_every_pod_and_the_kubelet(studio: KubeApplication) -> None:
    run = valid(studio.play("monitor"))
    found = {row["name"]: row for row in run.target()["metrics"]}
    assert {name for name, row in found.items() if row["value"] is None} <= UNKNOWN, run.output
    assert run.rc == 0, run.output
    assert run.changed() == 0
    assert found["service_up"]["source"] == found["service_memory"]["source"] == "containers"
    assert found["service_memory"]["series"].partition("/")[2]
    assert 0 < found["cpu"]["value"] < 110  # of a node that is measured while it is busy
    assert found["request_rate"]["value"] > 0
    assert "Prometheus" in found["disk_io"]["reason"]


def test_a_good_release_has_passed_its_gates(studio: KubeApplication) -> None:
    found = gates(studio.current()["gates"])
    assert {name: check["state"] for name, check in found.items()} == {"latency_p95": "pass", "service_memory": "pass"}


def test_a_slow_release_is_undone(studio: KubeApplication) -> None:
    before = studio.current()["id"]
    fault = {"STUDIO_FAULT": "slow", "STUDIO_SLOW_SECONDS": "0.7"}
    studio.write(app_environment={**studio.variables["app_environment"], **fault})
    run = valid(studio.deploy("v0.2.1"))
    studio.write()
    target = run.target()
    assert (run.rc, target["status"], target["failure"]["phase"]) == (2, "rolled_back", "soak"), run.output
    assert gates(target["failure"]["checks"])["latency_p95"]["state"] == "fail"
    assert studio.current()["id"] == before
