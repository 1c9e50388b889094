# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prometheus, Alertmanager and exporters as a compose project of their own, beside that of the application."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.doppelganger.ops.plugins.module_utils._catalogue import Catalogue
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils._alert_routes import SECRETS
from ansible_collections.doppelganger.ops.plugins.plugin_utils._alert_rules import duration

#: what the target fills in: the user whose files these are, and the address by which containers reach the host
USER, GATEWAY = "${OPS_USER}", "${OPS_GATEWAY}"
_JOB = re.compile(r'\bjob="([^"]+)"')
_LOCAL = "127.0.0.1"
#: the exporter of each job: where it is asked, but for the host's, whose port can be chosen
EXPORTERS = {"host": "", "containers": "containers:8080", "database": "database:9187", "cache": "cache:9121"}

#: the exporter of PostgreSQL needs a second longer to say that the server is down, which is when it matters most
_LEAST = {"database": 3.0}


def prometheus(catalogue: Catalogue, settings: Mapping[str, Any], sources: Mapping[str, Any]) -> dict[str, Any]:
    """The content of ``prometheus.yml``."""
    every = _every(settings["interval"])
    jobs = [_application(catalogue, sources)]
    for name in settings["exporters"]:
        target = EXPORTERS[name] or f"host.docker.internal:{settings['ports']['host']}"
        longer = _every(max(settings["interval"], _LEAST.get(name, 0)))
        own = longer if longer != every else {}
        jobs.append({"job_name": job_of(catalogue, name), **own, "static_configs": [{"targets": [target]}]})
    return {
        "global": {**every, "evaluation_interval": duration(settings["interval"])},
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]},
        "scrape_configs": jobs,
    }


def _every(seconds: float) -> dict[str, str]:
    return {"scrape_interval": duration(seconds), "scrape_timeout": duration(seconds)}


def job_of(catalogue: Catalogue, word: str) -> str:
    """The name of the job that a word of the catalogue selects."""
    found = _JOB.search(catalogue.words[word])
    if found is None:
        raise Refused(
            f"The word {word!r} of the catalogue is {catalogue.words[word]!r}, expected it to select a job by name.",
            hint='Write it as job="name" in app_metric_words, or use observe_mode rules with a Prometheus of your own.',
        )
    return found.group(1)


def _application(catalogue: Catalogue, sources: Mapping[str, Any]) -> dict[str, Any]:
    """Where the application shows its metrics.

    By the name of the service and not by a look-up of its addresses: one that is stopped has none, and would be gone
    from Prometheus instead of down.
    """
    shown = sources.get("openmetrics") or {}
    url = urlsplit(shown.get("url") or f"http://{shown.get('service')}:{shown.get('port')}")
    if not shown:
        raise Refused(
            "Prometheus is to be set up, and nothing says where the application shows its metrics.",
            hint="Set app_metric_sources: {openmetrics: {service: ..., port: ...}}.",
        )
    return {
        "job_name": job_of(catalogue, "app"),
        "scheme": url.scheme,
        "metrics_path": shown.get("path") or "/metrics",
        "static_configs": [{"targets": [url.netloc]}],
    }


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
        service["image"] = _image(name, settings)
        service["restart"] = "unless-stopped"
    return {
        "name": f"{app}-monitoring",
        "services": services,
        "networks": {"app": {"external": True, "name": settings["network"] or f"{app}_default"}},
    }


def _image(name: str, settings: Mapping[str, Any]) -> str:
    found = settings["images"].get(name)
    if not found:
        raise Refused(
            f"There is no image for {name}, which is part of observe_exporters.",
            hint=f"Set observe_images: {{{name}: ...}}.",
        )
    return str(found)


def _prometheus(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "user": USER,
        "command": [
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            f"--storage.tsdb.retention.time={settings['retention']}",
            "--web.enable-lifecycle",
        ],
        "volumes": ["./prometheus:/etc/prometheus:ro", "./data/prometheus:/prometheus"],
        # whoever reaches the port can end the server and read every metric: only the host itself does
        "ports": [f"{_LOCAL}:{settings['ports']['prometheus']}:9090"],
        "extra_hosts": ["host.docker.internal:host-gateway"],
        "networks": ["default", "app"],
    }


def _alertmanager(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "user": USER,
        "command": [
            "--config.file=/etc/alertmanager/alertmanager.yml",
            "--storage.path=/alertmanager",
            # one alone: it has nobody to agree with
            "--cluster.listen-address=",
        ],
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
    if not database["service"] or not has_password:
        raise Refused(
            "observe_exporters names database, and the application has none, or its password is not known.",
            hint="Set app_database_service and observe_secrets: {database_password: ...}, or take database out.",
        )
    return {
        "user": USER,
        "environment": {
            "DATA_SOURCE_URI": f"{database['service']}:5432/{database['name']}?sslmode=disable",
            "DATA_SOURCE_USER": database["user"],
            "DATA_SOURCE_PASS_FILE": f"{SECRETS}/database_password",
        },
        "volumes": [f"./secrets:{SECRETS}:ro"],
        "networks": ["default", "app"],
    }


def _cache(service: str, has_password: bool) -> dict[str, Any]:
    if not service:
        raise Refused(
            "observe_exporters names cache, and the application has none.",
            hint="Set app_metric_sources: {redis: {service: ...}}, or take cache out of observe_exporters.",
        )
    password = {"REDIS_PASSWORD_FILE": f"{SECRETS}/cache_password.json"}
    return {
        "user": USER,
        "environment": {"REDIS_ADDR": f"redis://{service}:6379", **(password if has_password else {})},
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
