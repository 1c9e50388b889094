# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which probe serves which kind of check."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any

from ..core import _side_by_side
from ..core._deadline import Late
from ..core._errors import UNREACHABLE, BrokenOff, Garbled, NotThere, OpsError, Refused, TimedOut
from ..core._verdicts import ERROR, FAIL, SKIPPED, Outcome
from ..databases import _mongo as _probe_mongo
from ..databases import _redis as _redis_databases
from ..http import _client, _sockets
from ..running._scene import Scene
from ._checklist import Check
from .kinds import _exec as _probe_engine
from .kinds import _http as _probe_http
from .kinds import _tcp as _probe_socket

#: one attempt, which may take so many seconds
Attempt = Callable[[float], Coroutine[Any, Any, Outcome]]

_in_thread = _side_by_side.in_thread
_GRACE = 1.0


def attempt_of(check: Check, scene: Scene) -> Attempt:
    """Make the probe of a check."""
    attempt = _MAKERS[check.kind](check, scene)
    if not check.when_present:
        return attempt

    async def when_present(seconds: float) -> Outcome:
        service = check.options["service"]
        services = scene.services or await _in_thread(lambda: [one.service for one in scene.project.containers()])
        if service not in services:
            return Outcome(SKIPPED, f"{service} is not part of the application")
        return await attempt(seconds)

    return when_present


def explained(error: Exception, check: Check, seconds: float) -> Outcome:
    """Say what an attempt that could not be finished tells about the check."""
    where = check.options.get("url") or f"{check.options.get('service') or check.options.get('host')}"
    if isinstance(error, (NotThere, TimedOut, Garbled)):
        return Outcome(FAIL, error.message)
    if isinstance(error, OpsError):
        is_out_of_reach = error.kind == UNREACHABLE or isinstance(error, BrokenOff)
        said = f"{error.message} {error.hint}".strip()
        return Outcome(ERROR, said, final=isinstance(error, Refused), out_of_reach=is_out_of_reach)
    if isinstance(error, Late):
        if check.kind in _BLOCKING:
            return Outcome(ERROR, f"the engine did not answer within {round(seconds, 2):g} s")
        return Outcome(FAIL, f"no answer within {round(seconds, 2):g} s")
    return _sockets.refusal(error, where)


def patience(check: Check, seconds: float) -> float:
    """Say when an attempt is cut off: those that mind the time themselves get the chance to say what happened."""
    return seconds + _GRACE if check.kind in _BLOCKING else seconds


def _containers(check: Check, scene: Scene) -> Attempt:
    services = check.options["services"] or scene.services
    look = _probe_engine.ContainersProbe(scene.project, services, scene.since, check.options)
    return lambda seconds: _in_thread(look)


def _logs(check: Check, scene: Scene) -> Attempt:
    services = check.options["services"] or scene.services
    read = _probe_engine.LogsProbe(scene.project, services, scene.since, check.options)
    return lambda seconds: _in_thread(lambda: read(seconds))


def _exec(check: Check, scene: Scene) -> Attempt:
    return lambda seconds: _in_thread(lambda: _probe_engine.run_exec(scene.project, check.options, seconds))


def _postgres(check: Check, scene: Scene) -> Attempt:
    return lambda seconds: _in_thread(lambda: _probe_engine.run_postgres(scene.project, check.options, seconds))


def _http(check: Check, scene: Scene) -> Attempt:
    options = check.options
    if not options["service"]:
        request = _client.request_for(options)
        return lambda seconds: _probe_http.probe(options, request)

    def ask(seconds: float) -> Outcome | None:
        began = time.perf_counter()
        answer = scene.project.ask(options["service"], options["port"], options, seconds)
        return None if answer is None else _probe_http.judged(options, answer, (time.perf_counter() - began) * 1000)

    async def attempt(seconds: float) -> Outcome:
        outcome = await _in_thread(lambda: ask(seconds))
        if outcome is not None:
            return outcome
        address = await _address(check, scene)
        return await _probe_http.probe(options, _client.request_for(options, address))

    return attempt


def _tcp(check: Check, scene: Scene) -> Attempt:
    settle = 0.0 if check.options.get("host") else scene.project.settle
    return _connecting(check, scene, lambda host, port: _probe_socket.tcp(host, port, settle))


def _redis(check: Check, scene: Scene) -> Attempt:
    async def ping(host: str, port: int) -> Outcome:
        return await _redis_databases.redis(host, port, await _password(check, scene))

    return _connecting(check, scene, ping)


def _mongo(check: Check, scene: Scene) -> Attempt:
    return _connecting(check, scene, _probe_mongo.mongo)


def _connecting(check: Check, scene: Scene, probe: Callable[[str, int], Coroutine[Any, Any, Outcome]]) -> Attempt:
    """Look at a service through a connection; where the way to it broke, nothing was seen of the service."""

    async def attempt(seconds: float) -> Outcome:
        host, port = await _address(check, scene)
        try:
            return await probe(host, port)
        except (EOFError, OSError) as error:
            broken = scene.project.broken_way(str(check.options["service"]), int(check.options["port"]))
            raise broken or error from error

    return attempt


async def _address(check: Check, scene: Scene) -> tuple[str, int]:
    host, port = check.options.get("host"), int(check.options["port"])
    if host:
        return str(host), port
    return await _in_thread(lambda: scene.project.address(check.options["service"], port))


async def _password(check: Check, scene: Scene) -> str | None:
    service, variable = check.options["service"], check.options["password_env"]
    if not variable:
        return None
    environment = await _in_thread(lambda: scene.project.environment_of(service))
    if variable not in environment:
        raise Refused(
            f"The container of {service} has no variable {variable}, which password_env names.",
            hint="Name the variable that holds the password, or leave password_env out.",
        )
    return environment[variable]


_MAKERS: dict[str, Callable[[Check, Scene], Attempt]] = {
    "containers": _containers,
    "http": _http,
    "tcp": _tcp,
    "postgres": _postgres,
    "redis": _redis,
    "mongo": _mongo,
    "logs": _logs,
    "exec": _exec,
}
_BLOCKING = frozenset({"containers", "logs", "postgres", "exec"})
