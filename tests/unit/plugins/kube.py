"""Objects as the API shows them, as short as a table of cases wants them."""

from __future__ import annotations

import itertools
from typing import Any

Object = dict[str, Any]
_uids = (f"uid-{number}" for number in itertools.count())


def thing(kind: str, name: str, version: str = "v1", owner: Object | None = None, **more: Any) -> Object:
    metadata: Object = {"name": name, "uid": next(_uids), "generation": 1, **more.pop("metadata", {})}
    if owner is not None:
        metadata["ownerReferences"] = [{"uid": owner["metadata"]["uid"], "controller": True}]
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def template(image: str = "app:1") -> Object:
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": image}]}}


def workload(
    kind: str = "Deployment", *, spec: Object | None = None, status: Object | None = None, **more: Any
) -> Object:
    version = "batch/v1" if kind == "Job" else "apps/v1"
    spec = {"replicas": 1, "template": template(), **(spec or {})}
    return thing(kind, "web", version, spec=spec, status={"observedGeneration": 1, **(status or {})}, **more)


def replica_set(owner: Object, image: str = "app:1", name: str = "web-1", **more: Any) -> Object:
    return thing("ReplicaSet", name, "apps/v1", owner, spec={"template": template(image)}, **more)


def running(*, ready: bool = True, restarts: int = 0, last: Object | None = None, name: str = "app") -> Object:
    state = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    return {"name": name, "ready": ready, "restartCount": restarts, "state": state, "lastState": last or {}}


def waits(reason: str, message: str = "", *, restarts: int = 0, last: Object | None = None) -> Object:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": "app", "ready": False, "restartCount": restarts, "state": state, "lastState": last or {}}


def ended(code: int, reason: str = "Error", *, restarts: int = 0, last: Object | None = None) -> Object:
    return {
        "name": "app",
        "ready": False,
        "restartCount": restarts,
        "state": exit_of(code, reason),
        "lastState": last or {},
    }


def exit_of(code: int, reason: str = "Error") -> Object:
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": "2026-01-01T00:00:00Z"}}


def pod(
    owner: Object | None = None, *statuses: Object, name: str = "web-1-a", init: Object | None = None,
    labels: Object | None = None, probed: bool = True, leaving: bool = False, **status: Any,
) -> Object:  # fmt: skip
    statuses = statuses or (running(),)
    ready = all(one["ready"] for one in statuses)
    conditions = [{"type": "Ready", "status": str(ready)}, *status.pop("conditions", [])]
    metadata: Object = {"labels": labels or {}}
    if leaving:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    container = {"name": "app", **({"readinessProbe": {"exec": {}}} if probed else {})}
    shown = {"phase": "Running", "conditions": conditions, "containerStatuses": list(statuses), **status}
    if init is not None:
        shown["initContainerStatuses"] = [init]
    return thing("Pod", name, owner=owner, metadata=metadata, spec={"containers": [container]}, status=shown)


def event(about: Object, reason: str, message: str, at: str = "2026-01-01T00:00:05Z", path: str = "") -> Object:
    involved = {"uid": about["metadata"]["uid"], "fieldPath": path}
    return thing("Event", f"e-{next(_uids)}", involvedObject=involved, reason=reason, message=message, lastTimestamp=at)
