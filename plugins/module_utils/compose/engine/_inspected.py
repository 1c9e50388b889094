# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container as the engine inspects it, as the service of a compose file that makes the same one again.

Pure functions over the engine's answers. What the engine does not tell is left to the image. A dollar is written twice,
as compose would take a single one for a variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_LABEL = "com.docker.compose."
#: the name of a volume that nobody gave one
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
#: what compose takes as the engine says it, by its name in HostConfig
_SAME = {
    "CapAdd": "cap_add", "CapDrop": "cap_drop", "CgroupParent": "cgroup_parent", "CpuShares": "cpu_shares",
    "CpusetCpus": "cpuset", "Dns": "dns", "DnsOptions": "dns_opt", "DnsSearch": "dns_search",
    "ExtraHosts": "extra_hosts", "GroupAdd": "group_add", "Init": "init", "Memory": "mem_limit",
    "MemoryReservation": "mem_reservation", "MemorySwap": "memswap_limit", "OomKillDisable": "oom_kill_disable",
    "OomScoreAdj": "oom_score_adj", "PidsLimit": "pids_limit", "Privileged": "privileged",
    "ReadonlyRootfs": "read_only", "Runtime": "runtime", "SecurityOpt": "security_opt", "ShmSize": "shm_size",
    "Sysctls": "sysctls",
}  # fmt: skip
_SAME_OF_CONFIG = {
    "Cmd": "command", "Domainname": "domainname", "Entrypoint": "entrypoint", "OpenStdin": "stdin_open",
    "StopSignal": "stop_signal", "Tty": "tty", "User": "user", "WorkingDir": "working_dir",
}  # fmt: skip
#: namespaces that are somebody else's; one of its own is what a container has anyway
_SHARED = {"PidMode": "pid", "IpcMode": "ipc", "UTSMode": "uts", "UsernsMode": "userns_mode"}
#: what the engine copies from the container whose network another one shares, and refuses for it
_OF_A_NETWORK = ("domainname", "expose", "hostname", "ports")
_SECONDS = {"Interval": "interval", "Timeout": "timeout", "StartPeriod": "start_period",
            "StartInterval": "start_interval"}  # fmt: skip


def label_of(seen: Mapping[str, Any], name: str) -> str:
    """What compose wrote down of a container, empty where it did not."""
    return str(((seen.get("Config") or {}).get("Labels") or {}).get(_LABEL + name) or "")


def service_from(seen: Mapping[str, Any], services: Mapping[str, str]) -> dict[str, Any]:
    """The service of a container; ``services`` has those beside it, by the ids of their containers."""
    config, host = seen.get("Config") or {}, seen.get("HostConfig") or {}
    found = {theirs: config[name] for name, theirs in _SAME_OF_CONFIG.items() if config.get(name)}
    found.update({theirs: host[name] for name, theirs in _SAME.items() if host.get(name)})
    parts: dict[str, Any] = {
        "container_name": _own_name(seen),
        "cpus": (host.get("NanoCpus") or 0) / 1e9,
        "depends_on": dependencies(label_of(seen, "depends_on"), services.values()),
        "devices": [":".join(filter(None, map(one.get, ("PathOnHost", "PathInContainer", "CgroupPermissions"))))
                    for one in host.get("Devices") or []],
        "environment": dict(str(line).partition("=")[::2] for line in config.get("Env") or []),
        "expose": sorted(config.get("ExposedPorts") or {}),
        "healthcheck": _health_check(config.get("Healthcheck") or {}),
        "hostname": _unless(config.get("Hostname"), str(seen["Id"])[:12]),
        "labels": {name: value for name, value in (config.get("Labels") or {}).items() if not name.startswith(_LABEL)},
        "logging": _logging(host.get("LogConfig") or {}),
        "ports": [*_ports(host.get("PortBindings") or {})],
        "restart": _restart(host.get("RestartPolicy") or {}),
        "stop_grace_period": f"{config['StopTimeout']}s" if config.get("StopTimeout") else "",
        "tmpfs": [f"{path}:{options}".rstrip(":") for path, options in (host.get("Tmpfs") or {}).items()],
        "ulimits": {one["Name"]: {"soft": one["Soft"], "hard": one["Hard"]} for one in host.get("Ulimits") or []},
        "volumes": [_mount(one) for one in seen.get("Mounts") or []],
        **_namespaces(host),
        **_networking(seen, services),
    }  # fmt: skip
    found.update({name: value for name, value in parts.items() if value})
    if str(found.get("network_mode", "")).startswith(("service:", "container:")):
        found = {name: value for name, value in found.items() if name not in _OF_A_NETWORK}
    escaped: dict[str, Any] = _each_text(found, lambda text: text.replace("$", "$$"))
    return escaped


