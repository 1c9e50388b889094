# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a release consists of, as the API's JSON has it: how objects are named, marked, ordered and looked into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Object = dict[str, Any]

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
APPLICATION_LABEL = "doppelganger.ops/application"
#: on what the records consist of; what has it is no part of a release
KIND_LABEL = "doppelganger.ops/kind"
#: who made an object first: ``created`` by us, or ``adopted``
ORIGIN_ANNOTATION = "doppelganger.ops/origin"
CONFIG_ANNOTATION = "doppelganger.ops/config"
RELEASE_ANNOTATION = "doppelganger.ops/release"
#: how many pods a workload had that was stopped
REPLICAS_ANNOTATION = "doppelganger.ops/replicas"
CHANGE_CAUSE_ANNOTATION = "kubernetes.io/change-cause"

#: what is waited for
WORKLOADS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}

#: Helm's order of installing: what others refer to comes first. A kind that is not here (a custom resource may make a
#: Secret that the pods need) comes between the two halves.
_FIRST = (
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "PersistentVolumeClaim",
    "Role",
    "RoleBinding",
    "Service",
)
_LAST = (
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "Ingress",
)
_RANKS = {**{kind: rank for rank, kind in enumerate(_FIRST)}, **{kind: 100 + rank for rank, kind in enumerate(_LAST)}}


def is_custom(thing: Mapping[str, Any]) -> bool:
    """Whether somebody else's controller acts on the object, and may make others for it (a Secret, say)."""
    group = str(thing["apiVersion"]).rpartition("/")[0]
    return "." in group and not group.endswith(".k8s.io")


class Ref(NamedTuple):
    """The name of an object in its namespace. Its group says which kind is meant, whatever the version."""

    group: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def ref_of(thing: Mapping[str, Any]) -> Ref:
    """Name an object."""
    return Ref(group_of(str(thing["apiVersion"])), str(thing["kind"]), str(thing["metadata"]["name"]))


def group_of(api_version: str) -> str:
    """The group of ``group/version``; empty for the core group."""
    return api_version.rpartition("/")[0]


def order_of(thing: Mapping[str, Any]) -> tuple[int, str, str]:
    """A sort key: configuration first, then storage and services, then workloads."""
    kind = str(thing["kind"])
    return _RANKS.get(kind, 50), kind, str(thing["metadata"]["name"])


def template_of(thing: Object) -> Object | None:
    """The pod template of a workload, itself and not a copy; a Pod is its own."""
    kind, spec = thing.get("kind"), thing.get("spec") or {}
    if kind == "Pod":
        return thing
    if kind == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    elif kind not in (*WORKLOADS, "ReplicaSet", "ReplicationController"):
        return None
    template = spec.get("template")
    return template if isinstance(template, dict) else None


def containers_of(template: Mapping[str, Any]) -> list[Object]:
    """The containers of a pod template, those that run before the others included."""
    spec = template.get("spec") or {}
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def goes_by_itself(thing: Mapping[str, Any]) -> bool:
    """Whether it is a Job that the cluster deletes some time after it is done."""
    return thing["kind"] == "Job" and (thing.get("spec") or {}).get("ttlSecondsAfterFinished") is not None


def owned_by(things: Sequence[Object], uid: str) -> list[Object]:
    """Those that the object with this uid controls."""
    return [one for one in things if controller_of(one) == uid]


def controller_of(thing: Mapping[str, Any]) -> str:
    """The uid of the object that controls another one; empty where nothing does."""
    for owner in thing["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            return str(owner["uid"])
    return ""
