# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an engine runs that no release started: of our project, and of another that may be the same application."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._answers import current
from ._errors import engine_errors
from ._inspected import label_of
from ._project import PROJECT_LABEL, SERVICE_LABEL, Project

_FILES = "project.config_files"
#: where a release of any state folder has its configuration
_RELEASE = re.compile(r"(?P<state>/.+)/releases/(?P<release>[^/]+)/compose\.json")


def of_project(project: Project, state: str | None) -> list[dict[str, Any]]:
    """The containers of a project, as the engine inspects them, that were not made from a release of the folder
    ``state``. Compose leaves what did not change alone: it may be from a release whose record was pruned since.

    What ``docker run`` made with a label of compose alone, or ``compose run``, is no service; one that was told to stop
    is not running."""
    seen = project.inspected()
    states = {one.id: one.state for one in current(project.read(seen)) if one.service and not one.oneoff}
    return [
        {**one, "State": {**(one.get("State") or {}), "Status": states[one["Id"]]}}
        for one in seen
        if one["Id"] in states and (release_of(one) or ("",))[0] != state
    ]


def release_of(seen: Mapping[str, Any]) -> tuple[str, str] | None:
    """The state folder and the release that a container was made from, where it was one."""
    found = _RELEASE.fullmatch(label_of(seen, _FILES))
    return (found["state"], found["release"]) if found else None


@dataclass(frozen=True)
class Other:
    """A service of another project that runs."""

    project: str
    service: str
    files: tuple[str, ...]
    directory: str
    ports: frozenset[str]


def others(project: Project) -> list[Other]:
    """The services of the other projects that run on this engine."""
    with engine_errors("list the containers of other projects"):
        listed = project.api.containers(filters={"label": [PROJECT_LABEL]})
    found = []
    for one in listed:
        labels = one.get("Labels") or {}
        if labels[PROJECT_LABEL] != project.name:
            public = [port for port in one.get("Ports") or [] if port.get("PublicPort")]
            ports = {f"{port['PublicPort']}/{port['Type']}" for port in public}
            found.append(Other(
                labels[PROJECT_LABEL], labels.get(SERVICE_LABEL, ""),
                tuple(filter(None, labels.get(f"com.docker.compose.{_FILES}", "").split(","))),
                labels.get("com.docker.compose.project.working_dir", ""), frozenset(ports),
            ))  # fmt: skip
    return found


def published(config: Mapping[str, Any]) -> dict[str, set[str]]:
    """The ports of the host that each service of a rendered configuration publishes."""
    return {
        name: {f"{port['published']}/{port.get('protocol', 'tcp')}" for port in service.get("ports") or []
               if port.get("published")}
        for name, service in config["services"].items()
    }  # fmt: skip


def twin(
    running: Iterable[Other], files: Sequence[str], folders: Sequence[str], ports: Mapping[str, set[str]]
) -> tuple[str, str] | None:
    """Another project that looks like the same application, and what says so: it was made from the same ``files``, or
    in one of the ``folders``, or one of its services publishes a port that ours of that name does."""
    ours = {os.path.realpath(path) for path in files}
    places = {os.path.realpath(path) for path in folders}
    for one in running:
        shared = sorted(path for path in one.files if os.path.realpath(path) in ours)
        if shared:
            return one.project, f"was started from the same compose file, {shared[0]}"
        if one.directory and os.path.realpath(one.directory) in places:
            return one.project, f"was started in the same folder, {one.directory}"
        taken = sorted(one.ports & ports.get(one.service, set()))
        if taken:
            return one.project, f"has a service {one.service} at the same port, {taken[0]}"
    return None
