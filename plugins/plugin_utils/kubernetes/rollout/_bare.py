# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a pod that nothing controls is ready: nobody makes another one in its place."""

from __future__ import annotations

from ..api._objects import Object, ref_of
from ._pods import is_ready
from ._scene import CRASHED, Readiness, Scene, settling


def judge_pod(pod: Object, scene: Scene) -> Readiness:
    """Judge a pod of its own as it is seen now."""
    named = str(ref_of(pod))
    status = pod.get("status") or {}
    if status.get("phase") == "Succeeded":
        return Readiness("ready", named, "Complete", "its containers ended with code 0")
    if status.get("phase") == "Failed":
        words = status.get("message") or "its containers ended, and nothing starts them again"
        return Readiness("failed", named, status.get("reason") or "Failed", words, ref_of(pod).name, _failed_in(pod))
    trouble = scene.trouble_of(pod)
    if trouble is not None and (trouble.final or not is_ready(pod)):
        state, patience = ("failed", None) if trouble.final else ("waiting", trouble.patience)
        return Readiness(
            state, named, trouble.reason, trouble.detail, trouble.pod, trouble.container,
            previous=trouble.previous, patience=patience,
        )  # fmt: skip
    if not is_ready(pod):
        return Readiness("waiting", named, "Progressing", "it is not ready yet")
    # told of another image, its kubelet ends the container a moment later, which nothing but its status shows
    return Readiness("ready", named, "", "it is ready", settle=settling([pod], scene) if _is_current(pod) else CRASHED)


def _failed_in(pod: Object) -> str:
    for one in (pod.get("status") or {}).get("containerStatuses") or []:
        if ((one.get("state") or {}).get("terminated") or {}).get("exitCode"):
            return str(one["name"])
    return ""


def _is_current(pod: Object) -> bool:
    """Whether each container that is asked for by digest is known to run it."""
    running = {
        one["name"]: one.get("imageID") or "" for one in (pod.get("status") or {}).get("containerStatuses") or []
    }
    asked = {one["name"]: (one.get("image") or "").partition("@")[2] for one in pod["spec"]["containers"]}
    return all(digest in running.get(name, "") for name, digest in asked.items())
