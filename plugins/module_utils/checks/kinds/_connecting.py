# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What kinds of checks share that connect to a service, or to a host that is none of the application's."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ...core._options import Option
from ...core._side_by_side import in_thread
from ...core._verdicts import Outcome
from ...running._scene import Scene
from ._kind import Attempt, Options

PEER = {
    "service": Option("str", about="The service to check. Either this or O(checks[].host) is needed."),
    "host": Option("str", about="The host to connect to."),
}


def port(default: int | None = None) -> Option:
    """The option with the port of a peer."""
    return Option("int", default, required=default is None, about="The port of the service or host.")


def without_peer(options: Options) -> list[str]:
    """Say so where nothing says where to look."""
    return [] if options["host"] or options["service"] else ["either service or host must say where to look"]


def connecting(options: Options, scene: Scene, probe: Callable[[str, int], Coroutine[Any, Any, Outcome]]) -> Attempt:
    """Look at a service through a connection; where the way to it broke, nothing was seen of the service."""

    async def attempt(seconds: float) -> Outcome:
        host, number = await address(options, scene)
        try:
            return await probe(host, number)
        except (EOFError, OSError) as error:
            broken = scene.project.broken_way(str(options["service"]), int(options["port"]))
            raise broken or error from error

    return attempt


async def address(options: Options, scene: Scene) -> tuple[str, int]:
    """Where to connect to."""
    host, number = options.get("host"), int(options["port"])
    if host:
        return str(host), number
    return await in_thread(lambda: scene.project.address(options["service"], number))
