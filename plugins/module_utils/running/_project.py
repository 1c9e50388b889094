# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A running application as its platform shows it: what checks and operations may ask, whichever platform it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..core._errors import OpsError
from ..core._log_reading import LogEnd
from ..http._response import Response
from ._containers import Container, Event


@dataclass(frozen=True)
class ExecResult:
    """How a command inside a container ended."""

    code: int
    output: str


@dataclass(frozen=True)
class Usage:
    """What a container or a machine uses; None for what its platform does not tell.

    ``cpu_seconds``, ``disk_bytes`` and ``network_bytes`` only grow; ``cores`` is how many processors were busy just
    before, where somebody has worked that out. ``cpus`` and ``memory_limit`` are what it may use. ``at`` is when it was
    counted, which may be some time before it is told.
    """

    name: str
    service: str = ""
    cpu_seconds: float | None = None
    cores: float | None = None
    cpus: float | None = None
    memory_bytes: float | None = None
    memory_limit: float | None = None
    disk_bytes: float | None = None
    network_bytes: float | None = None
    at: float | None = None


class Closing(Protocol):
    """Something that goes on until it is closed."""

    def close(self) -> None:
        """End it."""


class Project(Protocol):
    """The containers of one application. Errors are :class:`OpsError`; what is not there is :class:`NotThere`."""

    def containers(self, include_oneoff: bool = False) -> list[Container]:
        """List the containers that count now, in any state."""

    def exec(
        self,
        service: str,
        argv: Sequence[str],
        timeout: float,
        environment: Mapping[str, str] | None = None,
        borrowed: Mapping[str, str] | None = None,
    ) -> ExecResult:
        """Run a command in the service's container, for at most ``timeout`` seconds.

        ``borrowed`` names variables that get the value of another one of the container, where that is set: so secrets
        are in no argument list.
        """

    def environment_of(self, service: str) -> dict[str, str]:
        """Read the environment of the service's container: full of secrets, so never part of a result."""

    def ask(self, service: str, port: int, request: Mapping[str, Any], seconds: float) -> Response | None:
        """Ask a service over HTTP by a way of the platform's own; None where its address is the way."""

    def address(self, service: str, port: int) -> tuple[str, int]:
        """Say where the service can be reached from here."""

    #: for how long a connection to :meth:`address` has to stay open before it is known to be the service's, in seconds
    settle: float

    def broken_way(self, service: str, port: int) -> OpsError | None:
        """Say what broke of the way to :meth:`address`, None where a failure there is the service's own."""

    def instances(self, service: str, port: int) -> list[tuple[str, tuple[str, int]]]:
        """Each running container of the service by name, with where its port can be reached from here."""

    def usage(self) -> list[Usage]:
        """What each running container uses."""

    def machine_usage(self) -> list[Usage]:
        """What each machine under the application uses as a whole."""

    def log_of(self, container_id: str, since: float = 0, timestamps: bool = False) -> Iterator[str]:
        """Read what one container has logged up to now, oldest first; of a long line only its beginning."""

    def log_ends(self, service: str, since: float = 0, limit_bytes: int = 1_000_000) -> list[LogEnd]:
        """Read the end of the log of each container of the service."""

    def watch(self, on_event: Callable[[Event], Any]) -> Closing:
        """Call ``on_event``, in a thread of its own, for each thing that happens to a container."""

    def close(self) -> None:
        """Give the connections back."""
