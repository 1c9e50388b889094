# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rendered configuration says of how its services hang together."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: what a service may have in common with the container of another one
_NAMESPACES = ("network_mode", "ipc", "pid")
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


def shared(config: Mapping[str, Any]) -> dict[str, set[str]]:
    """Each service that is made with the id of another container, and the services that those are of."""
    found = {}
    for name, service in config["services"].items():
        others = {other for _, other in _joined(service)}
        volumes = service.get("volumes_from") or []
        others |= {one.partition(":")[0] for one in volumes if not one.startswith("container:")}
        if others or volumes:
            found[name] = others
    return found


def resolved(config: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """The configuration as compose makes a digest of it when it makes containers: with the ids of those, by service."""
    result = copy.deepcopy(dict(config))
    for name in shared(config):
        service = result["services"][name]
        for key, other in _joined(service):
            if other in ids:
                service[key] = f"container:{ids[other]}"
        for place, one in enumerate(service.get("volumes_from") or []):
            kind, _, rest = one.partition(":")
            found = rest.partition(":")[0] if kind == "container" else ids.get(kind)
            if found:
                service["volumes_from"][place] = found
                # whoever reads this takes the id for a service, and looks for it
                result["services"].setdefault(found, {"image": "of-a-container"})
    return result


def _joined(service: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The namespaces of other services that one is in."""
    for key in _NAMESPACES:
        kind, _, other = str(service.get(key) or "").partition(":")
        if kind == "service":
            yield key, other
