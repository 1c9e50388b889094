# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing a recorded release up, or the application down: only what differs is touched, and waiting is watching."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...checks.kinds._containers import baseline
from ...core._errors import OpsError
from ...core._progress import tell
from ...operations import _plan
from ...operations._specs import RELEASE_APPLY
from ...operations._step import Step
from ...running._containers import Container, fewer, number_of
from ...state._record import Record
from ...text._excerpt import excerpt
from ..engine import _actions
from ..engine._cli import Compose, seconds_in
from ..target import _data
from ..target._target import ComposeTarget
from . import _preview

_ENDED = ("created", "exited", "dead")


def waiting_for(
    containers: Sequence[Container],
    services: Sequence[str],
    completed: Collection[str] = (),
    replicas: Mapping[str, int] | None = None,
) -> list[str]:
    """The services that are not up yet: all of their ``replicas`` have to be, one where that says nothing."""
    up = [container for container in containers if _plan.is_sound(container, completed)]
    return list(fewer(up, services, replicas or {}))


def terminal_reason(
    containers: Sequence[Container],
    services: Sequence[str],
    before: Mapping[str, int] | None = None,
    completed: Collection[str] = (),
) -> str | None:
    """Why waiting is of no use any more, with the container that says so by name.

    ``before`` holds the restarts of each container that are of the past, ``completed`` the services that may end.
    """
    for container in containers:
        if container.service in services and not _plan.has_completed(container, completed):
            reason = _hopeless(container, container.restart_count - (before or {}).get(container.id, 0))
            if reason:
                return reason
    return None


def _hopeless(container: Container, restarts: int) -> str | None:
    # a container that runs on keeps the mark of a child of its that was killed once
    if container.oom_killed and (container.state != "running" or restarts > 0):
        return f"{container.service} was killed for want of memory"
    if container.state in ("exited", "dead"):
        return f"{container.service} exited with code {container.exit_code}" + (
            f": {excerpt(container.error, 200)}" if container.error else ""
        )
    if container.state == "restarting" or restarts > 2:
        how = f"exit code {container.exit_code}, {restarts} restarts"
        return f"{container.service} keeps restarting ({how})"
    if container.state == "paused":
        return f"{container.service} was paused while it was started"
    if container.health == "unhealthy":
        said = excerpt(container.health_output, 200) or "its health check says nothing"
        return f"{container.service} is unhealthy: {said}"
    return None


def _still_missing(services: Sequence[str], missing: Sequence[str]) -> str:
    up = len(services) - len(missing)
    return f"{up} of {len(services)} services are up, waiting for {', '.join(missing)}"


def wait_until_up(target: ComposeTarget, record: Record, services: Sequence[str], before: Mapping[str, int]) -> None:
    """Watch until services of a release run and are healthy; a terminal state ends the wait at once, by name."""
    project, timeout = target.project, target.app.start_timeout
    completed, replicas = target.completed(record.id), record.replicas
    deadline = time.monotonic() + timeout
    with contextlib.closing(project.events(timeout=0.5)) as happenings:
        for _ in happenings:
            containers = project.containers()
            reason = terminal_reason(containers, services, before, completed)
            if reason:
                raise OpsError(
                    f"The release failed to start: {reason}.",
                    reason="start_failed",
                    hint="See its log in the evidence.",
                )
            missing = waiting_for(containers, services, completed, replicas)
            if not missing:
                return
            tell(functools.partial(_still_missing, services, missing))
            if time.monotonic() > deadline:
                raise OpsError(
                    f"{', '.join(missing)} did not become healthy within {timeout:g} s.",
                    reason="start_timed_out",
                    hint="See the log in the evidence, or raise app_start_timeout.",
                )


def to_change(
    found: Sequence[Container],
    hashes: Mapping[str, str],
    images: Mapping[str, str],
    replicas: Mapping[str, int],
    shared: Mapping[str, Collection[str]] | None = None,
) -> list[str]:
    """The services whose containers compose is going to make, replace, start or remove; ``shared`` has those that are
    made with the ids of others' containers."""

    def stands(service: str) -> bool:
        mine = [one for one in found if one.service == service]
        wanted = ("running", hashes[service], images.get(service))
        count = number_of(mine, service)
        return count == replicas.get(service, max(count, 1)) and all(
            (one.state, one.config_hash, one.image_id) == wanted for one in mine
        )

    changed = {service for service in hashes if not stands(service)}
    while more := {name for name, others in (shared or {}).items() if changed & set(others)} - changed:
        changed |= more
    return sorted(changed) + sorted({container.service for container in found} - set(hashes))


def due(target: ComposeTarget, record: Record) -> list[str]:
    """The services of a release whose containers compose is going to make, replace or start, and those it removes."""
    found = target.project.containers()
    return to_change(found, record.config.services, record.image_ids, record.replicas, target.shared(record.id))


