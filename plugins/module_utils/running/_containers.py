# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers as every platform shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core._times import epoch

#: what a container is called that runs still and was told to stop; the engine calls it running
STOPPING = "stopping"


@dataclass(frozen=True)
class Container:
    """One container of a compose project, as the engine saw it at one moment."""

    id: str
    name: str
    service: str
    number: int
    oneoff: bool
    state: str
    health: str
    exit_code: int
    oom_killed: bool
    restart_count: int
    created_at: str
    started_at: str
    finished_at: str
    image_id: str
    image: str
    config_hash: str
    error: str
    health_output: str
    #: the seconds that it is given to stop
    stop_grace: int = 10
    #: the containers that it shares something with, by their ids
    joined: tuple[str, ...] = ()


def number_of(containers: Sequence[Container], service: str) -> int:
    """How many there are of a service; a pod with several containers is one."""
    return len({one.number for one in containers if one.service == service})


def fewer(containers: Sequence[Container], services: Sequence[str], replicas: Mapping[str, int]) -> dict[str, str]:
    """The services of which fewer are there than ``replicas`` says, one where it says nothing, in words."""
    found = {}
    for service in services:
        there, wanted = number_of(containers, service), replicas.get(service, 1)
        if there < wanted:
            found[service] = f"{service} has {there} of {wanted} containers" if there else f"{service} has no container"
    return found


def began(container: Container) -> float:
    """From when on a container's log is of its present run, in seconds since 1970.

    Its own start is too late: the engine stamps that when the process may have logged already. What was logged before
    is of an earlier run only up to the end of that.
    """
    started, finished = epoch(container.started_at), epoch(container.finished_at)
    if finished > started:  # it has ended, and when the run before did is not known any more
        return started if container.restart_count else epoch(container.created_at)
    return finished or epoch(container.created_at)


@dataclass(frozen=True)
class Event:
    """Something that happened to a container: ``start``, ``die``, ``oom``, ``health_status: healthy`` and so on."""

    action: str
    service: str
    container_id: str

    @property
    def changes_something(self) -> bool:
        """Whether the container may be another one now: commands inside it, such as its health check, do not count."""
        return not self.action.startswith("exec_")
