# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the containers of an application stand: a table of predicates over what the engine says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core._options import Option
from ...core._side_by_side import in_thread
from ...core._times import epoch
from ...core._verdicts import FAIL, INCONCLUSIVE, PASS, Outcome
from ...running._containers import Container, fewer
from ...running._scene import Scene
from ...text._excerpt import excerpt, last_lines
from ._kind import Attempt, Kind, Options

_CODES = {
    126: "not executable",
    127: "command not found",
    137: "killed, often for lack of memory",
    139: "segmentation fault",
    143: "terminated",
}
_LAST_LINES = 5
_LOG_BYTES = 64 * 1024


@dataclass(frozen=True)
class Standing:
    """How one container stands. A ``final`` failure does not fix itself by waiting."""

    state: str
    reason: str
    final: bool = False


def standing(container: Container, restarts: int = 0, max_restarts: int = 0, may_complete: bool = False) -> Standing:
    """Judge one container, which was restarted ``restarts`` times since it is being watched."""
    who = container.service or container.name
    if container.state == "running":
        return _running(container, who, restarts, max_restarts)
    if container.state == "restarting":
        return _restarting(container, who, restarts, max_restarts)
    if container.state in ("exited", "dead"):
        if container.state == "exited" and container.exit_code == 0 and may_complete:
            return Standing(PASS, f"{who} has completed")
        return Standing(FAIL, f"{who} {_ending(container)}", final=True)
    if container.state == "created" and container.error:
        return Standing(FAIL, f"{who} could not be started: {excerpt(container.error, 200)}", final=True)
    if container.state == "created":
        return Standing(INCONCLUSIVE, f"{who} is created and not started yet")
    # nobody lets one go on that somebody has paused
    is_final = container.state == "paused"
    return Standing(FAIL, f"{who} is {container.state or 'in no known state'}", is_final)


def _running(container: Container, who: str, restarts: int, max_restarts: int) -> Standing:
    if restarts > max_restarts:
        why = f" after it {_ending(container)}" if container.oom_killed or container.exit_code else ""
        return Standing(FAIL, f"{who} keeps restarting: {_times(restarts)}{why}, {max_restarts} allowed", final=True)
    if container.health == "unhealthy":
        said = excerpt(container.health_output, 200) or "its health check says nothing"
        return Standing(FAIL, f"{who} is unhealthy: {said}", final=True)
    if container.health == "starting":
        return Standing(INCONCLUSIVE, f"{who} is running, its health check has not passed yet")
    return Standing(PASS, f"{who} is running")


def _restarting(container: Container, who: str, restarts: int, max_restarts: int) -> Standing:
    if restarts > max_restarts:
        reason = f"{who} {_ending(container)} and is being restarted, {max_restarts} restarts allowed"
        return Standing(FAIL, reason, final=True)
    return Standing(INCONCLUSIVE, f"{who} is being restarted after it {_ending(container)}")


def _ending(container: Container) -> str:
    if container.oom_killed:
        return "was killed for lack of memory"
    if container.state == "dead":
        return "is dead: the engine could not remove it"
    meaning = _CODES.get(container.exit_code)
    text = f"exited with code {container.exit_code}" + (f" ({meaning})" if meaning else "")
    return f"{text}: {excerpt(container.error, 200)}" if container.error else text


def _times(count: int) -> str:
    return "restarted once" if count == 1 else f"restarted {count} times"


def look(
    containers: Sequence[Container],
    wanted: Sequence[str],
    before: Mapping[str, int],
    options: Mapping[str, Any],
    replicas: Mapping[str, int] | None = None,
) -> Outcome:
    """Judge all containers of the wanted services; ``before`` holds the restarts that are none of our business,
    ``replicas`` how many containers a service has."""
    every = [one for one in containers if not wanted or one.service in wanted]
    standings = {one.id: _judged(one, before, options) for one in every}
    found = [*standings.values(), *(Standing(FAIL, words) for words in fewer(every, wanted, replicas or {}).values())]
    if not found and not wanted:
        return Outcome(FAIL, "there is no container at all")
    observed = {"containers": {one.name: _shown(one, before) for one in every}}
    final = [each.reason for each in found if each.final]
    if final:
        return Outcome(FAIL, "; ".join(final), observed, final=True, ends_all=final[0])
    for state in (FAIL, INCONCLUSIVE):
        reasons = [each.reason for each in found if each.state == state]
        if reasons:
            return Outcome(state, "; ".join(reasons), observed)
    return Outcome(PASS, _praise(every), observed)