def volumes_of(seen: Mapping[str, Any]) -> dict[str, str]:
    """The volumes of a container, by where they are mounted."""
    mounts = seen.get("Mounts") or []
    return {str(one["Destination"]): str(one["Name"]) for one in mounts if one.get("Type") == "volume"}


def is_anonymous(volume: str) -> bool:
    """Whether nobody gave a volume its name: only the container that uses it knows it."""
    return _ANONYMOUS.fullmatch(volume) is not None


def networks_of(seen: Mapping[str, Any]) -> list[str]:
    """The networks that a container joined by name."""
    mode = str((seen.get("HostConfig") or {}).get("NetworkMode") or "")
    own = mode in ("host", "none", "bridge", "default") or mode.startswith("container:")
    return [] if own else sorted((seen.get("NetworkSettings") or {}).get("Networks") or {})


def dependencies(label: str, services: Iterable[str]) -> dict[str, Any]:
    """What compose wrote down of ``depends_on`` (``db:service_healthy:true,cache:service_started``), as far as it is
    among these services."""
    found = {}
    for one in label.split(","):
        name, condition, restart = [*one.split(":"), "", ""][:3]
        if name in set(services):
            found[name] = {"condition": condition or "service_started", "restart": restart == "true"}
    return found


def _own_name(seen: Mapping[str, Any]) -> str:
    """The name that a container was given, empty for one that compose made."""
    name = str(seen.get("Name", "")).lstrip("/")
    made = [label_of(seen, part) for part in ("project", "service", "container-number")]
    return "" if name in ("-".join(made), "_".join(made)) else name


def _logging(told: Mapping[str, Any]) -> dict[str, Any]:
    return {"driver": told["Type"], "options": told.get("Config") or {}} if told.get("Type") else {}


def _health_check(told: Mapping[str, Any]) -> dict[str, Any]:
    if not told.get("Test"):
        return {}
    if told["Test"] == ["NONE"]:
        return {"disable": True}
    times = {theirs: f"{told[name] / 1e9:g}s" for name, theirs in _SECONDS.items() if told.get(name)}
    return {"test": told["Test"], **times, **({"retries": told["Retries"]} if told.get("Retries") else {})}


def _ports(bindings: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for port, places in sorted(bindings.items()):
        target, _, protocol = port.partition("/")
        for place in places or []:
            published = {"published": place["HostPort"]} if place.get("HostPort") else {}
            address = {"host_ip": place["HostIp"]} if place.get("HostIp") else {}
            yield {"target": int(target), "protocol": protocol or "tcp", "mode": "ingress", **published, **address}


def _restart(policy: Mapping[str, Any]) -> str:
    name, most = policy.get("Name") or "no", policy.get("MaximumRetryCount")
    return f"{name}:{most}" if name == "on-failure" and most else str(name)


def _mount(one: Mapping[str, Any]) -> dict[str, Any]:
    found = {"type": one["Type"], "target": one["Destination"], "read_only": one.get("RW") is False}
    if one["Type"] == "volume":
        return {**found, "source": one["Name"]}
    if one["Type"] != "bind":
        return found
    propagation = _unless(one.get("Propagation"), "rprivate")
    return {**found, "source": one["Source"], **({"bind": {"propagation": propagation}} if propagation else {})}


def _unless(value: Any, usual: str) -> str:
    return "" if value in (None, usual) else str(value)


def _namespaces(host: Mapping[str, Any]) -> dict[str, str]:
    shared = {theirs: str(host.get(name) or "") for name, theirs in _SHARED.items()}
    return {name: mode for name, mode in shared.items() if mode == "host" or mode.startswith("container:")}


def _networking(seen: Mapping[str, Any], services: Mapping[str, str]) -> dict[str, Any]:
    names = networks_of(seen)
    if not names:
        mode = str((seen.get("HostConfig") or {}).get("NetworkMode") or "")
        other = services.get(mode.partition(":")[2])
        return {"network_mode": f"service:{other}" if other else "bridge" if mode == "default" else mode}
    # compose gives these by itself
    usual = {str(seen["Id"])[:12], label_of(seen, "service"), str(seen.get("Name", "")).lstrip("/")}
    found = {}
    for name in names:
        told = seen["NetworkSettings"]["Networks"][name] or {}
        aliases = [alias for alias in told.get("Aliases") or [] if alias not in usual]
        address = (told.get("IPAMConfig") or {}).get("IPv4Address")
        found[name] = {
            **({"aliases": aliases} if aliases else {}), **({"ipv4_address": address} if address else {}),
        }  # fmt: skip
    return {"networks": found}


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each_text(one, change) for key, one in value.items()}
    return [_each_text(one, change) for one in value] if isinstance(value, list) else value