def bring_up(target: ComposeTarget, release: str, services: Sequence[str] = ()) -> list[str]:
    """Start all or some services of a release; returns those with a container that came, began again or went."""
    record = target.record(release)
    compose = target.compose_of(release)
    found = target.project.containers()
    wanted = list(services or record.config.services)
    verb = ["up", "--detach", "--no-build", "--quiet-pull"]
    _data.link_again(target.files.root, target.config_of(release))
    _actions.finish_stopping(target.project)
    _actions.remove_half_made(target.project)
    _actions.wake(target.project)
    if record.is_found and not services:
        _remove_made(target, record)
        wanted = services = changed_since(record, target.project.containers())
    _make_again(target, compose, wanted)
    if wanted:
        verb += ["--no-deps", *services] if services else ["--remove-orphans"]
        timeout = target.app.start_timeout + _stopping_takes(target, record, release)
        compose.run(*verb, doing="Starting the containers", timeout=timeout)
    wait_until_up(target, record, wanted, baseline(found, 0))
    return sorted({service for _, _, service in _runs(found) ^ _runs(target.project.containers())})


def _make_again(target: ComposeTarget, compose: Compose, services: Sequence[str]) -> None:
    """Have what a killed or failed run has made and not started made again, with all that belongs into it."""
    again = [service for service in _actions.never_started(target.project) if service in services]
    if again:
        verb = ("up", "--no-start", "--no-build", "--no-deps", "--force-recreate", *again)
        compose.run(*verb, doing="Making containers again", timeout=target.app.start_timeout)


def _stopping_takes(target: ComposeTarget, record: Record, release: str) -> float:
    """How long the containers that are replaced or removed may take to stop, one after the other at the worst."""
    services = target.config_of(release)["services"]
    granted = {
        service: seconds_in(str(services.get(service, {}).get("stop_grace_period") or ""))
        for service in due(target, record)
    }
    found = target.project.containers()
    return sum(max(one.stop_grace, granted[one.service]) for one in found if one.service in granted)


def changed_since(record: Record, found: Sequence[Container]) -> list[str]:
    """The services of a release that was found and not made whose containers are others by now. Those that are still
    there are left alone: compose would make each again, as it did not write down what their configuration is."""
    changed = []
    for service, digest in record.config.services.items():
        mine = [one for one in found if one.service == service]
        same = (digest, record.images[service].id)
        others = any((one.config_hash, one.image_id) != same or one.state in _ENDED for one in mine)
        if others or fewer(mine, [service], record.replicas):
            changed.append(service)
    return sorted(changed)


def _remove_made(target: ComposeTarget, record: Record) -> None:
    """Take away what a release of ours added to what was found; what else is there is not ours to remove."""
    theirs = {one["Id"] for one in target.strangers()}
    for container in target.project.containers():
        if container.id not in theirs and container.service not in record.config.services:
            _actions.remove(target.project, container.id)


def _note_hashes(target: ComposeTarget, release: str, token: int) -> None:
    """Record the configuration hashes of the containers that run now: those of a release that was found are new, and
    another version of Compose has others for the same configuration."""
    record = target.record(release)
    now = {one.service: one.config_hash for one in target.project.containers()}
    services = {service: now.get(service, digest) for service, digest in record.config.services.items()}
    if services != record.config.services:
        target.save(replace(record, config=replace(record.config, services=services)), token)


def _runs(containers: Sequence[Container]) -> set[tuple[str, str, str]]:
    return {(container.id, container.started_at, container.service) for container in containers}


def _down(target: ComposeTarget, services: Sequence[str]) -> list[str]:
    """Stop the services that carry the release; volumes and data services stay."""
    running = sorted({c.service for c in target.project.containers() if c.service in services and c.state != "exited"})
    for container in target.project.containers():
        if container.service in running:
            _actions.stop(target.project, container.id)
    return running


def _predict(target: ComposeTarget, params: Mapping[str, Any]) -> list[str]:
    if params["state"] == "stopped":
        return target.running(target.app.release_services)
    # a release that a check only thought of has no record
    if params["release"] not in target.store.folders("releases"):
        return list(params["predicted"])
    return sorted({*params["predicted"], *due(target, target.record(params["release"]))})


def _difference(target: ComposeTarget, params: Mapping[str, Any], services: Sequence[str]) -> list[dict[str, str]]:
    """What changes in the configuration, or where that stays as it is, the services that are started or stopped."""
    told: list[dict[str, str]] = list(params["preview"])
    if not told and params["state"] == "running" and params["release"] in target.store.folders("releases"):
        with contextlib.suppress(OpsError):  # what cannot be shown holds up no return
            told = _preview.between(target, target.current(), params["release"])
    listed = "".join(f"{service}: {params['state']} {params['release']}\n" for service in services)
    return told or ([{"before": "", "after": listed}] if listed else [])


def run(target: ComposeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Bring the release up or the application down."""
    predicted = _predict(target, params)
    difference = _difference(target, params, predicted)
    if check_mode:
        return {"changed": bool(predicted), "services": predicted, "diff": difference, "started": time.time()}
    started = time.time()
    with target.phase(params["phase"] or "apply", params["token"]):
        if params["state"] == "stopped":
            changed = _down(target, target.app.release_services)
        else:
            changed = bring_up(target, params["release"])
            _note_hashes(target, params["release"], params["token"])
    return {
        "changed": bool(changed or predicted),
        "services": changed or predicted,
        "diff": difference,
        "started": started,
    }


APPLY = Step(spec=RELEASE_APPLY, run=run)
