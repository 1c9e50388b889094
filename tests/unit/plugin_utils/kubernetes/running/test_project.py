"""Which pods of a namespace are the application's, and what is asked of the cluster for that."""

from __future__ import annotations

from typing import Any, cast

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._namespace import Cluster
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.running._project import KubeProject
from tests.unit.support.kube import Object, pod, thing

OURS = {"doppelganger.ops/application": "shop"}


class Namespace:
    """A namespace that tells which kinds were asked for."""

    def __init__(self, *things: Object) -> None:
        self.things = things
        self.asked: list[str] = []

    def list(self, _: str, kind: str, *, labels: str = "", only_metadata: bool = False) -> tuple[list[Object], str]:
        self.asked += [kind] if labels else []
        fitting = [one for one in self.things if one["kind"] == kind]
        mine = [one for one in fitting if (one["metadata"].get("labels") or {}).items() >= OURS.items()]
        return (mine if labels else fitting), "1"


def owned(kind: str, name: str, labels: Any = None) -> list[Object]:
    """A workload and its pod."""
    owner = thing(kind, name, metadata={"labels": labels or {}})
    found = pod(name=f"{name}-a", labels=labels)
    found["metadata"].update(
        creationTimestamp="2026-01-01T00:00:00Z", ownerReferences=[{"kind": kind, "name": name, "controller": True}]
    )
    return [owner, found]


def bare(name: str, labels: Any = None) -> Object:
    found = pod(name=name, labels=labels)
    found["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    return found


def test_pods_of_every_kind_of_workload_are_found_and_strangers_are_not_asked_for() -> None:
    strangers = [*owned("ReplicationController", "old"), bare("debug")]
    namespace = Namespace(*owned("StatefulSet", "db", OURS), bare("alone", OURS), *strangers)
    project = KubeProject(cast(Cluster, namespace), "shop")
    assert [one["metadata"]["name"] for one in project.pods()] == ["alone", "db-a"]
    assert namespace.asked == ["Pod", "StatefulSet"]


def test_a_controller_of_ours_is_asked_for() -> None:
    namespace = Namespace(*owned("ReplicationController", "web", OURS))
    project = KubeProject(cast(Cluster, namespace), "shop")
    assert [one["metadata"]["name"] for one in project.pods()] == ["web-a"]
