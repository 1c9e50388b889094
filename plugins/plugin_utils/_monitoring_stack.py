# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prometheus, Alertmanager and exporters as a compose project of their own, beside that of the application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.plugin_utils._alert_routes import SECRETS
from ansible_collections.doppelganger.ops.plugins.plugin_utils._monitoring_parts import (
    QUERIES,
    Places,
    alertmanager_arguments,
    at,
    cache_environment,
    database_environment,
    image_of,
    prometheus_arguments,
)

#: what the target fills in: the user whose files these are, and the address by which containers reach the host
USER, GATEWAY = "${OPS_USER}", "${OPS_GATEWAY}"
_LOCAL = "127.0.0.1"
#: the exporter of each job: where it is asked, but for the host's, whose port can be chosen
EXPORTERS = {"containers": "containers:8080", "database": "database:9187", "cache": "cache:9121"}


def places(settings: Mapping[str, Any]) -> Places:
    """Where containers find each other.

    The application by the name of its service and not by a look-up of its addresses: one that is stopped has none, and
    would be gone from Prometheus instead of down.
    """
    host = f"host.docker.internal:{settings['ports']['host']}"
    return Places(
        service=lambda name, port: at(f"{name}:{port}"),
        exporters={name: at(address) for name, address in {**EXPORTERS, "host": host}.items()},
        prometheus="prometheus:9090",
        alertmanager="alertmanager:9093",
    )


def compose(
    app: str, settings: Mapping[str, Any], database: Mapping[str, str], cache: str, secrets: frozenset[str]
) -> dict[str, Any]:
    """The compose file. ``database`` has the service, the name and the user of the database, ``cache`` the service;
    ``secrets`` names those that there are."""
    makers: dict[str, Any] = {
        "host": _host,
        "containers": lambda _: _containers(),
        "database": lambda _: _database(database, "database_password" in secrets),
        "cache": lambda _: _cache(cache, "cache_password" in secrets),
    }
    services = {"prometheus": _prometheus(settings), "alertmanager": _alertmanager(settings)}
    services |= {name: makers[name](settings) for name in settings["exporters"]}
    if settings["images"].get("grafana"):
        services["grafana"] = _grafana(settings)
    for name, service in services.items():
        service["image"] = image_of(name, settings)
        service["restart"] = "unless-stopped"
    return {
        "name": f"{app}-monitoring",
        "services": services,
        "networks": {"app": {"external": True, "name": settings["network"] or f"{app}_default"}},
    }


def _prometheus(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "user": USER,
        "command": [*prometheus_arguments(settings), "--web.enable-lifecycle"],
        "volumes": ["./prometheus:/etc/prometheus:ro", "./data/prometheus:/prometheus"],
        # whoever reaches the port can end the server and read every metric: only the host itself does
        "ports": [f"{_LOCAL}:{settings['ports']['prometheus']}:9090"],
        "extra_hosts": ["host.docker.internal:host-gateway"],
        "networks": ["default", "app"],
    }


def _alertmanager(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "user": USER,
        "command": alertmanager_arguments(),
        "volumes": [
            "./alertmanager:/etc/alertmanager:ro",
            f"./secrets:{SECRETS}:ro",
            "./data/alertmanager:/alertmanager",
        ],
        "ports": [f"{_LOCAL}:{settings['ports']['alertmanager']}:9093"],
        "extra_hosts": ["host.docker.internal:host-gateway"],
        "networks": ["default"],
    }


def _host(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        # in the host's own network, or its traffic would be that of a container; asked by containers alone
        "network_mode": "host",
        "pid": "host",
        "command": ["--path.rootfs=/host", f"--web.listen-address={GATEWAY}:{settings['ports']['host']}"],
        # what is mounted later stays unseen, of which the catalogue asks nothing; not every host has a shared root
        "volumes": ["/:/host:ro"],
    }


def _containers() -> dict[str, Any]:
    mounts = ["/:/rootfs:ro", "/var/run:/var/run:ro", "/sys:/sys:ro", "/var/lib/docker/:/var/lib/docker:ro"]
    return {"volumes": mounts, "privileged": True, "networks": ["default"]}


def _database(database: Mapping[str, str], has_password: bool) -> dict[str, Any]:
    return {
        "user": USER,
        "environment": database_environment(database["service"], database, has_password),
        "volumes": [f"./secrets:{SECRETS}:ro", f"./database:{QUERIES}:ro"],
        "networks": ["default", "app"],
    }


def _cache(service: str, has_password: bool) -> dict[str, Any]:
    return {
        "user": USER,
        "environment": cache_environment(service, service, has_password),
        "volumes": [f"./secrets:{SECRETS}:ro"],
        "networks": ["default", "app"],
    }


def _grafana(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "volumes": [
            "./grafana/provisioning:/etc/grafana/provisioning:ro",
            "./grafana/dashboards:/etc/grafana-dashboards:ro",
            "grafana:/var/lib/grafana",
        ],
        "ports": [f"{_LOCAL}:{settings['ports']['grafana']}:3000"],
        "networks": ["default"],
    }
