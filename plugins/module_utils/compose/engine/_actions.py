# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is changed through the engine's API and not by a compose verb: stopping, tidying, forgetting images."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...core._errors import NotThere, OpsError, Refused
from ...running._containers import STOPPING
from ._errors import engine_errors
from ._project import Project

#: what compose puts before the name of a container until the one that it replaces is gone: that one's id
_REPLACES = re.compile(r"(?P<id>[0-9a-f]{12})_")

#: the seconds that the engine gives a container to stop where nothing else was said
_USUAL_GRACE = 10


@contextlib.contextmanager
def _unless_gone(wanted: str) -> Iterator[None]:
    """A container may go by itself between the list that it was in and the call."""
    with contextlib.suppress(NotThere), engine_errors(wanted):
        yield


def info(project: Project) -> dict[str, Any]:
    """What the engine says about itself; refuses Podman, which answers on the same API and lacks what we need of it."""
    with engine_errors("ask the engine about itself"):
        found: dict[str, Any] = project.api.info()
        version = project.api.version()
    if any(one.get("Name") == "Podman Engine" for one in version.get("Components") or []):
        raise Refused(
            f"Expected a Docker Engine, found Podman {found.get('ServerVersion')}. It has no BuildKit for "
            "`docker compose build`, and cannot say which digest a version has in a registry.",
            reason="engine_unsupported",
            hint="Install Docker Engine (playbooks/prepare.yml), and check DOCKER_HOST and `docker context ls` there.",
        )
    return found


def stop(project: Project, container: str) -> None:
    """Stop a container, within the grace period that it was made with."""
    with engine_errors("stop a container"):
        granted = (project.api.inspect_container(container).get("Config") or {}).get("StopTimeout")
        # without it the SDK waits for less than a long one lasts
        project.api.stop(container, timeout=_USUAL_GRACE if granted is None else granted)


def remove(project: Project, container: str) -> None:
    """Stop a container and take it away; its volumes stay."""
    with _unless_gone("remove a container"):
        stop(project, container)
        project.api.remove_container(container)


def wake(project: Project) -> None:
    """Have the containers go on that somebody paused: compose takes them for running and waits for them for ever."""
    for container in project.containers():
        if container.state == "paused":
            with _unless_gone(f"unpause {container.name}"):
                project.api.unpause(container.id)


def signal(project: Project, service: str, name: str) -> None:
    """Send a signal to the containers of a service."""
    for container in project.containers():
        if container.service == service:
            with engine_errors(f"send {name} to {container.name}"):
                project.api.kill(container.id, signal=name)


def migration_container(project: Project) -> str:
    """The name of the container that a migration runs in: there can be one at a time."""
    return f"{project.name}-migration"


def remove_migration(project: Project) -> None:
    """Remove the container of a migration, also one that a killed run left behind."""
    for container in project.containers(include_oneoff=True):
        if container.name == migration_container(project):
            with _unless_gone(f"remove {container.name}"):
                project.api.remove_container(container.id, force=True)


def remove_half_made(project: Project) -> None:
    """Remove containers that a killed run made and never put in their place; compose may stumble over their names.

    One whose predecessor is gone is all that has the predecessor's anonymous volumes: compose has to make it again.
    """
    every = project.every_container()
    for container in every:
        replaces = _REPLACES.match(container.name)
        if container.state == "created" and replaces and any(one.id.startswith(replaces["id"]) for one in every):
            with _unless_gone(f"remove {container.name}"):
                project.api.remove_container(container.id)


def never_started(project: Project) -> list[str]:
    """The services with a container that was made and not started: it may be without its secrets or configs, which
    compose puts into it in between."""
    every = project.every_container()
    return sorted({one.service for one in every if one.state == "created" and not one.oneoff})


def finish_stopping(project: Project) -> None:
    """Have the containers that are on their way out go all of it: whoever takes one for running soon has none."""
    for container in project.every_container():
        if container.state == STOPPING and not container.oneoff:
            with _unless_gone(f"stop {container.name}"):
                stop(project, container.id)


def refuse_other_folders(project: Project, wanted: Mapping[str, str]) -> None:
    """Refuse a volume that is another folder of the host for the engine than it is to be: the engine and compose go on
    with the one that it was made with."""
    for name, folder in wanted.items():
        try:
            with engine_errors(f"look at the volume {name}"):
                made = (project.api.inspect_volume(name).get("Options") or {}).get("device")
        except NotThere:
            continue
        if made and made != folder:
            raise Refused(
                f"The volume {name} is the folder {made}, and is to be {folder}.",
                hint=f"Stop what uses it, move what is needed to {folder}, run docker volume rm {name}, then re-run.",
                volume=name,
            )


def forget_image(project: Project, kept_as: str, reference: str, image: str) -> None:
    """Drop the names under which a release kept an image; one that something still uses stays."""
    for name in (kept_as, reference):
        if project.image_id(name) == image:
            with contextlib.suppress(OpsError):
                project.remove_image(name)
