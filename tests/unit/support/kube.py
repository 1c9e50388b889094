"""Objects as the API shows them, as short as a table of cases wants them."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import Conflict, Unreachable

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
    version = {"Job": "batch/v1", "ReplicationController": "v1"}.get(kind, "apps/v1")
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


class FakeCluster:
    """Objects with versions; ``before_write`` is called where a real cluster would let somebody else go first."""

    namespace = "studio"

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.version = 0
        self.time = 1000.0
        self.before_write: Callable[[], None] | None = None
        self.loses_answers = False

    def now(self) -> float:
        return self.time

    def get(self, _: str, kind: str, name: str) -> dict[str, Any] | None:
        return copy.deepcopy(self.objects.get((kind, name)))

    def list(self, _: str, kind: str, *, labels: str, only_metadata: bool = False) -> Any:
        wanted = dict(part.split("=") for part in labels.split(",") if "=" in part and "!" not in part)
        found = [one for (each, _), one in self.objects.items() if each == kind]
        return [copy.deepcopy(one) for one in found if wanted.items() <= one["metadata"]["labels"].items()], "1"

    def _write(self, manifest: dict[str, Any]) -> None:
        self.version += 1
        key = (manifest["kind"], manifest["metadata"]["name"])
        uid = self.objects.get(key, {"metadata": {"uid": f"u{self.version}"}})["metadata"]["uid"]
        about = {**copy.deepcopy(manifest["metadata"]), "resourceVersion": str(self.version), "uid": uid}
        self.objects[key] = {**copy.deepcopy(manifest), "metadata": about}
        if self.loses_answers:
            self.loses_answers = False
            raise Unreachable("lost") if "resourceVersion" not in manifest["metadata"] else Conflict("sent twice")

    def _others_first(self) -> None:
        act, self.before_write = self.before_write, None
        if act:
            act()

    def create(self, manifest: dict[str, Any]) -> None:
        self._others_first()
        if (manifest["kind"], manifest["metadata"]["name"]) in self.objects:
            raise Conflict("exists")
        self._write(manifest)

    def replace(self, manifest: dict[str, Any]) -> None:
        self._others_first()
        found = self.objects.get((manifest["kind"], manifest["metadata"]["name"]))
        if not found or found["metadata"]["resourceVersion"] != manifest["metadata"]["resourceVersion"]:
            raise Conflict("changed")
        self._write(manifest)

    def patch(self, _: str, kind: str, name: str, patch: dict[str, Any]) -> None:
        found = copy.deepcopy(self.objects[kind, name])
        found["metadata"].setdefault("annotations", {}).update(patch["metadata"]["annotations"])
        self._write(found)

    def delete(self, _: str, kind: str, name: str, *, uid: str, version: str) -> bool:
        self._others_first()
        about = self.objects[kind, name]["metadata"]
        if (about["uid"], about["resourceVersion"]) != (uid, version):
            raise Conflict("changed")
        return self.objects.pop((kind, name)) is not None
