# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far a workload has rolled out: which pods are of its present template, which have to go, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..api._objects import Object, owned_by
from ._pods import Trouble, condition, is_leaving, is_over, is_ready
from ._scene import Scene

_HASH = "controller-revision-hash"


@dataclass(frozen=True)
class Rollout:
    """A Deployment, StatefulSet or DaemonSet on its way. ``gap`` says what is missing, and is empty when nothing is."""

    workload: Object
    wanted: int
    gap: str
    #: pods that may stay, and are to serve
    pods: Sequence[Object]
    #: pods that have to go before it is done
    old: Sequence[Object]
    #: who is refused where pods cannot be made: the ReplicaSet, or the workload itself
    maker: Object | None
    #: why nothing goes on by itself
    stopped: str = ""
    stopped_detail: str = ""
    #: why pods of an older template stay, where that is what was asked for: ``OnDelete`` or ``Partition``, and in words
    kept: str = ""
    kept_detail: str = ""
    #: what the controller says of a deadline that has passed
    expired: str = ""
    blocker: Object | None = None

    @property
    def leaving(self) -> list[Object]:
        """Pods that are on their way out, and give back what they have."""
        return [pod for pod in self.old if is_leaving(pod)]

    @property
    def min_ready_seconds(self) -> int:
        """For how long the controller itself looks before it calls a pod available."""
        return int(self.workload["spec"].get("minReadySeconds") or 0)

    def trouble(self, scene: Scene) -> Trouble | None:
        """What decides among the troubles of the new pods."""
        found = [trouble for pod in self.pods if (trouble := scene.trouble_of(pod)) is not None]
        return min(found, key=lambda one: one.weight, default=None)


def deployment(workload: Object, scene: Scene) -> Rollout:
    """Look at a Deployment: the present ReplicaSet is the one with its template."""
    spec, status = workload["spec"], workload.get("status") or {}
    wanted = spec.get("replicas", 1)
    sets = owned_by(scene.replica_sets, workload["metadata"]["uid"])
    present = _present_set(workload, sets)
    uid = present["metadata"]["uid"] if present else ""
    alive = [pod for one in sets for pod in _alive(scene, one)]
    new, old = _split(alive, lambda pod: bool(uid) and pod in owned_by([pod], uid))
    gap = _gap(wanted, status.get("updatedReplicas", 0), status.get("availableReplicas", 0), new, old)
    if present is None:
        gap = "its controller has not made a ReplicaSet yet"
    paused = bool(spec.get("paused"))
    return Rollout(
        workload, wanted, gap, new, old, present,
        stopped="Paused" if paused else "",
        stopped_detail=f"it is paused, so nothing goes on by itself; {gap}" if paused else "",
        expired=_expired(workload, present),
    )  # fmt: skip


def stateful_set(workload: Object, scene: Scene) -> Rollout:
    """Look at a StatefulSet: pods below its partition may keep the older revision."""
    spec, status = workload["spec"], workload.get("status") or {}
    wanted, strategy = spec.get("replicas", 1), spec.get("updateStrategy") or {}
    partition = min((strategy.get("rollingUpdate") or {}).get("partition") or 0, wanted)
    first = (spec.get("ordinals") or {}).get("start") or 0
    present = status.get("updateRevision")

    def is_wanted(pod: Object) -> bool:
        return bool(_ordinal(pod) - first < wanted)

    if strategy.get("type") == "OnDelete":
        return _manual(workload, scene, wanted, lambda pod: _revision(pod) == present, is_wanted)
    new, old = _split(
        _alive(scene, workload),
        lambda pod: is_wanted(pod) and (_ordinal(pod) - first < partition or _revision(pod) == present),
    )
    available = status.get("availableReplicas", 0 if spec.get("minReadySeconds") else status.get("readyReplicas", 0))
    back = [pod for pod in new if _revision(pod) != present]
    ordered = spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    return Rollout(
        workload, wanted, _gap(wanted, len(new), available, new, old), new, old, workload,
        kept="Partition" if back else "",
        kept_detail=f"{len(back)} pods keep the older revision, as its partition says",
        blocker=_blocker(old, scene) if ordered else None,
    )  # fmt: skip


