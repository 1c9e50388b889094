# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the parts of a monitoring are given, wherever they run: by whom they are reached, arguments, and environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._catalogue import Catalogue

from ._alert_routes import READ_HERE, SECRETS
from ._alert_rules import duration

#: where the exporter of PostgreSQL finds what it is to ask besides
QUERIES = "/etc/postgres-exporter"
#: the secrets that each part reads, and no other part
READERS = {
    "alertmanager": READ_HERE,
    "database": frozenset({"database_password"}),
    "cache": frozenset({"cache_password"}),
    "grafana": frozenset({"grafana_password"}),
}
#: what the application shows is its own to say: how much of it is taken at a time, in bytes, series and labels
_TAKEN = {
    "body_size_limit": "32MB", "sample_limit": 100_000, "label_limit": 60,
    "label_name_length_limit": 256, "label_value_length_limit": 4096,
}  # fmt: skip
_JOB = re.compile(r'\bjob="([^"]+)"')
#: the exporter of PostgreSQL needs a second longer to say that the server is down, which is when it matters most
_LEAST = {"database": 3.0}


class Places(NamedTuple):
    """How a platform reaches what Prometheus asks. A place is what a job of Prometheus says of its targets."""

    #: a port of a service of the application
    service: Callable[[str, int], dict[str, Any]]
    #: each exporter
    exporters: Mapping[str, dict[str, Any]]
    prometheus: str
    alertmanager: str


def at(address: str) -> dict[str, Any]:
    """A target by its name, of which Prometheus always knows: one that is gone is down."""
    return {"static_configs": [{"targets": [address]}]}


def prometheus(
    catalogue: Catalogue, settings: Mapping[str, Any], sources: Mapping[str, Any], places: Places
) -> dict[str, Any]:
    """The content of ``prometheus.yml``."""
    every = _every(settings["interval"])
    jobs = [_application(catalogue, sources, places)]
    for name in settings["exporters"]:
        longer = _every(max(settings["interval"], _LEAST.get(name, 0)))
        own = longer if longer != every else {}
        jobs.append({"job_name": job_of(catalogue, name), **own, **places.exporters[name]})
    return {
        "global": {**every, "evaluation_interval": duration(settings["interval"])},
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [at(places.alertmanager)]},
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


def _application(catalogue: Catalogue, sources: Mapping[str, Any], places: Places) -> dict[str, Any]:
    """Where the application shows its metrics."""
    shown = sources.get("openmetrics") or {}
    if not shown:
        raise Refused(
            "Prometheus would have nothing to scrape: the application exposes no metrics.",
            hint="Set app_metric_sources: {openmetrics: {service: ..., port: ...}}.",
        )
    url = urlsplit(shown.get("url") or "http:")
    place = at(url.netloc) if url.netloc else places.service(shown["service"], shown["port"])
    return {
        "job_name": job_of(catalogue, "app"),
        "scheme": url.scheme,
        "metrics_path": shown.get("path") or "/metrics",
        **_TAKEN,
        **place,
    }


def image_of(name: str, settings: Mapping[str, Any]) -> str:
    """The image of a part."""
    found = settings["images"].get(name)
    if not found:
        raise Refused(
            f"There is no image for {name}, which is part of observe_exporters.",
            hint=f"Set observe_images: {{{name}: ...}}.",
        )
    return str(found)


def read_by(part: str, secrets: frozenset[str]) -> list[str]:
    """The secrets that a part reads, of those that there are."""
    return sorted(READERS.get(part, frozenset()) & secrets)


def grafana_environment(secrets: frozenset[str]) -> dict[str, str]:
    """What Grafana is given: nobody looks without a login, and that is none that everybody knows."""
    if "grafana_password" not in secrets:
        raise Refused(
            "observe_images names grafana, but there is no password for its user admin.",
            hint="Set observe_secrets: {grafana_password: ...}, or take grafana out of observe_images.",
        )
    return {
        "GF_SECURITY_ADMIN_PASSWORD__FILE": f"{SECRETS}/grafana_password",
        "GF_AUTH_ANONYMOUS_ENABLED": "false",
        "GF_USERS_ALLOW_SIGN_UP": "false",
        "GF_USERS_ALLOW_ORG_CREATE": "false",
        "GF_SECURITY_DISABLE_GRAVATAR": "true",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    }


def prometheus_arguments(settings: Mapping[str, Any]) -> list[str]:
    """How Prometheus is started."""
    return [
        "--config.file=/etc/prometheus/prometheus.yml",
        "--storage.tsdb.path=/prometheus",
        f"--storage.tsdb.retention.time={settings['retention']}",
    ]


def alertmanager_arguments() -> list[str]:
    """How Alertmanager is started."""
    return [
        "--config.file=/etc/alertmanager/alertmanager.yml",
        "--storage.path=/alertmanager",
        # one alone: it has nobody to agree with
        "--cluster.listen-address=",
    ]


def database_environment(host: str, database: Mapping[str, str], has_password: bool) -> dict[str, str]:
    """What the exporter of PostgreSQL is given; ``host`` is where it finds the server."""
    if not database["service"] or not has_password:
        raise Refused(
            "observe_exporters names database, and the application has none, or its password is not known.",
            hint="Set app_database_service and observe_secrets: {database_password: ...}, or take database out.",
        )
    return {
        "DATA_SOURCE_URI": f"{host}:5432/{database['name']}?sslmode=disable",
        "DATA_SOURCE_USER": database["user"],
        "DATA_SOURCE_PASS_FILE": f"{SECRETS}/database_password",
        "PG_EXPORTER_EXTEND_QUERY_PATH": f"{QUERIES}/queries.yml",
    }


#: as the catalogue asks it; no row where there is no replica: nothing is there that could lag
_LAG = """
SELECT lag FROM (
  SELECT CASE WHEN NOT pg_is_in_recovery()
  THEN (SELECT extract(epoch FROM max(coalesce(replay_lag, '0'::interval))) FROM pg_stat_replication)
  WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
  ELSE (SELECT greatest(0, extract(epoch FROM now() - last)) FROM pg_last_xact_replay_timestamp() AS last
  WHERE last IS NOT NULL) END AS lag
) AS found WHERE lag IS NOT NULL
"""
_ACTIVE = "SELECT sum(active_time) / 1000 AS active_seconds_total FROM pg_stat_database"


def database_queries() -> dict[str, Any]:
    """What the exporter of PostgreSQL is to ask besides, as older ones do not ask it by themselves.

    The names are none that any version has: of two that are called the same it would show nothing at all.
    """
    return {
        "pg_replication": {
            "query": " ".join(_LAG.split()),
            "master": True,
            "metrics": [{"lag": {"usage": "GAUGE", "description": "Seconds by which the slowest replica lags"}}],
        },
        "pg_database": {
            "query": _ACTIVE,
            "master": True,
            "runonserver": ">=14.0.0",
            "metrics": [{"active_seconds_total": {"usage": "COUNTER", "description": "Seconds spent executing"}}],
        },
    }


def cache_environment(host: str, service: str, has_password: bool) -> dict[str, str]:
    """What the exporter of Redis is given."""
    if not service:
        raise Refused(
            "observe_exporters names cache, and the application has none.",
            hint="Set app_metric_sources: {redis: {service: ...}}, or take cache out of observe_exporters.",
        )
    password = {"REDIS_PASSWORD_FILE": f"{SECRETS}/cache_password.json"}
    return {"REDIS_ADDR": cache_address(host), **(password if has_password else {})}


def cache_address(host: str) -> str:
    """The address that a cache's password is for."""
    return f"redis://{host}:6379"
