# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shape of what an API server sends, as far as anything here looks into it: checked once, where it comes in.

What is between us and the server, an extension of it or a broken one may send anything. That is the cluster's fault,
and is said with its place; what is there instead is not shown, as it may be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Garbled

from ._objects import WORKLOADS
from ._shapes import ANY_KEY, FLAG, NUMBER, SHARE, TEXT, TEXT_OR_NULL, TEXTS, TIME, found, wrong

HINT = "Check that app_cluster names an API server, and what is between it and this controller (a proxy, an extension)."
_OWNERS = [{"kind!": TEXT, "name!": TEXT, "uid!": TEXT, "controller": FLAG}]
_FIELDS = [
    {"manager": TEXT, "operation": TEXT, "subresource": TEXT, "time": TEXT_OR_NULL, "fieldsV1": {"f:spec": {}}}
]  # fmt: skip
_ABOUT = {
    "name!": TEXT, "uid": TEXT, "resourceVersion": TEXT, "generation": NUMBER, "labels": TEXTS, "annotations": TEXTS,
    "creationTimestamp": TEXT_OR_NULL, "deletionTimestamp": TEXT_OR_NULL, "deletionGracePeriodSeconds": NUMBER,
    "ownerReferences": _OWNERS, "managedFields": _FIELDS,
}  # fmt: skip
#: what the server adds to an object that it keeps; figures that it works out have none of that
_KEPT = {"uid!": TEXT, "resourceVersion!": TEXT, "creationTimestamp!": TEXT}
_WORKED_OUT = ("PodMetrics", "NodeMetrics")
_CONDITIONS = [{"type": TEXT, "status": TEXT, "reason": TEXT, "message": TEXT}]
_ENDED = {"exitCode": NUMBER, "reason": TEXT, "message": TEXT, "finishedAt": TEXT_OR_NULL}
_STATE = {
    "waiting": {"reason": TEXT, "message": TEXT},
    "running": {"startedAt": TEXT_OR_NULL},
    "terminated": _ENDED,
}
_RUNNING = [
    {"name!": TEXT, "image": TEXT, "imageID": TEXT, "ready": FLAG, "restartCount": NUMBER, "state": _STATE,
     "lastState": _STATE}
]  # fmt: skip
_REF = {"name": TEXT}
_CONTAINERS = [
    {
        "name!": TEXT,
        "image": TEXT,
        "ports": [{"name": TEXT, "containerPort": NUMBER}],
        "readinessProbe": {},
        "resources": {"limits": {}},
        "envFrom": [{"configMapRef": _REF, "secretRef": _REF}],
        "env": [{"valueFrom": {"configMapKeyRef": _REF, "secretKeyRef": _REF}}],
    }
]
_POD_SPEC = {"containers!": _CONTAINERS, "initContainers": _CONTAINERS, "nodeName": TEXT}
_POD = {
    "spec!": _POD_SPEC,
    "status": {
        "phase": TEXT, "reason": TEXT, "message": TEXT, "conditions": _CONDITIONS, "containerStatuses": _RUNNING,
        "initContainerStatuses": _RUNNING,
    },
}  # fmt: skip
_TEMPLATE = {"metadata": {"labels": TEXTS, "annotations": TEXTS}, "spec!": _POD_SPEC}
_COUNTS = (
    "observedGeneration", "replicas", "updatedReplicas", "availableReplicas", "readyReplicas", "updatedNumberScheduled",
    "desiredNumberScheduled", "numberAvailable", "succeeded", "active", "failed",
)  # fmt: skip
_STATUS: dict[str, Any] = {**dict.fromkeys(_COUNTS, NUMBER), "conditions": _CONDITIONS, "updateRevision": TEXT}
_ROLLING = {"type": TEXT, "rollingUpdate": {"partition": NUMBER, "maxUnavailable": SHARE}}
_WORKLOAD = {
    "spec!": {
        "replicas": NUMBER, "minReadySeconds": NUMBER, "paused": FLAG, "suspend": FLAG, "ordinals": {"start": NUMBER},
        "podManagementPolicy": TEXT, "strategy": _ROLLING, "updateStrategy": _ROLLING, "template!": _TEMPLATE,
        "ttlSecondsAfterFinished": NUMBER,
    },
    "status": _STATUS,
}  # fmt: skip
_TARGET = {"kind": TEXT, "name": TEXT, "uid": TEXT}
_EVENT = {
    "reason": TEXT, "message": TEXT, "type": TEXT, "lastTimestamp": TEXT_OR_NULL, "eventTime": TEXT_OR_NULL,
    "series": {"lastObservedTime": TEXT_OR_NULL},
    "involvedObject!": {"kind": TEXT, "name": TEXT, "uid": TEXT, "fieldPath": TEXT},
}  # fmt: skip
_SHAPES: dict[str, dict[str, Any]] = {
    **dict.fromkeys(WORKLOADS, _WORKLOAD),
    "Pod": _POD,
    "ControllerRevision": {"revision": NUMBER},
    "Service": {"spec": {"selector": TEXTS, "ports": [{"port": NUMBER, "name": TEXT}]}},
    "Endpoints": {"subsets": [{"addresses": [{"targetRef": _TARGET}]}]},
    "Event": _EVENT,
    # a dry run answers null for a value that a manifest leaves out
    "Secret": {"data": {ANY_KEY: TEXT_OR_NULL}, "type": TEXT},
    "ConfigMap": {"data": {ANY_KEY: TEXT_OR_NULL}, "binaryData": {ANY_KEY: TEXT_OR_NULL}},
    "PodMetrics": {"timestamp": TIME, "containers": [{"name!": TEXT, "usage": {}}]},
    "NodeMetrics": {"timestamp": TIME, "usage": {}},
}
#: what is no object with a name, by what it is called here
_USED = {"workingSetBytes": NUMBER, "availableBytes": NUMBER}
_NETWORK = {"rxBytes": NUMBER, "txBytes": NUMBER, "time": TIME}
_MEASURED = {"cpu": {"usageNanoCores": NUMBER}, "memory": _USED}
_REVIEW = {"verbs": [TEXT], "apiGroups": [TEXT], "resources": [TEXT], "resourceNames": [TEXT]}
OTHERS: dict[str, dict[str, Any]] = {
    "page": {"items": [{}], "metadata!": {"continue": TEXT, "resourceVersion": TEXT}},
    "version": {"gitVersion!": TEXT},
    "resources": {"resources": [{"kind!": TEXT, "name!": TEXT, "namespaced!": FLAG}]},
    "review": {"status!": {"allowed": FLAG, "resourceRules": [_REVIEW]}},
    "metrics": {"items": [{"metadata!": {"name!": TEXT}, "timestamp": TIME, "usage": {},
                           "containers": [{"name!": TEXT, "usage": {}}]}]},
    "summary": {"node": {**_MEASURED, "network": _NETWORK},
                "pods": [{"podRef": {"uid": TEXT}, "network": _NETWORK, "containers": [{"name!": TEXT, **_MEASURED}]}]},
    "node": {"status": {"capacity": {}}},
}  # fmt: skip


