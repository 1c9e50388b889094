# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether Redis answers."""

from __future__ import annotations

from ...core._errors import Refused
from ...core._options import Option
from ...core._side_by_side import in_thread
from ...core._verdicts import Outcome
from ...databases import _redis
from ...running._scene import Scene
from ._connecting import PEER, connecting, port, without_peer
from ._kind import Attempt, Kind, Options


def _attempt(options: Options, scene: Scene) -> Attempt:
    async def ping(host: str, number: int) -> Outcome:
        return await _redis.redis(host, number, await _password(options, scene))

    return connecting(options, scene, ping)


async def _password(options: Options, scene: Scene) -> str | None:
    service, variable = options["service"], options["password_env"]
    if not variable:
        return None
    environment = await in_thread(lambda: scene.project.environment_of(service))
    if variable not in environment:
        raise Refused(
            f"The container of {service} has no variable {variable}, which password_env names.",
            hint="Name the variable that holds the password, or leave password_env out.",
        )
    return environment[variable]


def _problems(options: Options) -> list[str]:
    found = without_peer(options)
    if options["password_env"] and not options["service"]:
        found.append("password_env names a variable of the service's container, so service is needed")
    return found


KIND = Kind(
    name="redis",
    about="C(PING) is answered.",
    options={
        **PEER,
        "port": port(6379),
        "password_env": Option("str", about="The variable of the service's container that holds the password."),
    },
    attempt=_attempt,
    problems=_problems,
)
