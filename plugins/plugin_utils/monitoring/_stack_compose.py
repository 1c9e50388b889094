# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prometheus, Alertmanager and exporters as a compose project of their own, beside that of the application.

They find each other in a network of the project's own. Who has to ask the application is in its network as well, and
listens there to nobody: a server listens at the name that it has in the project's own network alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.monitoring._keys import NAME, PAIR

from ._alert_routes import SECRETS
from ._parts import (
    QUERIES,
    Places,
    alertmanager_arguments,
    at,
    cache_environment,
    database_environment,
    grafana_environment,
    image_of,
    prometheus_arguments,
    read_by,
)

#: what the target fills in: the user whose files these are, the one who sees the host and owns nothing, and the
#: address by which containers reach the host
USER, WATCHER, GATEWAY = "${OPS_USER}", "${OPS_WATCHER}", "${OPS_GATEWAY}"
_LOCAL = "127.0.0.1"
#: the port of each exporter, but for the host's, which can be chosen
EXPORTERS = {"containers": 8080, "database": 9187, "cache": 9121}
_KEY = f"{SECRETS}/{PAIR.rpartition('/')[2]}"
#: no part can become more than it is, or write but where it is let
_CONFINED = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}


def places(app: str, settings: Mapping[str, Any]) -> Places:
    """Where containers find each other.

    The application by the name of its service and not by a look-up of its addresses: one that is stopped has none, and
    would be gone from Prometheus instead of down.
    """
    host = {
        **at(f"host.docker.internal:{settings['ports']['host']}"),
        "scheme": "https",
        "tls_config": {"ca_file": _KEY, "cert_file": _KEY, "key_file": _KEY, "server_name": NAME},
    }
    return Places(
        service=lambda name, port: at(f"{name}:{port}"),
        exporters={**{name: at(f"{_inside(app, name)}:{port}") for name, port in EXPORTERS.items()}, "host": host},
        prometheus=f"{_inside(app, 'prometheus')}:9090",
        alertmanager=f"{_inside(app, 'alertmanager')}:9093",
    )


def host_login() -> dict[str, Any]:
    """What the exporter of the host reads: it answers only to who has the key."""
    required = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": _KEY}
    return {"tls_server_config": {"cert_file": _KEY, "key_file": _KEY, **required}}


def readers(settings: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, list[str]]:
    """The secrets that each part of the stack reads."""
    found = {part: read_by(part, secrets) for part in _parts(settings)}
    return {part: names for part, names in found.items() if names}


def compose(
    app: str, settings: Mapping[str, Any], database: Mapping[str, str], cache: str, secrets: frozenset[str]
) -> dict[str, Any]:
    """The compose file. ``database`` has the service, the name and the user of the database, ``cache`` the service;
    ``secrets`` names those that there are."""
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "prometheus": lambda: _prometheus(app, settings),
        "alertmanager": lambda: _alertmanager(settings),
        "host": lambda: _host(settings),
        "containers": _containers,
        "database": lambda: _database(app, database, "database_password" in secrets),
        "cache": lambda: _cache(app, cache, "cache_password" in secrets),
        "grafana": lambda: _grafana(settings, secrets),
    }
    theirs = settings["network"] or f"{app}_default"
    services = {}
    for name in _parts(settings):
        made = makers[name]()
        if "network_mode" not in made:
            made["networks"] = {"default": {"aliases": [_inside(app, name)]}, **made.get("networks", {})}
        if read_by(name, secrets):
            made["volumes"] = [*made["volumes"], f"./secrets/{name}:{SECRETS}:ro"]
        services[f"monitoring-{name}"] = {**made, "image": image_of(name, settings), "restart": "unless-stopped"}
    return {
        "name": f"{app}-monitoring",
        "services": services,
        "networks": {"default": {"name": _own_network(app, theirs)}, "app": {"external": True, "name": theirs}},
    }


def _parts(settings: Mapping[str, Any]) -> list[str]:
    grafana = ["grafana"] if settings["images"].get("grafana") else []
    return ["prometheus", "alertmanager", *settings["exporters"], *grafana]


