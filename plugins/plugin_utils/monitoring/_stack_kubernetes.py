# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a monitoring consists of on a cluster, as plain data: who is asked by which name, what runs, what is watched.

All is found by the names of Services, so that no part needs an account of the API server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused

from ._alert_rules import duration
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

PORTS = {"prometheus": 9090, "alertmanager": 9093, "database": 9187, "cache": 9121, "grafana": 3000}
#: the longest name that a Service may have, and the longest that is put behind that of the application
_LONGEST, _BEHIND = 63, "-watched-database"
#: what Alertmanager keeps is small, and many clusters give no less
_FEW = "1Gi"


def prefix(app: str) -> str:
    """How the names of all objects begin; the name of an application may begin with a digit, that of a Service not."""
    found = f"monitoring-{app.replace('_', '-')}"
    if len(found + _BEHIND) > _LONGEST:
        raise Refused(
            f"The name {app} has {len(app)} characters, expected at most {_LONGEST - len('monitoring-' + _BEHIND)} "
            "where monitoring is set up on a cluster.",
            hint="Use observe_mode rules with a Prometheus of your own.",
        )
    return found


def places(app: str, settings: Mapping[str, Any]) -> Places:
    """Where pods find each other.

    What there may be several of is looked up by name: behind an address that is shared, each look would see another.
    """
    named = prefix(app)
    if "containers" in settings["exporters"]:
        raise Refused(
            "observe_exporters names containers, which a cluster shows only to who may read all of its nodes.",
            hint="Remove it: playbooks/monitor.yml asks with the login's own rights. Or use observe_mode rules with "
            "the Prometheus of the cluster.",
        )

    def each(name: str, port: int) -> dict[str, Any]:
        often = duration(settings["interval"])
        return {"dns_sd_configs": [{"names": [name], "type": "A", "port": port, "refresh_interval": often}]}

    exporters = {name: at(f"{named}-{name}:{port}") for name, port in PORTS.items()}
    return Places(
        service=lambda _, port: each(f"{named}-watched-app", port),
        exporters={**exporters, "host": each(f"{named}-host", settings["ports"]["host"])},
        prometheus=f"{named}-prometheus:{PORTS['prometheus']}",
        alertmanager=f"{named}-alertmanager:{PORTS['alertmanager']}",
    )


def parts(
    app: str, settings: Mapping[str, Any], database: Mapping[str, str], cache: str, secrets: frozenset[str]
) -> dict[str, dict[str, Any]]:
    """What runs, as plain data: for each part its image, arguments, environment, files and secrets."""
    found = {name: _exporter(name, prefix(app), settings, database, cache, secrets) for name in settings["exporters"]}
    if settings["images"].get("grafana"):
        files = {f"/etc/grafana{path}": f"grafana/{path[1:]}/" for path in ("/provisioning", "-dashboards")}
        found["grafana"] = {
            "data": "/var/lib/grafana", "ready": "/api/health", "files": files,
            "environment": grafana_environment(secrets),
        }  # fmt: skip
    return {
        name: {
            "image": image_of(name, settings), "port": PORTS.get(name), "ready": "/",
            "secrets": read_by(name, secrets), **part,
        }
        for name, part in {**_servers(settings), **found}.items()
    }  # fmt: skip


def _servers(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "prometheus": {
            "arguments": prometheus_arguments(settings), "ready": "/-/ready", "storage": settings["storage"],
            "data": "/prometheus", "files": {"/etc/prometheus": "prometheus/"},
        },
        "alertmanager": {
            "arguments": alertmanager_arguments(), "ready": "/-/ready",
            "storage": _FEW if settings["storage"] else "",
            "data": "/alertmanager", "files": {"/etc/alertmanager": "alertmanager/"},
        },
    }  # fmt: skip


def _exporter(
    name: str,
    named: str,
    settings: Mapping[str, Any],
    database: Mapping[str, str],
    cache: str,
    secrets: frozenset[str],
) -> dict[str, Any]:
    if name == "host":
        port = settings["ports"]["host"]
        return {"arguments": ["--path.rootfs=/host", f"--web.listen-address=$(NODE):{port}"], "port": port}
    password = f"{name}_password"
    if name == "database":
        environment = database_environment(f"{named}-watched-database", database, password in secrets)
        return {"environment": environment, "files": {QUERIES: "database/"}}
    return {"environment": cache_environment(f"{named}-watched-cache", cache, password in secrets)}


def watched(settings: Mapping[str, Any], sources: Mapping[str, Any], database: str, cache: str) -> dict[str, Any]:
    """The workloads of the application that are asked, each with its port."""
    shown = sources.get("openmetrics") or {}
    found = {"app": (shown["service"], shown["port"])} if shown.get("service") else {}
    known = {"database": (database, 5432), "cache": (cache, 6379)}
    return {**found, **{name: known[name] for name in known if name in settings["exporters"]}}