def daemon_set(workload: Object, scene: Scene) -> Rollout:
    """Look at a DaemonSet: its newest revision is the present one."""
    status = workload.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    revisions = owned_by(scene.revisions, workload["metadata"]["uid"])
    newest = max(revisions, key=lambda one: one.get("revision", 0), default=None)
    present = (newest["metadata"].get("labels") or {}).get(_HASH) if newest else None

    def is_new(pod: Object) -> bool:
        return present is not None and _revision(pod) == present

    if (workload["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        return _manual(workload, scene, wanted, is_new)
    new, old = _split(_alive(scene, workload), is_new)
    gap = _gap(wanted, status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0), new, old)
    return Rollout(workload, wanted, gap, new, old, workload)


def replica_set(workload: Object, scene: Scene) -> Rollout:
    """Look at a ReplicaSet or ReplicationController that nothing controls: it never replaces a pod that it has."""
    images = images_in(workload["spec"]["template"]).items()
    # admission may have put more containers into a pod
    return _manual(workload, scene, workload["spec"].get("replicas", 1), lambda pod: images <= images_in(pod).items())


def _manual(
    workload: Object, scene: Scene, wanted: int, is_new: Callable[[Object], bool],
    is_wanted: Callable[[Object], bool] = lambda pod: True,
) -> Rollout:  # fmt: skip
    """Look at a workload whose pods of an older revision stay until somebody deletes them: they are not asked."""
    new, others = _split(_alive(scene, workload), lambda pod: is_wanted(pod) and is_new(pod))
    older = [pod for pod in others if is_wanted(pod) and not is_leaving(pod)]
    old = [pod for pod in others if pod not in older]
    left = max(0, wanted - len(older))
    words = f"{len(older)} pods are of an older revision until somebody deletes them: {names_of(older)}"
    gap = _gap(left, len(new), len(new), new, old)
    return Rollout(workload, wanted, gap, new, old, workload, kept="OnDelete" if older else "", kept_detail=words)


def images_in(template: Mapping[str, Any]) -> dict[str, str]:
    """The image of each container."""
    return {one["name"]: str(one.get("image") or "") for one in template["spec"].get("containers") or []}


def _alive(scene: Scene, owner: Object) -> list[Object]:
    return [pod for pod in owned_by(scene.pods, owner["metadata"]["uid"]) if not is_over(pod)]


def _split(pods: Sequence[Object], may_stay: Callable[[Object], bool]) -> tuple[list[Object], list[Object]]:
    new = [pod for pod in pods if not is_leaving(pod) and may_stay(pod)]
    return new, [pod for pod in pods if pod not in new]


def _gap(wanted: int, updated: int, available: int, new: Sequence[Object], old: Sequence[Object]) -> str:
    """What is missing; the controller's figures and the pods themselves have to agree. Pods that are on their way out
    are missed by nobody."""
    ready = sum(1 for pod in new if is_ready(pod))
    if min(updated, len(new)) < wanted:
        return f"{min(updated, len(new))} of {wanted} pods are updated"
    if min(available, ready) < wanted:
        return f"{min(available, ready)} of {wanted} pods are available"
    staying = [pod for pod in old if not is_leaving(pod)]
    if staying:
        return f"{len(staying)} old pods are still there ({names_of(staying)})"
    return "" if len(new) == wanted else f"{len(new)} pods are there, {wanted} are wanted"


def _present_set(workload: Object, sets: Sequence[Object]) -> Object | None:
    """The ReplicaSet with the template of the Deployment; of several the oldest, as its controller chooses."""
    wanted = _without_hash(workload["spec"]["template"])
    same = [one for one in sets if _without_hash(one["spec"]["template"]) == wanted]
    return min(same, key=lambda one: one["metadata"].get("creationTimestamp") or "", default=None)


def _without_hash(template: Mapping[str, Any]) -> Object:
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != "pod-template-hash"}
    return {"labels": labels, "annotations": metadata.get("annotations") or {}, "spec": template["spec"]}


def _expired(workload: Object, present: Object | None) -> str:
    """That the progress deadline has passed, where that was said of the present ReplicaSet.

    The condition of a rollout that failed stays until the next one has made some progress, so that going back would
    look failed before it began (``kubectl rollout status`` reports just that). It names the ReplicaSet it speaks of.
    """
    progress = condition(workload, "Progressing")
    if progress.get("reason") != "ProgressDeadlineExceeded" or progress.get("status") != "False":
        return ""
    message = str(progress.get("message") or "")
    if present is None or ('"' in message and f'"{present["metadata"]["name"]}"' not in message):
        return ""
    return message


def _revision(pod: Mapping[str, Any]) -> str | None:
    found = (pod["metadata"].get("labels") or {}).get(_HASH)
    return str(found) if found else None


def _ordinal(pod: Mapping[str, Any]) -> int:
    last = str(pod["metadata"]["name"]).rpartition("-")[2]
    return int(last) if last.isdigit() else 0


def names_of(pods: Sequence[Object]) -> str:
    """The names of some pods, of many the first."""
    return ", ".join(sorted(pod["metadata"]["name"] for pod in pods)[:3]) + (", ..." if len(pods) > 3 else "")


def _blocker(old: Sequence[Object], scene: Scene) -> Object | None:
    """A pod of an older revision that will not get ready: the controller waits for it before it replaces anything."""
    for pod in old:
        trouble = None if is_leaving(pod) or is_ready(pod) else scene.trouble_of(pod)
        if trouble is not None and (trouble.final or trouble.patience is not None):
            return pod
    return None