def _inside(app: str, part: str) -> str:
    """The name of a part in the project's own network. The application's network does not have it, as it has that of
    the service: no two of these can be mixed up, and a server that listens at it listens to nobody else."""
    return f"{part}.{app}-monitoring"


def _own_network(app: str, theirs: str) -> str:
    """The engine sends what comes to a port of the host to the network whose name is first in the alphabet."""
    for name in (f"{app}-monitoring_default", f"0-{app}-monitoring"):
        if name < theirs:
            return name
    raise Refused(
        f"observe_network is {theirs!r}, expected a name that sorts after '0-{app}-monitoring'.",
        hint="Choose another network of the application, or give it another name.",
    )


def _prometheus(app: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    listen = f"--web.listen-address={_inside(app, 'prometheus')}:9090"
    key = [f"./{PAIR.rpartition('/')[0]}:{SECRETS}:ro"] if "host" in settings["exporters"] else []
    return {
        **_CONFINED,
        "user": USER,
        # without its lifecycle: a signal has it read its files
        "command": [*prometheus_arguments(settings), listen],
        "volumes": ["./prometheus:/etc/prometheus:ro", "./data/prometheus:/prometheus", *key],
        "ports": [f"{_LOCAL}:{settings['ports']['prometheus']}:9090"],
        "extra_hosts": ["host.docker.internal:host-gateway"],
        "networks": {"app": {}},
    }


def _alertmanager(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_CONFINED,
        "user": USER,
        "command": alertmanager_arguments(),
        "volumes": ["./alertmanager:/etc/alertmanager:ro", "./data/alertmanager:/alertmanager"],
        # who reaches it can silence every alert
        "ports": [f"{_LOCAL}:{settings['ports']['alertmanager']}:9093"],
        "extra_hosts": ["host.docker.internal:host-gateway"],
    }


def _host(settings: Mapping[str, Any]) -> dict[str, Any]:
    listen = f"--web.listen-address={GATEWAY}:{settings['ports']['host']}"
    return {
        **_CONFINED,
        "user": WATCHER,
        # in the host's own network, or its traffic would be that of a container; every container can connect to it
        # there, so it answers only to who has the key
        "network_mode": "host",
        "pid": "host",
        "command": ["--path.rootfs=/host", listen, "--web.config.file=/etc/host-exporter/web.yml"],
        # what is mounted later stays unseen, of which the catalogue asks nothing; not every host has a shared root
        "volumes": ["/:/host:ro", "./host:/etc/host-exporter:ro", f"./{PAIR.rpartition('/')[0]}:{SECRETS}:ro"],
    }


def _containers() -> dict[str, Any]:
    mounts = ["/:/rootfs:ro", "/var/run:/var/run:ro", "/sys:/sys:ro", "/var/lib/docker/:/var/lib/docker:ro"]
    return {"volumes": mounts, "privileged": True}


def _database(app: str, database: Mapping[str, str], has_password: bool) -> dict[str, Any]:
    return {
        **_CONFINED,
        "user": USER,
        "command": [f"--web.listen-address={_inside(app, 'database')}:{EXPORTERS['database']}"],
        "environment": database_environment(database["service"], database, has_password),
        "volumes": [f"./database:{QUERIES}:ro"],
        "networks": {"app": {}},
    }


def _cache(app: str, service: str, has_password: bool) -> dict[str, Any]:
    return {
        **_CONFINED,
        "user": USER,
        "command": [f"--web.listen-address={_inside(app, 'cache')}:{EXPORTERS['cache']}"],
        "environment": cache_environment(service, service, has_password),
        "volumes": [],
        "networks": {"app": {}},
    }


def _grafana(settings: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    return {
        **_CONFINED,
        "user": USER,
        "environment": grafana_environment(secrets),
        "volumes": [
            "./grafana/provisioning:/etc/grafana/provisioning:ro",
            "./grafana/dashboards:/etc/grafana-dashboards:ro",
            "./data/grafana:/var/lib/grafana",
        ],
        "tmpfs": ["/tmp"],  # noqa: S108 that of the container
        "ports": [f"{_LOCAL}:{settings['ports']['grafana']}:3000"],
    }
