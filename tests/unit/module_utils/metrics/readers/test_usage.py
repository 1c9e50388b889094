"""What containers, machines, pods and nodes use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._usage import machine_usage, usage_from
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import SOURCES
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._values import sample
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._containers import Containers
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._host import Machines
from ansible_collections.doppelganger.ops.plugins.module_utils.running._project import Usage
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.running._usage import KubeUsage, quantity
from tests.unit.module_utils.checks.kinds.test_exec import container
from tests.unit.support.metric_sources import plain_project, wait_for

STATS = {
    "read": "2026-01-01T00:00:10.5Z",
    "cpu_stats": {"cpu_usage": {"total_usage": 5_000_000_000}, "online_cpus": 2},
    "memory_stats": {"usage": 300, "limit": 1000, "stats": {"inactive_file": 100}},
    "blkio_stats": {"io_service_bytes_recursive": [
        {"op": "Read", "value": 10}, {"op": "write", "value": 5}, {"op": "Total", "value": 15},
    ]},
    "networks": {"eth0": {"rx_bytes": 7, "tx_bytes": 3}},
}  # fmt: skip


def test_the_statistics_of_the_engine() -> None:
    found = usage_from("app", "shop-app-1", STATS)
    assert (found.cpu_seconds, found.cpus, found.memory_bytes, found.memory_limit) == (5, 2, 200, 1000)
    assert (found.disk_bytes, found.network_bytes, found.at) == (15, 10, 1767225610.5)


def test_a_container_that_has_just_ended_says_next_to_nothing() -> None:
    found = usage_from("app", "shop-app-1", {"read": "0001-01-01T00:00:00Z"})
    assert (found.cpu_seconds, found.memory_bytes, found.memory_limit, found.at) == (None, None, None, None)


def test_this_machine(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "stat").write_text("cpu  100 0 100 700 100 0 0 0 5 0\ncpu0 1\ncpu1 1\nintr 1\n")
    (tmp_path / "meminfo").write_text("MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 250 kB\n")
    rows = (
        "8 0 sda 1 0 100 0 1 0 50 0",
        "8 1 sda1 1 0 100 0 1 0 50 0",
        "7 0 loop0 1 0 9 0 1 0 9 0",
        "253 0 dm-0 1 0 9 0 1 0 9",
    )
    disks = "\n".join(rows)
    (tmp_path / "diskstats").write_text(disks)
    network = "a\nb\n lo: 9 0 0 0 0 0 0 0 9\neth0: 100 0 0 0 0 0 0 0 20\nveth1: 9 0 0 0 0 0 0 0 9\n"
    (tmp_path / "net/dev").write_text(network)
    found = machine_usage(tmp_path)
    assert (found.cpu_seconds, found.cpus) == (2.0, 2)
    assert (found.memory_bytes, found.memory_limit) == (750 * 1024, 1000 * 1024)
    assert (found.disk_bytes, found.network_bytes) == (150 * 512, 120)


def test_this_very_machine() -> None:
    found = machine_usage()
    assert 0 < (found.memory_bytes or 0) < (found.memory_limit or 0)


def asked(field: str, kind: str = "containers", **more: Any) -> dict[str, Any]:
    return {**{name: option.default for name, option in SOURCES[kind].items()}, "field": field, **more}


def look(project: Any, options: dict[str, Any], services: tuple[str, ...] = ()) -> Any:
    return wait_for(Containers({}, project, services).look({"one": (options, 60.0)}, 2))["one"]


USED = [
    Usage("shop-app-1", "app", cpu_seconds=10, cpus=2, memory_bytes=90, memory_limit=100, disk_bytes=1000),
    Usage("shop-db-1", "db", cpu_seconds=4, cpus=2, memory_bytes=10, memory_limit=100, disk_bytes=500),
]


def test_a_share_is_that_of_the_worst_and_of_those_that_are_asked_for() -> None:
    options = asked("memory_percent")
    assert sample(look(plain_project(used=USED), options), None, options, "above").value == 90
    only = asked("memory_percent", services=("db",))
    assert sample(look(plain_project(used=USED), only), None, only, "above").value == 10


def test_what_grows_is_a_rate() -> None:
    later = [Usage(one.name, one.service, cpu_seconds=(one.cpu_seconds or 0) + 3, cpus=2) for one in USED]
    options = asked("cpu_percent")
    before, now = look(plain_project(used=USED), options), look(plain_project(used=later), options)
    assert before.needs_before(options)
    seconds = now.at - before.at
    assert sample(now, before, options, "above").value == pytest.approx(150 / seconds)


def test_what_somebody_has_worked_out_is_taken_as_it_is() -> None:
    options = asked("cpu_percent")
    found = look(plain_project(used=[Usage("a", cores=1.5, cpus=2)]), options)
    assert not found.needs_before(options)
    assert sample(found, None, options, "above").value == 75


def test_what_nobody_tells_is_an_error_that_stays() -> None:
    found = look(plain_project(used=[Usage("a")]), asked("disk_bytes_per_second"))
    assert found.final
    assert "does not tell disk bytes per second; let Prometheus be its source" in found.error
    assert "nothing is running" in look(plain_project(), asked("memory_percent")).note


def test_how_many_run_is_counted_for_each_service_that_ought_to() -> None:
    project = plain_project(
        found=[container("app"), container("app", "exited"), container("db")], used=OpsError("not asked")
    )
    found = look(project, asked("running"), ("app", "db", "cache"))
    assert found.series == {"app": (1,), "db": (1,), "cache": (0,)}


def test_machines_are_asked_for_machines() -> None:
    options = asked("memory_percent", "host")
    project = plain_project(machine=[Usage("node-1", memory_bytes=1, memory_limit=4)])
    found = wait_for(Machines({}, project).look({"one": (options, 1.0)}, 2))["one"]
    assert found.series == {"node-1": (25,)}


# a cluster


@pytest.mark.parametrize(
    ("text", "number"),
    [("250m", 0.25), ("2", 2), ("128Mi", 128 * 2**20), ("1500n", 1.5e-6), ("1e3", 1000), ("1G", 1e9), ("odd", None),
     (None, None), ("5Xi", None)],
)  # fmt: skip
def test_quantities(text: str | None, number: float | None) -> None:
    found = quantity(text)
    assert found == number if number is None else found == pytest.approx(number)


class FakeCluster:
    """Answers by path; what is not there is missing, and what is forbidden raises."""

    namespace = "shop"

    def __init__(self, answers: dict[str, Any], now: float = 1767225600.0) -> None:
        self.answers = answers
        self.time = now

    def now(self) -> float:
        return self.time

    def read(self, path: str, resource: str, what: str, *, accept_missing: bool = False) -> Any:
        found = self.answers.get(path)
        if isinstance(found, Exception):
            raise found
        if found is None and not accept_missing:
            raise OpsError(f"no {path}")
        return found


OWNER = {"kind": "StatefulSet", "name": "app", "controller": True}
LIMITS = {"limits": {"memory": "100Mi", "cpu": "500m"}}
POD = {
    "metadata": {"name": "app-1", "uid": "u1", "ownerReferences": [OWNER]},
    "spec": {"nodeName": "n1", "containers": [{"name": "app", "resources": LIMITS}]},
}
SERVED = "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"
NODES = "/apis/metrics.k8s.io/v1beta1/nodes"
SUMMARY = "/api/v1/nodes/n1/proxy/stats/summary"
ITEM = {
    "metadata": {"name": "app-1"}, "timestamp": "2026-01-01T00:00:00Z",
    "containers": [{"name": "app", "usage": {"cpu": "250m", "memory": "50Mi"}}],
}  # fmt: skip
CONTAINER = {"name": "app", "cpu": {"usageNanoCores": 250_000_000}, "memory": {"workingSetBytes": 50 * 2**20}}
TOLD = {
    "node": {
        "cpu": {"usageNanoCores": 1_000_000_000},
        "memory": {"workingSetBytes": 60, "availableBytes": 40},
        "network": {"rxBytes": 1, "txBytes": 2, "time": "2026-01-01T00:00:00Z"},
    },
    "pods": [
        {"podRef": {"uid": "u1"}, "network": {"rxBytes": 5, "txBytes": 6}, "containers": [CONTAINER]},
        {"podRef": {"uid": "of somebody else"}, "containers": [{"name": "x"}]},
    ],
}
FORBIDDEN = Refused("nodes/proxy is forbidden")


def usage(answers: dict[str, Any], now: float = 1767225600.0) -> KubeUsage:
    return KubeUsage(FakeCluster(answers, now))  # type: ignore[arg-type]  # a fake of what is asked of it


@pytest.mark.parametrize("answers", [{SERVED: {"items": [ITEM]}}, {SUMMARY: TOLD}], ids=["metrics server", "kubelet"])
def test_pods_are_told_by_whoever_knows(answers: dict[str, Any]) -> None:
    [found] = usage(answers).containers([POD])
    assert (found.name, found.service, found.cores, found.cpus) == ("app-1/app", "app", 0.25, 0.5)
    assert (found.memory_bytes, found.memory_limit) == (50 * 2**20, 100 * 2**20)


def test_what_a_metrics_server_has_kept_too_long_is_not_said() -> None:
    assert usage({SERVED: {"items": [ITEM]}}, now=1767225600.0 + 400).containers([POD]) == []


def test_a_metrics_server_that_is_down_is_none() -> None:
    [found] = usage({SERVED: OpsError("no endpoints"), SUMMARY: TOLD}).containers([POD])
    assert found.network_bytes == 11


def test_nobody_who_may_be_asked_is_named_with_what_to_do() -> None:
    with pytest.raises(Refused, match="no metrics server") as refused:
        usage({SUMMARY: FORBIDDEN}).containers([POD])
    assert "let Prometheus be the source" in refused.value.hint


def test_a_node_is_told_by_its_kubelet_or_by_the_metrics_server() -> None:
    capacity = {"status": {"capacity": {"cpu": "4", "memory": "200"}}}
    [told] = usage({SUMMARY: TOLD, "/api/v1/nodes/n1": capacity}).nodes([POD])
    assert (told.cores, told.cpus, told.memory_bytes, told.memory_limit, told.network_bytes) == (1, 4, 60, 200, 3)
    node = {"metadata": {"name": "n1"}, "usage": {"cpu": "2", "memory": "20"}}
    answers = {SUMMARY: FORBIDDEN, NODES: {"items": [node]}, "/api/v1/nodes/n1": capacity}
    [served] = usage(answers).nodes([POD])
    assert (served.cores, served.memory_bytes, served.network_bytes) == (2, 20, None)


def test_without_the_right_to_read_nodes_their_memory_is_known_all_the_same() -> None:
    [told] = usage({SUMMARY: TOLD, "/api/v1/nodes/n1": Refused("nodes is forbidden")}).nodes([POD])
    assert (told.memory_limit, told.cpus) == (100, None)
