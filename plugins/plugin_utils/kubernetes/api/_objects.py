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
WORKLOADS = {
    "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1",
    "ReplicaSet": "apps/v1", "ReplicationController": "v1", "Pod": "v1",
}  # fmt: skip

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


class Ref(NamedTuple):
    """The name of an object in its namespace. Its group says which kind is meant, whatever the version."""

    group: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def is_workload(self) -> bool:
        """Whether it is waited for: the Job of another group, say, is what its own controller makes of it."""
        return self.kind in WORKLOADS and not _is_foreign(self.group)


def ref_of(thing: Mapping[str, Any]) -> Ref:
    """Name an object."""
    return Ref(group_of(str(thing["apiVersion"])), str(thing["kind"]), str(thing["metadata"]["name"]))


def group_of(api_version: str) -> str:
    """The group of ``group/version``; empty for the core group."""
    return api_version.rpartition("/")[0]


def is_custom(thing: Mapping[str, Any]) -> bool:
    """Whether somebody else's controller acts on the object, and may make others for it (a Secret, say)."""
    return _is_foreign(group_of(str(thing["apiVersion"])))


def _is_foreign(group: str) -> bool:
    return "." in group and not group.endswith(".k8s.io")


def kind_of(thing: Mapping[str, Any]) -> str:
    """The kind of an object, as :func:`kind_in`."""
    return kind_in(str(thing.get("apiVersion") or ""), str(thing.get("kind") or ""))


def kind_in(api_version: str, kind: str) -> str:
    """A kind by its name where it is one of Kubernetes itself, else with its group: one that somebody else calls Job is
    something else."""
    group = group_of(api_version)
    return f"{kind}.{group}" if _is_foreign(group) else kind


def is_workload(thing: Mapping[str, Any]) -> bool:
    """Whether it is one of those that are waited for."""
    return kind_of(thing) in WORKLOADS


def order_of(thing: Mapping[str, Any]) -> tuple[int, str, str]:
    """A sort key: configuration first, then storage and services, then workloads."""
    return _RANKS.get(kind_of(thing), 50), str(thing["kind"]), str(thing["metadata"]["name"])


def template_of(thing: Object) -> Object | None:
    """The pod template of a workload, itself and not a copy; a Pod is its own."""
    kind, spec = kind_of(thing), thing.get("spec") or {}
    if kind == "Pod":
        return thing
    if kind == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    elif kind not in WORKLOADS:
        return None
    template = spec.get("template")
    return template if isinstance(template, dict) else None


def containers_of(template: Mapping[str, Any]) -> list[Object]:
    """The containers of a pod template, those that run before the others included."""
    spec = template.get("spec") or {}
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def keeps_running(thing: Mapping[str, Any]) -> bool:
    """Whether it is a workload whose pods are to be there for good."""
    if kind_of(thing) == "Pod":
        return (thing.get("spec") or {}).get("restartPolicy") in (None, "Always")
    return is_workload(thing) and kind_of(thing) != "Job"


def goes_by_itself(thing: Mapping[str, Any]) -> bool:
    """Whether it is a Job that the cluster deletes some time after it is done."""
    return kind_of(thing) == "Job" and (thing.get("spec") or {}).get("ttlSecondsAfterFinished") is not None


def owned_by(things: Sequence[Object], uid: str) -> list[Object]:
    """Those that the object with this uid controls."""
    return [one for one in things if controller_of(one) == uid]


def controller_of(thing: Mapping[str, Any]) -> str:
    """The uid of the object that controls another one; empty where nothing does."""
    for owner in thing["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            return str(owner["uid"])
    return ""