def thing(given: Any, kind: str, *, only_metadata: bool = False, is_kept: bool = True) -> dict[str, Any]:
    """An object of a kind as it was received; raises Garbled where it has not the shape that is looked into.

    ``is_kept`` False: it may be none that is there, but what would be.
    """
    about = {**_ABOUT, **_KEPT} if is_kept and kind not in _WORKED_OUT else _ABOUT
    shape = {"metadata!": about, "spec": {}, **({} if only_metadata else _SHAPES.get(kind, {}))}
    return _checked(given, shape, f"{'an' if kind[:1] in 'AEIOU' else 'a'} {kind}", kind)


def page(given: Any, kind: str) -> dict[str, Any]:
    """A page of a list; raises Garbled where it is none, as a Status or a Table, which is no empty list."""
    answered = other(given, "page")
    if "items" not in answered:
        raise Garbled(f"Expected a list of {kind} from the cluster, found no items in the answer.", hint=HINT)
    return answered


def other(given: Any, what: str) -> dict[str, Any]:
    """What is no object with a name, one of :data:`OTHERS`."""
    return _checked(given, OTHERS[what], f"its {what}", what)


def _checked(given: Any, shape: Mapping[str, Any], called: str, kind: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Garbled(f"Expected {called} from the cluster as an object, found {found(given)}.", hint=HINT)
    for place, expected, value in wrong(given, shape):
        raise Garbled(
            f"Expected {called} from the cluster to have {place} as {expected}, found {found(value)}.",
            hint=HINT,
            kind_of_object=kind,
            place=place,
        )
    return given
