"""What monitoring consists of: rules, routes, dashboards, a stack; all from the catalogue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._catalogue import Catalogue, catalogue
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _catalogue_file
from ansible_collections.doppelganger.ops.plugins.plugin_utils.monitoring import _plan
from ansible_collections.doppelganger.ops.plugins.plugin_utils.monitoring._alert_rules import (
    JOBS,
    alert_name,
    expression,
    rules,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.monitoring._grafana import dashboard

ROOT = Path(__file__).resolve().parents[4]
SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "support/data/dashboard.schema.json").read_text())
DEFAULTS = yaml.safe_load((ROOT / "roles/observe/defaults/main.yml").read_text())
APP = {
    "name": "studio",
    "platform": "compose",
    "metrics": {},
    "metric_words": {},
    "metric_sources": {"openmetrics": {"service": "app", "port": 8000}, "redis": {"service": "redis"}},
    "state_dir": "/var/lib/doppelganger-ops/studio",
    "database_service": "postgres",
    "database_name": "studio",
    "database_user": "owner",
}
TOLD = {
    "webhook_url": "http://pager.example.com/alerts",
    "email_to": ["ops@example.com"],
    "email_from": "alerts@example.com",
    "smtp_host": "mail.example.com:587",
}
ALL_SECRETS = {
    "webhook_token", "pagerduty_key", "smtp_password", "database_password", "cache_password", "grafana_password",
}  # fmt: skip
#: a stack with every part that there can be
WHOLE: dict[str, Any] = {
    "exporters": ["host", "containers", "database", "cache"], "images": {"containers": "c:1", "grafana": "grafana:1"},
}  # fmt: skip


def settings(**changes: Any) -> dict[str, Any]:
    """The variables of the role as its task hands them on."""
    return {**{name.removeprefix("observe_"): value for name, value in DEFAULTS.items()}, **TOLD, **changes}


def plan(app: dict[str, Any] | None = None, secrets: set[str] | None = None, **changes: Any) -> dict[str, Any]:
    return _plan.planned({**APP, **(app or {})}, settings(**changes), frozenset(secrets or set()))


def read(planned: dict[str, Any], path: str) -> Any:
    """A file of a plan, as data."""
    return next(yaml.safe_load(one["content"]) for one in planned["files"] if one["path"] == path)


def studio(overrides: dict[str, Any] | None = None) -> Catalogue:
    return catalogue(_catalogue_file.ours(), "studio", overrides)


def rule(made: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in made["groups"][0]["rules"] if one["alert"] == name)
    return found


# rules


def test_there_is_a_rule_for_each_limit_of_the_catalogue_and_for_no_other() -> None:
    known = studio()
    wanted = {alert_name(metric.name, limit.tier) for metric in known.metrics.values() for limit in metric.limits}
    made = {one["alert"] for one in rules(known, [])["groups"][0]["rules"]}
    assert made == wanted
    assert len(made) >= 20


def test_a_number_that_changes_in_the_inventory_changes_in_the_rule() -> None:
    before = rule(rules(studio()), "ErrorRateCritical")
    after = rule(
        rules(studio({"error_rate": {"limits": {"critical": {"above": 7.5, "sustained": 2.5}}}})), "ErrorRateCritical"
    )
    assert "> 10)" in before["expr"]
    assert "> 7.5)" in after["expr"]
    assert (before["for"], after["for"]) == ("60s", "2500ms")
    assert after["annotations"]["description"] == "The limit is > 7.5 percent for 2.5 s."


@pytest.mark.parametrize(("seconds", "written"), [(60.0, "60s"), (0.5, "500ms"), (0.0, None)])
def test_an_alert_goes_on_for_a_while_where_prometheus_knows_how(seconds: float, written: str | None) -> None:
    made = rules(studio(), list(JOBS), keep_firing=seconds)["groups"][0]["rules"]
    assert {one.get("keep_firing_for") for one in made} == {written}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"query": "x"}, "x"),
        ({"query": "x", "several": "sum"}, "sum(x)"),
        ({"query": "x", "several": "mean", "scale": 1000.0}, "(avg(x)) * 1000"),
        ({"query": "x", "empty": "zero"}, "(x) or on() vector(0)"),
        ({"query": "rate(x[${window}s])"}, "rate(x[300s])"),
    ],
)
def test_an_expression_means_what_the_source_says(source: dict[str, Any], expected: str) -> None:
    entry = {"title": "One", "sources": {"prometheus": source}}
    assert expression(studio({"one": entry}).metrics["one"]) == expected


def test_texts_of_an_inventory_are_no_templates_of_prometheus() -> None:
    made = rules(studio({"cpu": {"remedy": "see {{ $$labels }}"}}))
    assert rule(made, "CpuWarning")["annotations"]["remedy"] == 'see {{"{{"}} $labels }}'


# routes


def routes(planned: dict[str, Any]) -> dict[str, Any]:
    found = read(planned, "alertmanager/alertmanager.yml")
    return {one["matchers"][0]: one["receiver"] for one in found["route"]["routes"]}


def test_each_tier_goes_where_the_catalogue_says() -> None:
    expected = {'severity="critical"': "page", 'severity="warning"': "email", 'severity="info"': "dashboard"}
    assert routes(plan()) == expected


def test_no_secret_is_in_any_file() -> None:
    planned = plan(secrets=ALL_SECRETS, exporters=["database", "cache"])
    config = read(planned, "alertmanager/alertmanager.yml")
    page = next(one for one in config["receivers"] if one["name"] == "page")
    assert page["webhook_configs"][0]["http_config"]["authorization"] == {
        "credentials_file": "/etc/alertmanager-secrets/webhook_token"
    }
    assert page["pagerduty_configs"][0]["routing_key_file"] == "/etc/alertmanager-secrets/pagerduty_key"
    assert config["global"]["smtp_auth_password_file"] == "/etc/alertmanager-secrets/smtp_password"
    written = services(planned)
    assert written["database"]["environment"]["DATA_SOURCE_PASS_FILE"].endswith("/database_password")
    assert written["cache"]["environment"]["REDIS_PASSWORD_FILE"].endswith("/cache_password.json")


def test_a_secret_address_is_a_file_too() -> None:
    config = read(plan(secrets={"webhook_url"}, webhook_url=""), "alertmanager/alertmanager.yml")
    page = next(one for one in config["receivers"] if one["name"] == "page")
    assert page["webhook_configs"][0]["url_file"] == "/etc/alertmanager-secrets/webhook_url"


# the stack


def test_what_the_rules_select_is_what_is_asked() -> None:
    planned = plan(secrets=ALL_SECRETS, exporters=["host", "database", "cache"])
    config = read(planned, "prometheus/prometheus.yml")
    asked = {one["job_name"]: one["static_configs"][0]["targets"] for one in config["scrape_configs"]}
    assert asked == {
        "studio": ["app:8000"], "node": ["host.docker.internal:9100"],
        "postgres": ["database.studio-monitoring:9187"], "redis": ["cache.studio-monitoring:9121"],
    }  # fmt: skip
    assert planned["jobs"] == list(asked)
    assert {"AppMetricsMissing", "HostMetricsMissing", "DatabaseMetricsMissing"} <= set(planned["alerts"])


def test_the_exporter_of_postgresql_is_given_what_older_ones_do_not_ask() -> None:
    planned = plan(secrets=ALL_SECRETS, exporters=["database"])
    shown = {
        f"{name}_{column}"
        for name, one in read(planned, "database/queries.yml").items()
        for metric in one["metrics"]
        for column in metric
    }
    known = studio()
    for metric, name in (
        ("replication_lag", "pg_replication_lag"), ("query_time", "pg_database_active_seconds_total"),
    ):  # fmt: skip
        assert name in shown
        assert f"{name}{{" in expression(known.metrics[metric])
    environment = services(planned)["database"]["environment"]
    assert environment["PG_EXPORTER_EXTEND_QUERY_PATH"] == "/etc/postgres-exporter/queries.yml"
    assert "database/queries.yml" not in [one["path"] for one in plan()["files"]]


def test_the_lag_of_a_replica_is_the_same_to_a_gate_and_to_the_exporter() -> None:
    query = studio().metrics["replication_lag"].sources["postgres"]["query"]
    exported = read(plan(secrets=ALL_SECRETS, exporters=["database"]), "database/queries.yml")["pg_replication"][
        "query"
    ]
    assert query in exported
    # the last transaction of one that is idle may be long ago
    assert "pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()" in query
    assert "pg_stat_wal_receiver" in query


def services(planned: dict[str, Any]) -> dict[str, Any]:
    """The services of a stack by the names of its parts."""
    return {name.removeprefix("monitoring-"): one for name, one in read(planned, "compose.yml")["services"].items()}


def whole(**changes: Any) -> dict[str, Any]:
    return plan(secrets=ALL_SECRETS, **{**WHOLE, **changes})


def test_ports_are_those_of_the_loopback_interface() -> None:
    ports = {name: one["ports"] for name, one in services(whole()).items() if one.get("ports")}
    assert ports == {
        "prometheus": ["127.0.0.1:9090:9090"], "alertmanager": ["127.0.0.1:9093:9093"],
        "grafana": ["127.0.0.1:3001:3000"],
    }  # fmt: skip


def test_who_is_in_the_application_s_network_listens_in_that_of_the_stack_alone() -> None:
    found = services(whole())
    there = {name for name, one in found.items() if "app" in one.get("networks", {})}
    assert there == {"prometheus", "database", "cache"}
    for name in there:
        one = found[name]
        [listen] = [word for word in one["command"] if word.startswith("--web.listen-address=")]
        inside = f"{name}.studio-monitoring"
        assert listen.removeprefix("--web.listen-address=").partition(":")[0] == inside
        assert one["networks"]["default"] == {"aliases": [inside]}
        # that name is nowhere else, so nothing of the application can be found by it
        assert one["networks"]["app"] == {}


def test_no_name_of_the_stack_is_one_that_an_application_has() -> None:
    """In the application's network a service has its name; `database` there is the application's own."""
    assert {"database", "cache", "prometheus"}.isdisjoint(read(whole(), "compose.yml")["services"])


def test_nobody_can_end_prometheus_or_change_its_data() -> None:
    command = " ".join(services(whole())["prometheus"]["command"])
    for switch in ("enable-lifecycle", "enable-admin-api", "enable-remote-write-receiver"):
        assert switch not in command


def test_the_exporter_of_the_host_answers_only_to_who_has_the_key() -> None:
    planned = whole()
    login = read(planned, "host/web.yml")["tls_server_config"]
    assert login["client_auth_type"] == "RequireAndVerifyClientCert"
    [job] = [
        one for one in read(planned, "prometheus/prometheus.yml")["scrape_configs"] if one.get("scheme") == "https"
    ]
    assert job["job_name"] == "node"
    assert set(job["tls_config"].values()) == {login["client_ca_file"], "monitoring"}
    assert planned["has_key"]
    found = services(planned)
    holders = {name for name, one in found.items() if any("secrets/host:" in mount for mount in one["volumes"])}
    assert holders == {"host", "prometheus"}
    without = plan(secrets=ALL_SECRETS, exporters=["cache"])
    assert not without["has_key"]
    assert "host/web.yml" not in [one["path"] for one in without["files"]]


def test_a_part_sees_its_own_secret_alone() -> None:
    planned = whole()
    assert planned["readers"] == {
        "alertmanager": ["pagerduty_key", "smtp_password", "webhook_token"], "database": ["database_password"],
        "cache": ["cache_password"], "grafana": ["grafana_password"],
    }  # fmt: skip
    for name, one in services(planned).items():
        seen = {mount.partition(":")[0] for mount in one["volumes"] if mount.startswith("./secrets")}
        own = {f"./secrets/{name}"} if name in planned["readers"] else set()
        assert seen == own | ({"./secrets/host"} if name in ("host", "prometheus") else set())
        assert "env_file" not in one


def test_a_secret_that_nobody_reads_is_not_written() -> None:
    assert plan(secrets=ALL_SECRETS)["readers"] == {
        "alertmanager": ["pagerduty_key", "smtp_password", "webhook_token"]
    }  # fmt: skip


def test_every_part_is_confined_but_the_one_that_is_said_to_see_all() -> None:
    for name, one in services(whole()).items():
        if name == "containers":
            continue
        assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])
        assert one["security_opt"] == ["no-new-privileges:true"]
        # who sees the processes and the files of the host is another one than those that have secrets
        assert one["user"] == ("${OPS_WATCHER}" if name == "host" else "${OPS_USER}")
        assert not any("docker.sock" in mount or "/var/run" in mount for mount in one["volumes"])


def test_grafana_has_no_login_that_everybody_knows() -> None:
    environment = services(whole())["grafana"]["environment"]
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/etc/alertmanager-secrets/grafana_password"
    assert (environment["GF_AUTH_ANONYMOUS_ENABLED"], environment["GF_USERS_ALLOW_SIGN_UP"]) == ("false", "false")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("", "studio-monitoring_default"),
        ("web", "studio-monitoring_default"),
        ("backend", "0-studio-monitoring"),
        ("0-a", None),
    ],
)
def test_what_comes_to_a_port_of_the_host_goes_where_prometheus_listens(theirs: str, ours: str | None) -> None:
    """The engine takes the network that is first in the alphabet."""
    if ours is None:
        with pytest.raises(Refused):
            plan(network=theirs)
        return
    networks = read(plan(network=theirs), "compose.yml")["networks"]
    assert networks["default"]["name"] == ours
    assert ours < networks["app"]["name"]


def test_what_the_application_shows_is_taken_up_to_a_limit() -> None:
    jobs = {one["job_name"]: one for one in read(plan(), "prometheus/prometheus.yml")["scrape_configs"]}
    assert {"body_size_limit", "sample_limit", "label_limit", "label_value_length_limit"} <= set(jobs["studio"])
    # its labels do not replace those of the job
    assert not jobs["studio"].get("honor_labels", False)


def test_with_rules_there_is_one_file_and_nothing_is_started() -> None:
    planned = plan(mode="rules", webhook_url="", email_to=[])
    assert [one["path"] for one in planned["files"]] == ["doppelganger-ops-studio.yml"]
    assert (planned["folder"], planned["project"], planned["alertmanager"]) == ("/etc/prometheus/rules", "", "")


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "nobody to be paged": ({}, {"webhook_url": ""}, "observe_webhook_url"),
    "nobody to be written to": ({}, {"email_to": []}, "observe_email_to"),
    "no server for e-mail": ({}, {"smtp_host": ""}, "observe_smtp_host"),
    "an exporter nobody knows": ({}, {"exporters": ["hosts"]}, "did you mean 'host'"),
    "a port nobody knows": ({}, {"ports": {"prometeus": 1}}, "did you mean 'prometheus'"),
    "a secret nobody knows": ({}, {"secrets": {"webhok_token"}}, "did you mean 'webhook_token'"),
    "no password of Grafana": ({}, {"images": {"grafana": "grafana:1"}}, "grafana_password"),
    "no image for cAdvisor": ({}, {"exporters": ["containers"]}, "observe_images: {containers: ...}"),
    "no password of the database": ({}, {"exporters": ["database"]}, "database_password"),
    "no cache": ({"metric_sources": {"openmetrics": {"service": "a", "port": 1}}}, {"exporters": ["cache"]}, "redis"),
    "no metrics of the application": ({"metric_sources": {}}, {}, "app_metric_sources"),
    "a word that selects no job": ({"metric_words": {"host": 'instance="a"'}}, {}, "observe_mode rules"),
}


@pytest.mark.parametrize(("app", "changes", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_work_is_refused(app: dict[str, Any], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refusal:
        plan(app, **changes)
    assert said in f"{refusal.value.message} {refusal.value.hint}"


# the dashboard


def test_the_dashboard_is_as_its_schema_says() -> None:
    jsonschema.validate(dashboard(studio()), SCHEMA)


def test_the_schema_of_the_dashboard_refuses() -> None:
    made = dashboard(studio())
    made["panels"][2]["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] = 3
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, SCHEMA)


def test_each_metric_has_a_chart_with_its_limits_and_no_two_overlap() -> None:
    known = studio()
    panels = dashboard(known)["panels"]
    charts = {panel["title"]: panel for panel in panels if panel["type"] == "timeseries"}
    assert set(charts) == {metric.title for metric in known.metrics.values()}
    steps = {title: [step["value"] for step in chart["fieldConfig"]["defaults"]["thresholds"]["steps"]]
             for title, chart in charts.items()}  # fmt: skip
    assert steps["Memory usage"] == [None, 75, 85, 95]
    assert steps["Service up"] == [None, 1]
    cells = [
        (x, y)
        for panel in panels
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert len({panel["id"] for panel in panels}) == len(panels)
