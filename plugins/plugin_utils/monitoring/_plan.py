# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What monitoring consists of, worked out from the application model and the variables of the role ``observe``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._options import near
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._catalogue import Catalogue, catalogue, merged

from ..inputs import _catalogue_file
from . import _stack_compose, _stack_kubernetes
from ._alert_routes import alertmanager
from ._alert_rules import JOBS, names_of, rules
from ._grafana import dashboard, provisioning
from ._parts import READERS, cache_address, database_queries, job_of, prometheus

RULES, STACK = "rules", "stack"
#: the official images; that of ``containers`` (cAdvisor) and of ``grafana`` have no default
IMAGES = {
    "prometheus": "prom/prometheus:v2.55.1",
    "alertmanager": "prom/alertmanager:v0.28.1",
    "host": "prom/node-exporter:v1.9.1",
    "database": "prometheuscommunity/postgres-exporter:v0.17.1",
    "cache": "oliver006/redis_exporter:v1.67.0",
}
PORTS = {"prometheus": 9090, "alertmanager": 9093, "host": 9100, "grafana": 3001}
#: seconds from the first alert of a group to its message, to one about more of them, and to the same one again
TIMING = {
    "page": {"wait": 10, "interval": 60, "repeat": 3600},
    "email": {"wait": 60, "interval": 300, "repeat": 43200},
}
_DO_NOT_EDIT = (
    "# Made by doppelganger.ops from the catalogue of metrics (playbooks/observe.yml): what is changed here is lost.\n"
)


def planned(app: Mapping[str, Any], settings: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    """The plan as plain data: files, the alerts that must be loaded, the jobs that must be up; no secret is in it."""
    found = catalogue(_catalogue_file.ours(), app["name"], app["metrics"], app["metric_words"])
    chosen = _chosen(settings, secrets)
    made = rules(found, chosen["jobs"], chosen["blind_after"], chosen["keep_firing"])
    plan = {"app": app["name"], "mode": chosen["mode"], "alerts": names_of(made), "groups": made["groups"]}
    if chosen["mode"] == RULES:
        return {**plan, **_rules_only(app["name"], chosen, made)}
    return {**plan, **_stack(app, found, chosen, secrets, made)}


def as_yaml(content: Any) -> str:
    """As a person writes it, in the order in which it was made."""
    text: str = yaml.safe_dump(content, sort_keys=False, width=110, allow_unicode=True)
    return _DO_NOT_EDIT + text


def _chosen(settings: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    """The settings with defaults filled in and words that nobody knows refused."""
    found = {
        **settings,
        "images": {**IMAGES, **settings["images"]},
        "ports": {**PORTS, **settings["ports"]},
        "timing": merged(TIMING, settings["timing"]),
    }
    exporters = [name for name in JOBS if name != "app"]
    for variable, given, known in (
        ("observe_exporters", settings["exporters"], exporters),
        ("observe_jobs", settings["jobs"], list(JOBS)),
        ("observe_images", settings["images"], [*IMAGES, "containers", "grafana"]),
        ("observe_ports", settings["ports"], list(PORTS)),
        ("observe_timing", settings["timing"], list(TIMING)),
        ("observe_secrets", sorted(secrets), sorted(frozenset().union(*READERS.values()))),
    ):
        for name in given:
            if name not in known:
                raise Refused(
                    f"{variable} has {name!r}, expected {', '.join(known)}{near(name, known) or '.'}",
                    hint="Correct it in the inventory; docs/observe.md has the variables.",
                )
    if found["mode"] == STACK:
        # what we ask ourselves must answer
        found["jobs"] = ["app", *found["exporters"]]
    return found


def _rules_only(app: str, settings: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "folder": settings["rules_dir"],
        "files": [{"path": f"doppelganger-ops-{app}.yml", "content": as_yaml(made)}],
        "project": "",
        "prometheus": settings["prometheus_url"],
        "alertmanager": "",
        "reload_command": settings["reload_command"],
        "jobs": [],
        "readers": {},
        "has_key": False,
        "cache_address": "",
    }


def _stack(
    app: Mapping[str, Any],
    found: Catalogue,
    settings: Mapping[str, Any],
    secrets: frozenset[str],
    made: Mapping[str, Any],
) -> dict[str, Any]:
    sources, name = app["metric_sources"], app["name"]
    cache = (sources.get("redis") or {}).get("service") or ""
    database = {part: app[f"database_{part}"] for part in ("service", "name", "user")}
    on_cluster = app["platform"] == "kubernetes"
    places = _stack_kubernetes.places(name, settings) if on_cluster else _stack_compose.places(name, settings)
    files = {
        "prometheus/prometheus.yml": as_yaml(prometheus(found, settings, sources, places)),
        f"prometheus/rules/{name}.yml": as_yaml(made),
        "alertmanager/alertmanager.yml": as_yaml(alertmanager(found, settings, secrets)),
        f"grafana/dashboards/{name}.json": json.dumps(dashboard(found), indent=1) + "\n",
    }
    if "database" in settings["exporters"]:
        files["database/queries.yml"] = as_yaml(database_queries())
    for path, content in provisioning(f"http://{places.prometheus}").items():
        files[f"grafana/provisioning/{path}"] = as_yaml(content)
    jobs = [job_of(found, word) for word in settings["jobs"]]
    if on_cluster:
        parts = _stack_kubernetes.parts(name, settings, database, cache, secrets)
        watched = _stack_kubernetes.watched(settings, sources, database["service"], cache)
        return {"files": _listed(files), "jobs": jobs, "parts": parts, "watched": watched}
    files["compose.yml"] = as_yaml(_stack_compose.compose(name, settings, database, cache, secrets))
    folder = settings["dir"] or f"{app['state_dir'].rstrip('/')}-monitoring"
    cache_at = cache_address(cache) if cache else ""
    return {"folder": folder, "jobs": jobs, "cache_address": cache_at, **_on_host(name, settings, files, secrets)}


def _on_host(
    name: str, settings: Mapping[str, Any], files: Mapping[str, str], secrets: frozenset[str]
) -> dict[str, Any]:
    has_key, ports = "host" in settings["exporters"], settings["ports"]
    login = {"host/web.yml": as_yaml(_stack_compose.host_login())} if has_key else {}
    return {
        "files": _listed({**files, **login}),
        "project": f"{name}-monitoring",
        "prometheus": f"http://127.0.0.1:{ports['prometheus']}",
        "alertmanager": f"http://127.0.0.1:{ports['alertmanager']}",
        "reload_command": [],
        "readers": _stack_compose.readers(settings, secrets),
        "has_key": has_key,
    }


def _listed(files: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"path": path, "content": content} for path, content in files.items()]
