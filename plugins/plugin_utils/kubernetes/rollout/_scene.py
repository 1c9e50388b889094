# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is checked when a workload is judged, and how the verdict is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..api._objects import Object
from ._pods import Patience, Trouble, is_ready, restarts_of, trouble_of, when

#: for how many seconds pods have to stay ready that have no probe to say so, and those that have crashed once: the
#: kubelet waits 10 s before the second new start, so a container that crashes again has done so by then
UNPROBED, CRASHED = 3.0, 10.0


@dataclass(frozen=True)
class Readiness:
    """The verdict on one workload: ``ready``, ``waiting`` or ``failed``, and why.

    A ``waiting`` with ``patience`` counts as failed when it has lasted so many seconds; a ``ready`` has to last for
    ``settle`` seconds. ``blocker`` is a pod of an older revision that blocks its StatefulSet.
    """

    state: str
    workload: str
    reason: str = ""
    detail: str = ""
    pod: str = ""
    container: str = ""
    previous: bool = False
    patience: float | None = None
    settle: float = 0.0
    #: what whoever deploys should know although nothing fails
    note: str = field(default="", compare=False)
    #: whether it had crashed while something else was not ready yet
    pardoned: bool = field(default=False, compare=False)
    #: pods that are on their way out, by uid, where nothing but their end is waited for
    leaving: frozenset[str] = field(default=frozenset(), compare=False)
    #: whether all that is to serve does by now
    serves: bool = field(default=False, compare=False)
    #: whether old pods of it are to go, or may be, so that a quota has room again
    makes_room: bool = field(default=False, compare=False)
    blocker: Object | None = field(default=None, compare=False, repr=False)

    @property
    def words(self) -> str:
        """The verdict as a sentence without a full stop."""
        where = f" in pod {self.pod}" if self.pod else ""
        where += f", container {self.container}" if self.container else ""
        return f"{self.workload}: {self.reason or self.state}{where}" + (f": {self.detail}" if self.detail else "")

    def as_data(self) -> dict[str, str]:
        """The verdict as plain data."""
        names = ("state", "workload", "reason", "detail", "pod", "container")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Scene:
    """What a namespace shows. ``before`` has the restarts of the containers of pods that were ready at the first look,
    by ``uid/name``: what crashed long ago and has served since says nothing about what was changed now.
    """

    pods: Sequence[Object] = ()
    replica_sets: Sequence[Object] = ()
    revisions: Sequence[Object] = ()
    services: Sequence[Object] = ()
    endpoints: Sequence[Object] = ()
    #: warnings only
    events: Sequence[Object] = ()
    before: Mapping[str, int] = field(default_factory=dict)
    #: the same of crashes that were forgiven, as something else was not there yet
    pardoned: Mapping[str, int] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    #: for how many seconds it has been checked until a pod was seen to leave, or to be gone, last; 0 where none was
    leaving_for: float = 0.0

    @cached_property
    def _warnings(self) -> dict[str, list[Object]]:
        found: dict[str, list[Object]] = {}
        for event in self.events:
            found.setdefault(str((event.get("involvedObject") or {}).get("uid")), []).append(event)
        return found

    @cached_property
    def pod_uids(self) -> frozenset[str]:
        """The pods that there are."""
        return frozenset(str(pod["metadata"]["uid"]) for pod in self.pods)

    def events_of(self, thing: Mapping[str, Any], since: str = "") -> list[Object]:
        """The warnings about an object from a moment on, the newest last."""
        found = self._warnings.get(str(thing["metadata"]["uid"]), [])
        return sorted((event for event in found if when(event) >= since), key=when)

    def was_ready(self, pod: Mapping[str, Any]) -> bool:
        """Whether the pod was ready at the first look."""
        return any(name in self.before for name in restarts_of(pod))

    def restarts_since(self, pod: Mapping[str, Any]) -> int:
        """How often containers of the pod were started again since the first look."""
        return sum(count - self.before.get(name, 0) for name, count in restarts_of(pod).items())

    def trouble_of(self, pod: Mapping[str, Any], *, is_job: bool = False) -> Trouble | None:
        """What is wrong with a pod."""
        events = self.events_of(pod)
        before = {**self.before, **self.pardoned}
        return trouble_of(pod, events, before=before, patience=self.patience, is_job=is_job)


def settling(pods: Sequence[Object], scene: Scene) -> float:
    """For how many seconds pods that are ready have to stay so before they count."""
    if any(scene.restarts_since(pod) for pod in pods):
        return CRASHED
    young = [pod for pod in pods if not scene.was_ready(pod)]
    return UNPROBED if any(_is_unprobed(pod) for pod in young) else 0.0


def _is_unprobed(pod: Mapping[str, Any]) -> bool:
    containers: Sequence[Object] = pod["spec"].get("containers") or []
    return not any(container.get("readinessProbe") for container in containers)


def ready_before(pods: Sequence[Object]) -> dict[str, int]:
    """What ``before`` of a scene is, by the pods of the first look."""
    found: dict[str, int] = {}
    for pod in filter(is_ready, pods):
        found.update(restarts_of(pod))
    return found
