# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rendered configuration says of how its services hang together."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...running._containers import Container
from ..engine._answers import CONFIG_LABEL

#: what a service may have in common with the container of another one
_NAMESPACES = ("network_mode", "ipc", "pid")
_PROFILE = re.compile(r"seccomp[=:](?P<path>.+)", re.DOTALL)
_NO_FILES = ("unconfined", "builtin")
_COMPLETED = "service_completed_successfully"


def may_end(config: Mapping[str, Any]) -> frozenset[str]:
    """The services that others wait for the end of: they may have ended with code 0."""
    return frozenset(
        name
        for service in config["services"].values()
        for name, how in (service.get("depends_on") or {}).items()
        if how.get("condition") == _COMPLETED
    )


def with_needed(config: Mapping[str, Any], services: Iterable[str]) -> set[str]:
    """Services, with all that they depend on and what that depends on."""
    found: set[str] = set()
    due = list(services)
    while due:
        service = due.pop()
        if service in config["services"] and service not in found:
            found.add(service)
            due += config["services"][service].get("depends_on", {})
    return found


def profiles(service: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """The files of ``security_opt``, which compose reads when it makes a container: which option, and the path."""
    for number, option in enumerate(service.get("security_opt") or []):
        found = _PROFILE.fullmatch(str(option))
        if found and found["path"] not in _NO_FILES:
            yield number, found["path"]


def with_whole_paths(config: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """The configuration with the paths that compose leaves as they are starting from ``base``."""
    result = copy.deepcopy(dict(config))
    for service in (result.get("services") or {}).values():
        for number, path in [*profiles(service)]:
            service["security_opt"][number] = f"seccomp={os.path.normpath(os.path.join(base, path))}"
    return result


def shared(config: Mapping[str, Any]) -> dict[str, set[str]]:
    """Each service that is made with the id of another container, and the services that those are of."""
    found = {}
    for name, service in config["services"].items():
        modes = [str(service.get(key) or "").partition(":") for key in _NAMESPACES]
        others = {other for kind, _, other in modes if kind == "service"}
        volumes = service.get("volumes_from") or []
        others |= {one.partition(":")[0] for one in volumes if not one.startswith("container:")}
        if others or volumes:
            found[name] = others
    return found


def labelled(config: Mapping[str, Any], hashes: Mapping[str, str]) -> dict[str, Any]:
    """The configuration with a label for each service that is made with the id of another container: compose has the id
    in its digest, which nobody else comes to then."""
    result = copy.deepcopy(dict(config))
    for name in shared(config):
        service = result["services"][name]
        service["labels"] = {**(service.get("labels") or {}), CONFIG_LABEL: hashes[name]}
    return result


def parted(config: Mapping[str, Any], containers: Sequence[Container]) -> list[str]:
    """Where a container was made with the id of another one that is gone, and its service has a new one."""
    ids: dict[str, set[str]] = {}
    for one in containers:
        ids.setdefault(one.service, set()).add(one.id)
    mine = shared(config)
    lost = {
        (one.service, other)
        for one in containers
        for other in mine.get(one.service, ())
        if other in ids and not ids[other] & set(one.joined)
    }
    return [f"{service} is part of a container of {other} that is gone" for service, other in sorted(lost)]
