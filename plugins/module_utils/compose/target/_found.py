# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ran before the first release, as a configuration from which it can be started again.

A service is what its compose files still say, where they come to the digest that compose wrote on its container, and
otherwise what the engine tells of the container. Volumes that nobody named are named, or their data would be lost with
the container.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...core._errors import OpsError
from ..engine import _cli, _inspected

Seen = Mapping[str, Any]
#: paused ones are woken up, and ones that keep restarting are somebody's as well
_ALIVE = ("running", "paused", "restarting")


def service_of(seen: Seen) -> str:
    """The service of a container."""
    return _inspected.label_of(seen, "service")


def is_alive(seen: Seen) -> bool:
    """Whether there is something to return to: what somebody stopped is not."""
    return (seen.get("State") or {}).get("Status") in _ALIVE


def hash_of(seen: Seen) -> str:
    """What compose compares of a container."""
    return _inspected.label_of(seen, "config-hash")


def newest(found: Iterable[Seen]) -> dict[str, Seen]:
    """For each service the container that was made last."""
    return {service_of(one): one for one in sorted(found, key=lambda one: str(one.get("Created", "")))}


def configuration(project: str, found: Sequence[Seen]) -> dict[str, Any]:
    """The configuration of the containers ``found``, all of which are alive."""
    told, by_file = newest(found), _from_files(project, found)
    of_containers = {one["Id"]: service_of(one) for one in found}
    document: dict[str, Any] = {"name": project, "services": {}, "networks": {}, "volumes": {}}
    for name, seen in told.items():
        known = by_file.get(name)
        if known:
            service = _kept(known["service"], told)
            for kind in ("networks", "volumes", "configs", "secrets"):
                document.setdefault(kind, {}).update(known["config"].get(kind) or {})
        else:
            service = _inspected.service_from(seen, of_containers)
            document["networks"].update({one: _external(one) for one in _inspected.networks_of(seen)})
            document["volumes"].update({one: _external(one) for one in _inspected.volumes_of(seen).values()})
        document["services"][name] = _with_its_volumes(service, seen, document["volumes"])
        count = sum(service_of(one) == name for one in found)
        if count != _cli.replicas(document)[name]:
            # beside what a file says compose refuses another number
            (document["services"][name].get("deploy") or {}).pop("replicas", None)
            document["services"][name]["scale"] = count
    return _cli.pinned(document, {name: seen["Image"] for name, seen in told.items()})


def _from_files(project: str, found: Sequence[Seen]) -> dict[str, dict[str, Any]]:
    """The services that compose files still describe as they run: each with the configuration that it is part of."""
    result: dict[str, dict[str, Any]] = {}
    for place in sorted({_place(one) for one in found}):
        files, directory, env_files = place
        # what is no file on this host compose would fetch from elsewhere
        if not files or not all(os.path.isabs(path) and os.path.isfile(path) for path in (*files, *env_files)):
            continue
        there = Path(directory) if os.path.isdir(directory) else None
        compose = _cli.Compose(project, [*map(Path, files)], there, ["*"], env_files)
        with contextlib.suppress(OpsError):
            config, hashes = compose.config(), compose.hashes()
            for name, seen in newest(one for one in found if _place(one) == place).items():
                if name in hashes and hashes[name] == hash_of(seen):
                    result[name] = {"service": config["services"][name], "config": config}
    return result


def _place(seen: Seen) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Where compose read what it made a container from."""
    files, env = (_inspected.label_of(seen, f"project.{name}") for name in ("config_files", "environment_file"))
    directory = _inspected.label_of(seen, "project.working_dir")
    return tuple(filter(None, files.split(","))), directory, tuple(filter(None, env.split(",")))


def _kept(service: Mapping[str, Any], told: Mapping[str, Seen]) -> dict[str, Any]:
    """A service of compose files without what is not there to depend on: it has ended, or never ran."""
    needs = {name: how for name, how in (service.get("depends_on") or {}).items() if name in told}
    return {**{name: value for name, value in service.items() if name != "depends_on"},
            **({"depends_on": needs} if needs else {})}  # fmt: skip


def _with_its_volumes(service: Mapping[str, Any], seen: Seen, volumes: dict[str, Any]) -> dict[str, Any]:
    """The service with its volumes that have no name of their own, by the one that the engine gave them."""
    nameless = {path: name for path, name in _inspected.volumes_of(seen).items() if _inspected.is_anonymous(name)}
    others = [one for one in service.get("volumes") or [] if one.get("target") not in nameless]
    mounts = [{"type": "volume", "source": name, "target": path} for path, name in nameless.items()]
    volumes.update({name: _external(name) for name in nameless.values()})
    return {**service, **({"volumes": [*others, *mounts]} if others or mounts else {})}


def _external(name: str) -> dict[str, Any]:
    return {"name": name, "external": True}
