# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a workload is ready, by the API's JSON alone: pure, so that every verdict has a table of cases.

Done means: the controller has seen this generation; as many pods as wanted are updated and available; no other pod of
the workload is left; and every Service of the application that selects the pods sends to all of them and to no pod that
is not of this release. Pods that are just leaving are waited for, and their end is no condition once the others serve.

Only pods of the new template are asked why they are not ready. That a pod of the old one crashes says nothing about the
new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..api._objects import Object, ref_of
from . import _workloads
from ._bare import judge_pod
from ._jobs import is_complete, judge_job
from ._pods import Trouble, is_ready
from ._refusals import refusal_of, refusal_of_maker
from ._scene import CRASHED, Readiness, Scene, settling
from ._services import sending
from ._workloads import Rollout

_LOOKS: Mapping[str, Callable[[Object, Scene], Rollout]] = {
    "Deployment": _workloads.deployment,
    "StatefulSet": _workloads.stateful_set,
    "DaemonSet": _workloads.daemon_set,
    "ReplicaSet": _workloads.replica_set,
    "ReplicationController": _workloads.replica_set,
}


def judge(workload: Object, scene: Scene) -> Readiness:
    """Judge a workload as it is seen now."""
    named = str(ref_of(workload))
    if workload["metadata"].get("deletionTimestamp") and not is_complete(workload):
        return Readiness("failed", named, "Deleted", "it is being deleted")
    generation = workload["metadata"].get("generation", 0)
    if workload["kind"] == "Job":
        return judge_job(workload, scene)
    if workload["kind"] == "Pod":
        return judge_pod(workload, scene)
    seen = (workload.get("status") or {}).get("observedGeneration", 0)
    if seen < generation:
        return _stale(named, workload, scene)
    return _judge_rollout(named, _LOOKS[workload["kind"]](workload, scene), scene)


def _stale(named: str, workload: Object, scene: Scene) -> Readiness:
    """The controller has not looked yet, or cannot say so: those of StatefulSets and DaemonSets do not while they are
    refused a pod."""
    refusal = refusal_of_maker(workload, scene) if workload["kind"] in ("StatefulSet", "DaemonSet") else None
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
        return _complete(named, rollout, scene)
    if rollout.stopped:
        return Readiness("failed", named, rollout.stopped, rollout.stopped_detail)
    return _unfinished(named, rollout, scene, trouble)


def _complete(named: str, rollout: Rollout, scene: Scene) -> Readiness:
    """All pods are there and available: what is left are Services, and old pods that end."""
    found = sending(rollout, scene)
    if found.gap:
        return Readiness("waiting", named, "EndpointsNotReady", found.gap, patience=found.patience)
    settle, notes = _settling(rollout, scene), [rollout.kept_detail if rollout.kept else "", found.note]
    if rollout.leaving and scene.patience.until_gone:
        return _draining(named, rollout, "old pods are ending", serves=rollout.wanted > 0, settle=settle)
    note = "; ".join(filter(None, notes))
    return Readiness("ready", named, *_how(rollout), settle=max(settle, found.settle), note=note)


def _draining(named: str, rollout: Rollout, words: str, **more: Any) -> Readiness:
    leaving = frozenset(str(pod["metadata"]["uid"]) for pod in rollout.leaving)
    words = f"{words}: {_workloads.names_of(rollout.leaving)}"
    return Readiness("waiting", named, "Draining", words, leaving=leaving, makes_room=True, **more)


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
    if trouble is None and rollout.leaving and all(is_ready(pod) for pod in rollout.pods):
        return _draining(named, rollout, f"{rollout.gap}, and old pods are ending")
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
    if rollout.kept:
        return rollout.kept, rollout.kept_detail
    return "", f"{rollout.wanted} of {rollout.wanted} pods are updated and available"


def _settling(rollout: Rollout, scene: Scene) -> float:
    found = settling(rollout.pods, scene)
    return 0.0 if rollout.min_ready_seconds and found < CRASHED else found
