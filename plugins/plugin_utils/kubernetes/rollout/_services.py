# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the Services that select a workload's pods send to all of them, and to none that has to go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..api._objects import Object
from ._scene import Scene
from ._workloads import Rollout

#: the API server cuts Endpoints off at a thousand addresses
_OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"


def gap_of(rollout: Rollout, scene: Scene) -> str:
    """What keeps a Service from sending where it should; empty where nothing does."""
    labels = (rollout.workload["spec"]["template"].get("metadata") or {}).get("labels") or {}
    new = {str(pod["metadata"]["uid"]) for pod in rollout.pods}
    old = {str(pod["metadata"]["uid"]) for pod in rollout.old}
    by_name = {one["metadata"]["name"]: one for one in scene.endpoints}
    for service in scene.services:
        name = service["metadata"]["name"]
        if not selects(service, labels):
            continue
        there = by_name.get(name) or {"metadata": {}}
        uids = _addresses(there)
        gone = {uid for uid in uids if uid in old or uid not in scene.pod_uids}
        if gone:
            return f"the Service {name} still sends to {len(gone)} pods that are gone"
        truncated = _OVER_CAPACITY in (there["metadata"].get("annotations") or {})
        if not truncated and new - uids:
            return f"the Service {name} sends to {len(new & uids)} of {len(new)} pods"
    return ""


def selects(service: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a Service sends to pods with these labels."""
    selector = (service.get("spec") or {}).get("selector") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _addresses(endpoints: Object) -> set[str]:
    """The uids of the pods that get requests."""
    return {
        str((address.get("targetRef") or {}).get("uid"))
        for subset in endpoints.get("subsets") or []
        for address in subset.get("addresses") or []
        if (address.get("targetRef") or {}).get("kind") == "Pod"
    }
