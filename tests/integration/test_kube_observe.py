"""Monitoring on the real cluster: real Prometheus, Alertmanager and exporters in the namespace of the application."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import doppelganger_ops as ops
from tests.integration.application import Run
from tests.integration.conftest import free_port
from tests.integration.kube_application import Account, KubeApplication
from tests.integration.receivers import Mailbox, Webhook, telling
from tests.integration.test_kube_rights import without
from tests.lab import monitoring, network
from tests.lab.kubernetes import cluster as lab

TOKEN = "canary-of-the-webhook-5b2e"
OURS = "doppelganger.ops/application={}.monitoring"
#: the kind that the Prometheus operator brings. It stays, as others may have asked already which kinds there are
PROMETHEUS_RULES: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "prometheusrules.monitoring.coreos.com"},
    "spec": {
        "group": "monitoring.coreos.com",
        "scope": "Namespaced",
        "names": {"kind": "PrometheusRule", "plural": "prometheusrules", "singular": "prometheusrule"},
        "versions": [{
            "name": "v1", "served": True, "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        }],
    },
}  # fmt: skip
QUICK: dict[str, Any] = {"service_up": {"limits": {"critical": {"sustained": 4}}}}
SETTLED = 3.0


@dataclass(frozen=True)
class World:
    """The application, who is notified of its alerts, and the login that sets monitoring up."""

    app: KubeApplication
    pager: Webhook
    account: Account

    @property
    def named(self) -> str:
        return f"monitoring-{self.app.name}"

    def ask(self, path: str) -> Any:
        """What Prometheus answers."""
        at = f"/api/v1/namespaces/{self.app.namespace}/services/{self.named}-prometheus:9090/proxy{path}"
        return json.loads(self.app.kubectl("get", "--raw", at))["data"]

    def rules(self) -> dict[str, Any]:
        """The rules that are loaded."""
        return {rule["name"]: rule for group in self.ask("/api/v1/rules")["groups"] for rule in group["rules"]}

    def observe(self, *arguments: str, **changes: Any) -> Run:
        """Run the playbook with the rights that are asked for, and see that it says no secret."""
        self.app.write(**{**self.account.login(), **changes})
        run = self.app.play("observe", *arguments)
        assert TOKEN not in run.output
        return run

    def everything(self) -> dict[str, tuple[str, str]]:
        """The objects that came with monitoring or that could have, by what they are."""
        kinds = "configmaps,secrets,services,deployments.apps,daemonsets.apps,pods"
        return {
            f"{one['kind']} {one['metadata']['name']}": (one["metadata"]["uid"], json.dumps(one.get("spec")))
            for one in self.app.objects(kinds)
            if not one["metadata"].get("deletionTimestamp")
        }


@pytest.fixture(scope="module")
def world(kube: KubeApplication) -> Iterator[World]:
    images = monitoring.ensure()
    host = network.bridge()
    pager, mailbox = Webhook(host, TOKEN, host), Mailbox(host, free_port())
    kube.variables.update(
        {
            "app_metrics": QUICK,
            "app_checks": [{"name": "All pods in Running state", "kind": "containers"}],
            "app_soak_seconds": 0,
            "observe_images": images,
            "observe_ports": {"host": free_port()},
            "observe_exporters": ["host", "database", "cache"],
            **telling(pager, mailbox),
            "observe_secrets": {"webhook_token": TOKEN, "database_password": kube.env["POSTGRES_PASSWORD"]},
        }
    )
    kube.write()
    run = kube.deploy("v0.2.1")
    assert run.rc == 0, run.output
    yield World(kube, pager, Account(kube, "doppelganger-ops-observe", "rbac-observe.yml"))
    pager.close()
    mailbox.close()


def test_a_right_that_is_missing_is_named_and_a_check_foretells(world: World) -> None:
    before = world.everything()
    with without(world.account, ("apps", "daemonsets", "patch"), ("", "services/proxy", "get")):
        run = world.observe()
    assert run.rc == 2
    assert "patch daemonsets.apps" in run.said
    assert "get services/proxy" in run.said
    run = world.observe("--check", "--diff")
    assert (run.rc, run.changed()) == (0, 1), run.output
    assert "alert: ServiceUpCritical" in run.output
    assert world.everything() == before


def test_it_is_set_up_and_works(world: World) -> None:
    before = world.everything()
    run = world.observe()
    assert (run.rc, run.changed()) == (0, 1), run.output
    assert f"the targets of {world.app.name}, node, postgres, redis are up" in run.said
    assert {"ServiceUpCritical", "DeadlocksWarning", "HostMetricsMissing"} <= world.rules().keys()
    up = [one["labels"]["job"] for one in world.ask("/api/v1/targets?state=active")["activeTargets"]]
    assert up.count(world.app.name) == 2, "each pod of the application is asked"
    after = world.everything()
    assert before.items() <= after.items()
    assert [key for key, (_, spec) in after.items() if TOKEN in spec] == []
    described = {one["kind"]: json.dumps(one) for one in world.app.objects("configmaps,deployments.apps")}
    assert [kind for kind, text in described.items() if TOKEN in text] == []


def test_a_second_run_changes_nothing_and_a_deployment_leaves_it_alone(world: World) -> None:
    before = world.everything()
    for arguments in ((), ("--check", "--diff")):
        run = world.observe(*arguments)
        assert (run.rc, run.changed()) == (0, 0), run.output
    assert world.everything() == before
    world.app.write()
    run = world.app.deploy("v0.2.1")
    assert (run.rc, run.changed()) == (0, 0), run.output
    assert world.everything().keys() - before.keys() == set()
    assert before.keys() - world.everything().keys() == set()


def test_a_service_that_is_down_is_paged_once_and_resolves(world: World) -> None:
    began = time.time()
    world.app.kubectl("scale", "deployment", "doppelganger-app", "--replicas=0")
    page = world.pager.wait("ServiceUpCritical", "firing", began)
    time.sleep(SETTLED)
    world.app.kubectl("scale", "deployment", "doppelganger-app", "--replicas=2")
    world.pager.wait("ServiceUpCritical", "resolved", began)
    time.sleep(SETTLED)
    told = [len(world.pager.of("ServiceUpCritical", status, began)) for status in ("firing", "resolved")]
    assert told == [1, 1]
    assert page["alerts"][0]["labels"]["app"] == world.app.name


def test_another_number_is_loaded_what_is_not_wanted_goes_and_what_is_broken_is_taken_back(world: World) -> None:
    metrics = {**QUICK, "connections": {"limits": {"warning": {"above": 77}}}}
    fewer = ["database", "cache"]
    run = world.observe(app_metrics=metrics, observe_exporters=fewer)
    assert (run.rc, run.changed()) == (0, 1), run.output
    assert world.rules()["ConnectionsWarning"]["query"].endswith("> 77")
    left = {one["metadata"]["name"] for one in world.app.objects("deployments.apps,daemonsets.apps,services")}
    assert f"{world.named}-cache" in left
    assert f"{world.named}-host" not in left

    before = world.everything()
    broken = {**metrics, "connections": {"sources": {"prometheus": {"query": "sum("}}}}
    # Alertmanager refuses this as well: neither keeps what is new
    run = world.observe(app_metrics=broken, observe_exporters=fewer, observe_webhook_url="nowhere")
    assert run.rc == 2, run.output
    assert "The monitoring is as it was before" in run.said
    after = world.everything()
    assert {key: one for key, one in after.items() if not key.startswith("Pod ")} == {
        key: one for key, one in before.items() if not key.startswith("Pod ")
    }
    assert {key for key in before if key.startswith("Pod ")} <= after.keys(), "the old ones went on working"
    assert world.rules()["ConnectionsWarning"]["query"].endswith("> 77")


def test_rules_alone_are_handed_to_an_operator_that_is_there(world: World) -> None:
    def made() -> list[tuple[dict[str, str], dict[str, str]]]:
        """The labels of each object, and its alerts with what they ask."""
        return [
            (one["metadata"]["labels"], {rule["alert"]: rule["expr"] for rule in one["spec"]["groups"][0]["rules"]})
            for one in world.app.objects("prometheusrules")
        ]

    world.app.kubectl("apply", "--filename", "-", stdin=json.dumps(PROMETHEUS_RULES))
    world.app.kubectl("wait", "--for=condition=Established", "crd", PROMETHEUS_RULES["metadata"]["name"])
    alone = {"observe_mode": "rules", "observe_rule_labels": {"release": "monitoring"}}
    run = world.observe("--check", "--diff", **alone)
    assert (run.rc, run.changed(), made()) == (0, 1, []), run.output
    assert "alert: ServiceUpCritical" in run.output

    done = ops.observe(inventory=world.app.inventory).raise_for_status()
    assert (done.status, done.changed) == (ops.Status.OK, True)
    ((labels, alerts),) = made()
    assert labels["release"] == "monitoring"
    assert f"{len(alerts)} rules are there for the operator" in done.targets["app"].message
    for arguments in (["--check"], []):
        run = world.observe(*arguments, **alone)
        assert (run.rc, run.changed(), made()) == (0, 0, [(labels, alerts)]), run.output

    other = {**alone, "app_metrics": {"connections": {"limits": {"warning": {"above": 78}}}}}
    run = world.observe("--check", **other)
    assert (run.rc, run.changed(), made()) == (0, 1, [(labels, alerts)]), run.output
    run = world.observe(**other)
    assert (run.rc, run.changed()) == (0, 1), run.output
    ((_, changed),) = made()
    assert changed["ConnectionsWarning"].endswith("> 78")


@pytest.fixture
def volumes(world: World, tmp_path: Path) -> Iterator[None]:
    """What is to be claimed. The lab's own kind of volume belongs to root, whatever group a pod asks for."""
    on_any_node = {"key": "kubernetes.io/hostname", "operator": "Exists"}
    names = [f"{world.named}-{server}" for server in ("prometheus", "alertmanager")]
    for name in names:
        (tmp_path / name).mkdir()
        made = {
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {
                "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"},
                "storageClassName": lab.STORAGE_CLASS["metadata"]["name"],
                "claimRef": {"namespace": world.app.namespace, "name": name},
                "local": {"path": str(tmp_path / name)},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [on_any_node]}]}},
            },
        }  # fmt: skip
        world.app.kubectl("apply", "--filename", "-", stdin=json.dumps(made))
    yield
    world.app.kubectl("delete", "persistentvolume", *names, "--wait=false")


@pytest.mark.usefixtures("volumes")
def test_what_the_servers_saw_is_kept_in_claims(world: World) -> None:
    stored = {"observe_storage": "64Mi", "observe_exporters": ["cache"]}
    run = world.observe(**stored)
    assert (run.rc, run.changed()) == (0, 1), run.output
    claims = [one for one in world.app.objects("persistentvolumeclaims") if world.named in one["metadata"]["name"]]
    assert [one["status"]["phase"] for one in claims] == ["Bound", "Bound"]
    run = world.observe(**stored)
    assert (run.rc, run.changed()) == (0, 0), run.output
    run = world.observe(**stored, app_metrics={"connections": {"limits": {"warning": {"above": 79}}}})
    assert (run.rc, run.changed()) == (0, 1), run.output
    seen = world.ask("/api/v1/query?query=count_over_time(up[60s])")["result"]
    assert max(int(one["value"][1]) for one in seen) > SETTLED, "also what the pod before it saw"
