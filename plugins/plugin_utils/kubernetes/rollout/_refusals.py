# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why pods are not even made: quotas, admission, what the API server finds wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..api._objects import Object
from ._pods import Trouble, condition, is_leaving, when
from ._scene import Scene
from ._workloads import Rollout

_PREFIX = re.compile(r"^(Error creating: |create Pod \S+ in StatefulSet \S+ failed error: )")
#: names have 253 characters at most
_NO_ACCOUNT = re.compile(r"serviceaccount .{0,300}not found|no API token found", re.IGNORECASE)
#: what the API server says where a pod with that name is there already: the controller was faster than what it is told
_IS_THERE = "could not be completed at this time, please try again"


def refusal_of(rollout: Rollout, scene: Scene) -> Trouble | None:
    """Why the pods of a rollout are refused; None where they are not, or where there are enough."""
    if rollout.maker is None or len(rollout.pods) >= rollout.wanted:
        return None
    found = refusal_of_maker(rollout.maker, scene)
    if found is not None and found.final and found.reason == "QuotaExceeded" and _makes_room(rollout):
        return replace(found, final=False, patience=scene.patience.other)
    return found


def refusal_of_maker(maker: Object, scene: Scene) -> Trouble | None:
    """Why the controller of the pods is refused: a ReplicaSet reports it itself, of the others there are events."""
    if maker["kind"] in ("ReplicaSet", "ReplicationController"):
        failure = condition(maker, "ReplicaFailure")
        stale = (maker.get("status") or {}).get("observedGeneration", 0) < maker["metadata"].get("generation", 0)
        words = failure.get("message", "") if failure.get("status") == "True" and not stale else ""
    else:
        events = [one for one in _since_changed(maker, scene) if one.get("reason") == "FailedCreate"]
        words = events[-1].get("message", "") if events else ""
        words = "" if _IS_THERE in words else words
    return _until_room(explained(words, scene.patience.other), scene) if words else None


def _since_changed(maker: Object, scene: Scene) -> list[Object]:
    """Its warnings since it was changed last. Times are whole seconds: in that second itself they may be older, except
    where it is the first generation."""
    changed = changed_at(maker)
    is_first = maker["metadata"].get("generation", 1) == 1
    return [one for one in scene.events_of(maker, changed) if is_first or when(one) > changed]


def explained(words: str, patience: float) -> Trouble:
    """A refusal by name. Definite ones are final; what a moment may fix gets some patience."""
    said = _PREFIX.sub("", words)
    if "exceeded quota" in said or "failed quota" in said:
        return Trouble("QuotaExceeded", said, "", final=True)
    if _NO_ACCOUNT.search(said):
        return Trouble("ServiceAccountMissing", said, "", patience=patience)
    if "denied the request" in said or "is forbidden" in said or "violates PodSecurity" in said:
        return Trouble("AdmissionRefused", said, "", final=True)
    if "is invalid" in said:
        return Trouble("Invalid", said, "", final=True)
    return Trouble("FailedCreate", said, "", patience=patience)


def _until_room(found: Trouble, scene: Scene) -> Trouble:
    """A quota counts pods until they are gone, and who was refused asks again after pauses that double: a refusal may
    be twice as old as the last time that there was hope."""
    if found.reason != "QuotaExceeded" or not scene.leaving_for:
        return found
    leaving = sorted(pod["metadata"]["name"] for pod in scene.pods if is_leaving(pod))
    if leaving:
        words = f"{found.detail}; still counted, on their way out: {', '.join(leaving)}"
        return replace(found, detail=words, final=False)
    return replace(found, final=False, patience=scene.patience.other + 2 * scene.leaving_for)


def changed_at(thing: Mapping[str, Any]) -> str:
    """When what is wanted of an object was changed last, to the second; warnings from before mean something else."""
    entries = thing["metadata"].get("managedFields") or []
    wanted = [one for one in entries if "f:spec" in (one.get("fieldsV1") or {}) and one.get("subresource") != "status"]
    return max((str(one.get("time") or "")[:19] for one in wanted), default="")


def _makes_room(rollout: Rollout) -> bool:
    """Whether old pods leave without the new ones being there first."""
    strategy = rollout.workload["spec"].get("strategy") or {}
    unavailable = (strategy.get("rollingUpdate") or {}).get("maxUnavailable", "25%")
    return bool(rollout.old) and _share(unavailable, rollout.wanted) > 0


def _share(value: Any, wanted: int) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return wanted * int(value[:-1]) // 100
    return int(value)
