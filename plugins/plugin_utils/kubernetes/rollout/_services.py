# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the Services that select a workload's pods send to all of them, and to none that has to go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..api._objects import APPLICATION_LABEL, Object
from ._scene import Scene
from ._workloads import Rollout

#: the API server cuts Endpoints off at a thousand addresses
_OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"


@dataclass(frozen=True)
class Sending:
    """How far the Services are that select the pods of a workload.

    ``gap`` is what is missing, for as long as its ``patience``. A Service of somebody else is only waited for: ``note``
    says what is wrong with it, and counts once it has been so for ``settle`` seconds.
    """

    gap: str = ""
    patience: float | None = None
    note: str = ""
    settle: float = 0.0


def sending(rollout: Rollout, scene: Scene) -> Sending:
    """What keeps Services from sending where they should, and what is worth a note."""
    labels = (rollout.workload["spec"]["template"].get("metadata") or {}).get("labels") or {}
    found = [_look(service, rollout, scene) for service in scene.services if selects(service, labels)]
    gap = next((one for one in found if one.gap), None)
    notes = "; ".join(one.note for one in found if one.note)
    return gap or Sending(note=notes, settle=max((one.settle for one in found), default=0.0))


def _look(service: Object, rollout: Rollout, scene: Scene) -> Sending:
    name, is_ours = service["metadata"]["name"], _application(service) == _application(rollout.workload)
    if not _reaches(service, rollout.workload["spec"]["template"]):
        words = f"the Service {name} does not send to it: none of its containers has {_ports_of(service)}"
        selected = (pod for pod in scene.pods if selects(service, pod["metadata"].get("labels") or {}))
        if is_ours and not any(_reaches(service, pod) for pod in selected):
            return Sending(words, patience=scene.patience.other)
        return Sending(note=words)
    nothing: Object = {"metadata": {}}
    there = next((one for one in scene.endpoints if one["metadata"]["name"] == name), nothing)
    words = _gap(name, there, rollout, scene)
    if words and not is_ours:
        return Sending(note=f"{words}; it is not part of this application", settle=scene.patience.other)
    return Sending(words)


def _gap(name: str, endpoints: Object, rollout: Rollout, scene: Scene) -> str:
    new = {str(pod["metadata"]["uid"]) for pod in rollout.pods}
    old = {str(pod["metadata"]["uid"]) for pod in rollout.old}
    uids = _addresses(endpoints)
    gone = {uid for uid in uids if uid in old or uid not in scene.pod_uids}
    if gone:
        return f"the Service {name} still sends to {len(gone)} pods that are gone"
    truncated = _OVER_CAPACITY in (endpoints["metadata"].get("annotations") or {})
    if not truncated and new - uids:
        return f"the Service {name} sends to {len(new & uids)} of {len(new)} pods"
    return ""


def _application(thing: Object) -> str:
    return str((thing["metadata"].get("labels") or {}).get(APPLICATION_LABEL) or "")


def _reaches(service: Object, template: Mapping[str, Any]) -> bool:
    """Whether pods of a template have a port that the Service sends to; a number is one in any case."""
    ports = (service.get("spec") or {}).get("ports") or []
    names = {
        (one.get("name"), one.get("protocol") or "TCP")
        for container in template["spec"].get("containers") or []
        for one in container.get("ports") or []
    }
    return not ports or any(name is None or (name, protocol) in names for name, protocol in _targets(ports))


def _targets(ports: list[Object]) -> Iterator[tuple[str | None, str]]:
    """The name of the port that each of them sends to, None where it is a number."""
    for one in ports:
        target = one.get("targetPort")
        is_name = isinstance(target, str) and not target.isdecimal()
        yield (target if is_name else None), one.get("protocol") or "TCP"


def _ports_of(service: Object) -> str:
    names = sorted({str(name) for name, _ in _targets(service["spec"]["ports"])})
    return f"a port named {' or '.join(names)}"


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