def broken(
    containers: Sequence[Container], wanted: Sequence[str], before: Mapping[str, int], options: Mapping[str, Any]
) -> list[Container]:
    """Name the containers whose log tells why nothing is worth waiting for."""
    return [one for one in containers if (not wanted or one.service in wanted) and _judged(one, before, options).final]


def baseline(containers: Sequence[Container], since: float) -> dict[str, int]:
    """Count the restarts that happened before: none where a container was made since ``since``.

    The engine counts a restart as soon as it is decided upon, so one that is under way is not of the past.
    """
    return {
        one.id: 0 if since and epoch(one.created_at) >= since else one.restart_count - (one.state == "restarting")
        for one in containers
    }


def _judged(one: Container, before: Mapping[str, int], options: Mapping[str, Any]) -> Standing:
    completed = one.service in (options.get("completed") or ())
    return standing(one, one.restart_count - before.get(one.id, 0), options.get("max_restarts", 0), completed)


def _shown(one: Container, before: Mapping[str, int]) -> dict[str, Any]:
    return {
        "service": one.service,
        "state": one.state,
        "health": one.health,
        "exit_code": one.exit_code,
        "oom_killed": one.oom_killed,
        "restarts": one.restart_count - before.get(one.id, 0),
        "image": one.image,
        "started_at": one.started_at,
    }


def _praise(containers: Sequence[Container]) -> str:
    healthy = sum(one.health == "healthy" for one in containers)
    running = sum(one.state == "running" for one in containers)
    return f"{running} running, {healthy} healthy" if healthy else f"{running} running"


class ContainersProbe:
    """Remembers how often each container had been restarted when it was first seen."""

    def __init__(self, scene: Scene, options: Mapping[str, Any]) -> None:
        self._project = scene.project
        self._services: Sequence[str] = options["services"] or scene.services
        self._since = scene.since
        self._replicas = scene.replicas
        self._options = options
        self._may_rest = scene.may_rest
        self._before: dict[str, int] = {}

    def __call__(self) -> Outcome:
        """Look once."""
        containers = self._project.containers()
        if self._may_rest and not self._services and not containers:
            return Outcome(PASS, "nothing of the release keeps running")
        self._before = {**baseline(containers, self._since), **self._before}
        outcome = look(containers, self._services, self._before, self._options, self._replicas)
        if not outcome.final:
            return outcome
        culprits = broken(containers, self._services, self._before, self._options)
        return with_last_words(outcome, {one.service: self._last_lines(one.service) for one in culprits})

    def _last_lines(self, service: str) -> list[str]:
        ends = self._project.log_ends(service, limit_bytes=_LOG_BYTES)
        return [line for end in ends for line in last_lines(end.text, _LAST_LINES, end.was_cut)][-_LAST_LINES:]


def with_last_words(outcome: Outcome, log: Mapping[str, Sequence[str]]) -> Outcome:
    """Add to a terminal reason what the container said last, as ``last_lines`` gives it."""
    words = next((line.strip() for lines in log.values() for line in reversed(lines)), "")
    reason = f"{outcome.reason}; its last words: {words}" if words else outcome.reason
    observed = {**outcome.observed, "log": {service: list(lines) for service, lines in log.items()}}
    return Outcome(outcome.state, reason, observed, outcome.final, outcome.ends_all)


def _attempt(options: Options, scene: Scene) -> Attempt:
    options = {**options, "completed": [*(options.get("completed") or ()), *scene.completed]}
    look_once = ContainersProbe(scene, options)
    return lambda seconds: in_thread(look_once)


KIND = Kind(
    name="containers",
    about="the containers of O(services) run, as many as the release recorded, have a healthy health check if they "
    "have one, and are not restarted. It goes on looking until all other checks have ended.",
    options={
        "services": Option("list", about="The services to check. All of O(services) unless given."),
        "completed": Option(
            "list", (), about="Services that may have ended with code 0, besides those that compose files wait for the "
            "end of.",
        ),
        "max_restarts": Option(
            "int", 0, may_be_negative=False,
            about="How often a container may be restarted since O(since) or since the check began.",
        ),
    },
    attempt=_attempt,
    asks_platform=True,
    blocks=True,
    guards=True,
)  # fmt: skip
