# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a deployment would change anything, and why: wanted against found, as pure functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ..core._digests import is_comparable
from ..running._containers import Container, fewer, number_of
from ..state._record import GOOD, Record, Source


def image_reference(repository: str, version: str) -> str:
    """``repository:tag``, or ``repository@sha256:…`` where the version is a digest."""
    return f"{repository}{'@' if version.startswith('sha256:') else ':'}{version}"


def has_completed(container: Container, completed: Collection[str]) -> bool:
    """Ended with code 0, where its service is one of those that may."""
    return container.service in completed and container.state == "exited" and container.exit_code == 0


def is_sound(container: Container, completed: Collection[str] = ()) -> bool:
    """Running, and healthy where it can tell; or at the end of what it had to do."""
    runs = container.state == "running" and container.health in ("healthy", "none")
    return runs or has_completed(container, completed)


def drift(record: Record, containers: Sequence[Container], completed: Collection[str]) -> list[str]:
    """Where the containers are not what the release recorded; ``completed`` are the services that may have ended."""

    def reasons(container: Container) -> list[str]:
        unsound = f"{container.service} is {container.state}, {container.health}"
        return _alterations(record, container) or ([] if is_sound(container, completed) else [unsound])

    return _differences_of(record, containers, reasons)


def altered(record: Record, containers: Sequence[Container]) -> list[str]:
    """Where the containers are others, more or fewer than the release recorded, however well they run."""
    return _differences_of(record, containers, lambda container: _alterations(record, container))


def _differences_of(
    record: Record, containers: Sequence[Container], reasons: Callable[[Container], list[str]]
) -> list[str]:
    """Each difference once, by service: how many containers it has, then what differs of them."""
    found: list[str] = []
    for service in sorted(record.config.services):
        found += _miscount(record, containers, service)
        found += [reason for one in containers if one.service == service for reason in reasons(one)]
    return list(dict.fromkeys(found)) + _beside(record, containers)


def _miscount(record: Record, containers: Sequence[Container], service: str) -> list[str]:
    there, wanted = number_of(containers, service), record.replicas.get(service)
    if wanted is not None and there > wanted:
        return [f"{service} has more containers than the release recorded: {there}, expected {wanted}"]
    return list(fewer(containers, [service], record.replicas).values())


def _alterations(record: Record, container: Container) -> list[str]:
    service = container.service
    if container.image_id != record.image_ids.get(service):
        return [f"{service} runs another image than the release recorded"]
    if container.config_hash != record.config.services[service]:
        return [f"{service} runs with another configuration than the release recorded"]
    return []


def _beside(record: Record, containers: Sequence[Container]) -> list[str]:
    others = {container.service for container in containers} - set(record.config.services)
    return [f"{service} is not part of the release" for service in sorted(others)]


def in_the_way(cut: Mapping[str, Any] | None, lease: str | None) -> list[str]:
    """Why nothing can be called done: somebody was cut off, or holds the lease, who may be dead as well."""
    found = [f"{cut['operation']} of {cut['release']} was interrupted in phase {cut['phase']}"] if cut else []
    return found + ([f"the target is {lease}"] if lease else [])


def decide(
    wanted: Mapping[str, Any], found: Mapping[str, Any], drifted: Callable[[Record], list[str]]
) -> dict[str, Any]:
    """``needed`` and ``reasons``: nothing needs doing only where nothing has changed and nobody else is at it.

    ``drifted`` says where what runs is not what a record says.
    """
    reasons = [*in_the_way(found["interrupted"], found["lease"]), *found.get("strangers", ())]
    record: Record | None = found["current_record"]
    if record is None:
        reasons += [] if found.get("strangers") else ["nothing was deployed here before"]
    elif record.status != GOOD:
        reasons.append(f"the current release {record.id} is {record.status}")
    else:
        reasons += _differences(wanted, record) + drifted(record)
    return {"needed": bool(reasons), "reasons": reasons}


def _differences(wanted: Mapping[str, Any], record: Record) -> list[str]:
    found: list[str] = []
    if wanted["version"] != record.version:
        found.append(f"version {record.version} becomes {wanted['version']}")
    elif Source.of(wanted["source"]) != record.source:
        found.append(f"version {wanted['version']} is another commit or image than it was")
    if not is_comparable(record.config.env):
        found.append(f"{record.id} was recorded by an earlier version, whose digests cannot be compared with today's")
    elif wanted["env"] != record.config.env:
        found.append("the env files changed")
    if not found and wanted["inputs"] != record.config.inputs:
        found.append("the files or the variables of the application changed")
    return found
