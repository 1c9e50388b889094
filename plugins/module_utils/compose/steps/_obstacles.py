# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What would keep a release from being started, as far as it can be seen before anything is changed: ports and names
that others hold, networks and volumes that are missing, logs that checks are to read and nobody can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...app import _service_names
from ...core._errors import NotThere, Refused
from ...core._verdicts import ADVISORY
from ..engine import _actions, _errors, _holders
from ..engine._errors import engine_errors
from ..engine._holders import Holder, Port
from ..target._target import ComposeTarget

_SHOWN = 10


@dataclass(frozen=True)
class Obstacle:
    """One thing that is in the way, with what to do about it."""

    reason: str
    said: str
    hint: str


def refuse(target: ComposeTarget, config: Mapping[str, Any]) -> None:
    """Refuse a rendered configuration that cannot be started here."""
    info = _actions.info(target.project)
    every = _holders.holders(target.project)
    others = [one for one in every if one.project != target.project.name]
    mine = [one for one in every if one.project == target.project.name]
    # what listens in the network of the host the engine does not say, so a process that is found may be ours
    can_tell = _holders.is_this_host(str(info.get("Name"))) and not any(one.has_host_network for one in mine)
    found = [
        *_of_ports(config, others, [port for one in mine for port in one.ports], _process_at if can_tell else _nobody),
        *_of_names(config, others),
        *_of_external(config, lambda kind, name: _is_there(target, kind, name)),
        *_of_logs(config, target.app.checks, target.app.release_services, str(info.get("LoggingDriver") or "")),
    ]
    if found:
        raise Refused(
            " ".join(one.said for one in found[:_SHOWN]),
            reason=found[0].reason,
            hint=" ".join(dict.fromkeys(one.hint for one in found[:_SHOWN])),
        )


def _services(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The services that get a container."""
    for name, service in (config.get("services") or {}).items():
        count = service.get("scale", (service.get("deploy") or {}).get("replicas", 1))
        if count != 0:
            yield name, service


def published(config: Mapping[str, Any]) -> Iterator[tuple[str, Port]]:
    """Each port of the host that a service wants to have; of a range the engine takes one that is free."""
    for name, service in _services(config):
        for port in (service.get("ports") or []) if service.get("network_mode") != _holders.HOST else ():
            number = str(port.get("published") or "")
            if number.isdigit() and int(number):
                yield name, Port(int(number), str(port.get("protocol") or "tcp"), str(port.get("host_ip") or ""))


def _of_ports(
    config: Mapping[str, Any], others: Sequence[Holder], ours: Sequence[Port], process_at: Callable[[Port], str]
) -> Iterator[Obstacle]:
    for name, port in published(config):
        holder = next((str(one) for one in others if any(port.overlaps(each) for each in one.ports)), "")
        # what a container of ours has, of this service or another, it gives back before
        if not holder and not any(port.overlaps(each) for each in ours):
            holder = process_at(port)
        if holder:
            yield Obstacle(
                "port_in_use",
                f"Port {port}, which {name} publishes, is in use by {holder}.",
                "Stop what holds the port, or publish another one.",
            )


def _nobody(port: Port) -> str:
    del port
    return ""


def _process_at(port: Port) -> str:
    return _holders.process_at(port) if _holders.is_taken(port) else ""


def _of_names(config: Mapping[str, Any], others: Sequence[Holder]) -> Iterator[Obstacle]:
    held = {one.name: one for one in others}
    for name, service in _services(config):
        wanted = str(service.get("container_name") or "")
        if wanted in held:
            whose = held[wanted].project
            yield Obstacle(
                "object_of_another",
                f"The container name {wanted}, which {name} has, is in use by "
                + (f"the compose project {whose}." if whose else "a container that no compose project made."),
                "Remove that container, or take container_name out of the compose file.",
            )


def _of_external(config: Mapping[str, Any], is_there: Callable[[str, str], bool]) -> Iterator[Obstacle]:
    for kind in ("network", "volume"):
        used: dict[str, str] = {}
        for service, settings in _services(config):
            used.update(dict.fromkeys(_used(kind, settings), service))
        for key, one in (config.get(f"{kind}s") or {}).items():
            name = str((one or {}).get("name") or key)
            if key in used and (one or {}).get("external") and not is_there(kind, name):
                yield Obstacle(
                    "not_found",
                    f"The external {kind} {name}, which {used[key]} uses, does not exist.",
                    f"Create it (docker {kind} create {name}), or fix its name.",
                )


def _used(kind: str, service: Mapping[str, Any]) -> list[str]:
    """The networks or volumes of a service, by their keys."""
    if kind == "network":
        return [*(service.get("networks") or {})]
    return [str(one.get("source")) for one in service.get("volumes") or [] if one.get("type") == "volume"]


def _is_there(target: ComposeTarget, kind: str, name: str) -> bool:
    api = target.project.api
    try:
        with engine_errors(f"look at the {kind} {name}"):
            (api.inspect_network if kind == "network" else api.inspect_volume)(name)
    except NotThere:
        return False
    return True


def _of_logs(
    config: Mapping[str, Any], checks: Sequence[Mapping[str, Any]], own: Sequence[str], usual: str
) -> Iterator[Obstacle]:
    """Of the drivers only ``none`` is known to keep nothing; newer engines keep a copy beside most of the others."""
    services = config.get("services") or {}
    for check in checks:
        if check.get("kind") != "logs" or check.get("severity") == ADVISORY:
            continue
        for name in [*_service_names.of_check(check)] or own:
            driver = ((services.get(name) or {}).get("logging") or {}).get("driver") or usual
            if driver == "none":
                yield Obstacle(
                    "invalid_input",
                    f"The check {check.get('name')} reads the log of {name}, whose logging driver is none.",
                    _errors.READABLE_LOGS,
                )
