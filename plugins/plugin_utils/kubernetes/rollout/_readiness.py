# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a workload is ready, by the API's JSON alone: pure, so that every verdict has a table of cases.

Done means: the controller has seen this generation; as many pods as wanted are updated and available; no other pod of
the workload is left, one that is just leaving included; and every Service that selects the pods sends to all of them
and to no pod that is not of this release.

Only pods of the new template are asked why they are not ready. That a pod of the old one crashes says nothing about the
new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..api._objects import Object, ref_of
from . import _workloads
from ._jobs import is_complete, judge_job
from ._pods import Trouble
from ._refusals import refusal_of, refusal_of_maker
from ._scene import Readiness, Scene
from ._services import gap_of
from ._workloads import Rollout

#: for how many seconds pods have to stay ready that have no probe to say so, and those that have crashed once: the
#: kubelet waits 10 s before the second new start, so a container that crashes again has done so by then
UNPROBED, CRASHED = 3.0, 10.0

_LOOKS: Mapping[str, Callable[[Object, Scene], Rollout]] = {
    "Deployment": _workloads.deployment,
    "StatefulSet": _workloads.stateful_set,
    "DaemonSet": _workloads.daemon_set,
}


def judge(workload: Object, scene: Scene) -> Readiness:
    """Judge a Deployment, StatefulSet, DaemonSet or Job as it is seen now."""
    named = str(ref_of(workload))
    if workload["metadata"].get("deletionTimestamp") and not is_complete(workload):
        return Readiness("failed", named, "Deleted", "it is being deleted")
    generation = workload["metadata"].get("generation", 0)
    if workload["kind"] == "Job":
        return judge_job(workload, scene)
    seen = (workload.get("status") or {}).get("observedGeneration", 0)
    if seen < generation:
        return _stale(named, workload, scene)
    return _judge_rollout(named, _LOOKS[workload["kind"]](workload, scene), scene)


def _stale(named: str, workload: Object, scene: Scene) -> Readiness:
    """The controller has not looked yet, or cannot say so: those of StatefulSets and DaemonSets do not while they are
    refused a pod."""
    refusal = refusal_of_maker(workload, scene) if workload["kind"] != "Deployment" else None
    if refusal is not None:
        return _of(named, "failed" if refusal.final else "waiting", refusal)
    seen = (workload.get("status") or {}).get("observedGeneration", 0)
    words = f"its controller has seen generation {seen}, not {workload['metadata']['generation']} yet"
    # whether old pods of it are to go nobody can tell yet
    return Readiness("waiting", named, "StaleGeneration", words, makes_room=True)


def judge_missing(named: str) -> Readiness:
    """The verdict on a workload that is not there."""
    return Readiness("failed", named, "Missing", "the cluster has no such object")


def _judge_rollout(named: str, rollout: Rollout, scene: Scene) -> Readiness:
    trouble = rollout.trouble(scene)
    if trouble is not None and trouble.final:
        return _of(named, "failed", trouble)
    if rollout.gap == "":
        words = gap_of(rollout, scene)
        if words:
            return Readiness("waiting", named, "EndpointsNotReady", words)
        return Readiness("ready", named, *_how(rollout), settle=_settling(rollout, scene))
    if rollout.stopped:
        return Readiness("failed", named, rollout.stopped, rollout.stopped_detail)
    return _unfinished(named, rollout, scene, trouble)


def _unfinished(named: str, rollout: Rollout, scene: Scene, trouble: Trouble | None) -> Readiness:
    refusal = refusal_of(rollout, scene)
    if refusal is not None:
        return _of(named, "failed" if refusal.final else "waiting", refusal)
    if rollout.expired:
        words = _joined(rollout.expired, trouble)
        pod, container = (trouble.pod, trouble.container) if trouble else ("", "")
        return Readiness("failed", named, "ProgressDeadlineExceeded", words, pod, container)
    blocker = rollout.blocker
    if blocker is not None:
        words = f"{blocker['metadata']['name']} is of an older revision, is not ready, and is waited for"
        return Readiness("waiting", named, "BlockedByOldPod", words, blocker["metadata"]["name"], blocker=blocker)
    if trouble is None:
        return Readiness("waiting", named, "Progressing", rollout.gap, makes_room=bool(rollout.old))
    patience = None if rollout.leaving and trouble.reason == "Unschedulable" else trouble.patience
    return _of(named, "waiting", trouble, patience=patience, makes_room=bool(rollout.old))


def _of(named: str, state: str, trouble: Trouble, **more: Any) -> Readiness:
    more.setdefault("patience", None if state == "failed" else trouble.patience)
    return Readiness(
        state, named, trouble.reason, trouble.detail, trouble.pod, trouble.container,
        previous=trouble.previous, **more,
    )  # fmt: skip


def _joined(words: str, trouble: Trouble | None) -> str:
    if trouble is None:
        return words
    return f"{words}; {trouble.pod}: {trouble.reason}, {trouble.detail}"


def _how(rollout: Rollout) -> tuple[str, str]:
    if rollout.wanted == 0:
        return "ZeroReplicas", "no pod is wanted, and none is left"
    if rollout.stopped == "Paused":
        return "Paused", "it is paused, after it had rolled out"
    if rollout.partition:
        return "Partition", f"{rollout.partition} pods keep the older revision, as its partition says"
    return "", f"{rollout.wanted} of {rollout.wanted} pods are updated and available"


def _settling(rollout: Rollout, scene: Scene) -> float:
    young = [pod for pod in rollout.pods if not scene.was_ready(pod)]
    if any(scene.restarts_since(pod) for pod in rollout.pods):
        return CRASHED
    if not young or rollout.min_ready_seconds:
        return 0.0
    return UNPROBED if any(_is_unprobed(pod) for pod in young) else 0.0


def _is_unprobed(pod: Mapping[str, Any]) -> bool:
    containers: Sequence[Object] = pod["spec"].get("containers") or []
    return not any(container.get("readinessProbe") for container in containers)
