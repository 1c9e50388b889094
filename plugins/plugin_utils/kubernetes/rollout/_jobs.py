# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a Job is done: its conditions decide, as it counts the failures of its pods itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..api._objects import Object, kind_of, owned_by, ref_of
from ._pods import condition, is_leaving, is_over
from ._refusals import refusal_of_maker
from ._scene import Readiness, Scene

#: for how many seconds a pod may be told of later than the end of its Job
_POD_LATER = 1.0


def is_complete(workload: Object) -> bool:
    """Whether it is a Job that is done: it stays so, whatever becomes of it."""
    return kind_of(workload) == "Job" and condition(workload, "Complete").get("status") == "True"


def has_failed(workload: Object) -> bool:
    """Whether it is a Job that has failed for good."""
    return kind_of(workload) == "Job" and condition(workload, "Failed").get("status") == "True"


def judge_job(job: Object, scene: Scene) -> Readiness:
    """Judge a Job as it is seen now."""
    named = str(ref_of(job))
    pods = owned_by(scene.pods, job["metadata"]["uid"])
    if is_complete(job):
        return Readiness("ready", named, "Complete", f"{(job.get('status') or {}).get('succeeded', 0)} pods succeeded")
    for kind in ("Failed", "FailureTarget"):
        failed = condition(job, kind)
        if failed.get("status") == "True":
            return _failed(named, failed, pods)
    if job["spec"].get("suspend"):
        return Readiness("failed", named, "Suspended", "it is suspended, so nothing goes on by itself")
    return _running(named, job, pods, scene)


def _failed(named: str, failed: Mapping[str, Any], pods: Sequence[Object]) -> Readiness:
    words = str(failed.get("message") or "it failed")
    pod, container, ended = last_failure(pods)
    if ended:
        how = "killed for want of memory, " if ended.get("reason") == "OOMKilled" else ""
        words = f"{words}; the last pod: {how}exit code {ended.get('exitCode')}"
    # the Job may be told of before its last pod is, which knows why
    is_all = bool(ended) or not pods
    reason = str(failed.get("reason") or "Failed")
    state, patience = ("failed", None) if is_all else ("waiting", _POD_LATER)
    return Readiness(state, named, reason, words, pod, container, patience=patience)


def last_failure(pods: Sequence[Object]) -> tuple[str, str, Object]:
    """Pod and container that failed last, and how that ended; empty where none is left."""
    found: list[tuple[str, str, str, Object]] = []
    for pod in pods:
        status = pod.get("status") or {}
        for one in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
            for state in (one.get("state") or {}, one.get("lastState") or {}):
                ended = state.get("terminated") or {}
                if ended.get("exitCode"):
                    found.append((ended.get("finishedAt") or "", pod["metadata"]["name"], one["name"], ended))
    if found:
        return max(found, key=lambda one: one[:3])[1:]
    alive = [pod["metadata"]["name"] for pod in pods]
    return (alive[-1] if alive else ""), "", {}


def _running(named: str, job: Object, pods: Sequence[Object], scene: Scene) -> Readiness:
    alive = [pod for pod in pods if not is_over(pod) and not is_leaving(pod)]
    found = [one for pod in alive if (one := scene.trouble_of(pod, is_job=True)) is not None]
    if not alive:
        refused = refusal_of_maker(job, scene)
        if refused is not None:
            found.append(refused)
    trouble = min(found, key=lambda one: one.weight, default=None)
    if trouble is None:
        status = job.get("status") or {}
        words = f"{status.get('active', 0)} pods run, {status.get('failed', 0)} have failed"
        return Readiness("waiting", named, "Progressing", words)
    return Readiness(
        "failed" if trouble.final else "waiting", named, trouble.reason, trouble.detail, trouble.pod,
        trouble.container, trouble.previous, None if trouble.final else trouble.patience,
    )  # fmt: skip
