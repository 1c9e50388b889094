"""Metrics on the real engine: monitor.yml, and releases that pass their checks and are slow, fail often or leak."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import docker
import jsonschema
import pytest

from tests.integration.application import ROOT, Application, Run
from tests.integration.visitors import visitors

#: what a release is watched for, in seconds, and how often
SOAK, INTERVAL = 10, 1.0
ERRORS = {"metric": "error_rate", "tier": "critical", "interval": INTERVAL, "warm_up": 1}
# one answer of a busy machine is slow by itself
SLOW = {"metric": "latency_p95", "interval": INTERVAL, "warm_up": 1, "failure_limit": 2}
LEAK = {"metric": "service_memory", "tier": "critical", "interval": INTERVAL, "warm_up": 1, "projected": 300}


@pytest.fixture(scope="module")
def studio(app: Application) -> Application:
    """The studio, deployed with gates; its checks look at nothing that the faults of this file would break."""
    checks = [check for check in app.variables["app_checks"] if check["kind"] in ("containers", "postgres")]
    checks += [check for check in app.variables["app_checks"] if check["name"].startswith("Health endpoint")]
    metrics = {"error_rate": {"limits": {"critical": {"above": 10}}}}
    app.variables.update({"app_checks": checks, "app_soak_seconds": SOAK, "app_metrics": metrics})
    app.variables["app_metric_gates"] = [ERRORS, SLOW, LEAK]
    app.write()
    with visitors(app.url):
        run = app.deploy("v0.2.1")
    assert run.rc == 0, run.output
    return app


def gates(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The metrics among the checks of a result, by name."""
    return {check["observed"]["metric"]: check for check in found if check["kind"] == "metric"}


def valid(run: Run) -> Run:
    schema = json.loads((ROOT / "src/doppelganger_ops/schemas/result.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(run.result, schema)
    return run


def with_fault(studio: Application, soak: float = SOAK, **environment: str) -> Run:
    """Deploy the same version with a fault."""
    studio.write(app_environment={**studio.variables["app_environment"], **environment}, app_soak_seconds=soak)
    try:
        with visitors(studio.url):
            return valid(studio.deploy("v0.2.1"))
    finally:
        studio.write()


def test_a_good_release_passes_its_gates_and_they_are_recorded(studio: Application) -> None:
    found = gates(studio.current()["gates"])
    assert {name: check["state"] for name, check in found.items()} == {
        "error_rate": "pass", "latency_p95": "pass", "service_memory": "pass",
    }, found  # fmt: skip
    seen = found["error_rate"]["observed"]
    assert seen["source"] == "openmetrics"
    assert "family=studio_requests_total" in seen["query"]
    assert len(seen["samples"]) >= 3


BAD = {
    "slow": ({"STUDIO_FAULT": "slow", "STUDIO_SLOW_SECONDS": "0.7"}, "latency_p95", "above 500"),
    "error-prone": (
        {"STUDIO_FAULT": "errors", "STUDIO_FAULT_AFTER": "0.1", "STUDIO_ERROR_SHARE": "0.5"}, "error_rate", "above 10",
    ),
    "leaking": ({"STUDIO_FAULT": "leak", "STUDIO_LEAK_MIB": "5"}, "service_memory", "it is above 95 in"),
}  # fmt: skip


@pytest.mark.parametrize(("environment", "metric", "said"), BAD.values(), ids=BAD.keys())
def test_a_healthy_release_that_is_bad_is_undone(
    studio: Application, environment: dict[str, str], metric: str, said: str
) -> None:
    before = studio.current()["id"]
    # a trend needs more samples than a slow look leaves of a short soak
    run = with_fault(studio, soak=25 if metric == "service_memory" else SOAK, **environment)
    target = run.target()
    assert (run.rc, target["status"]) == (2, "rolled_back"), run.output
    assert target["failure"]["phase"] == "soak"
    failed = gates(target["failure"]["checks"])
    assert failed[metric]["state"] == "fail", failed
    assert said in failed[metric]["reason"]
    assert {check["state"] for check in target["failure"]["checks"]} <= {"pass", "fail", "inconclusive"}
    assert studio.current()["id"] == before
    assert studio.read(f"releases/{target['release']}/record.json")["status"] == "bad"


BROKEN = {"metric": "error_rate", "interval": 0.5}
NOWHERE = {"app_metric_sources": {"prometheus": {"url": "http://127.0.0.1:9"}}}


def test_a_broken_prometheus_does_not_undo_a_good_release(studio: Application) -> None:
    studio.variables["app_environment"]["STUDIO_ERROR_SHARE"] = "0.01"
    studio.write(app_metric_gates=[BROKEN], **NOWHERE)
    run = valid(studio.deploy("v0.2.1"))
    studio.write()
    assert run.rc == 0, run.output
    found = gates(run.target()["checks"])["error_rate"]
    assert (found["state"], found["severity"]) == ("error", "advisory")
    assert "nothing is listening at http://127.0.0.1:9" in found["reason"]
    assert "no reason to undo" in run.output
    assert studio.current()["status"] == "good"


def test_it_does_where_the_inventory_says_so(studio: Application) -> None:
    changed = {**studio.variables["app_environment"], "STUDIO_ERROR_SHARE": "0.02"}
    studio.write(app_environment=changed, app_metric_gates=[{**BROKEN, "on_error": "undo"}], **NOWHERE)
    run = valid(studio.deploy("v0.2.1"))
    studio.write()
    assert (run.rc, run.target()["status"]) == (2, "rolled_back"), run.output
    assert run.target()["failure"]["reason"] == "soak_failed"
    assert "nothing is listening at http://127.0.0.1:9" in run.target()["failure"]["error"]


def test_monitor_shows_every_metric_of_the_catalogue(studio: Application) -> None:
    with visitors(studio.url):
        run = valid(studio.play("monitor"))
    assert run.rc == 0, run.output
    assert run.changed() == 0
    target = run.target()
    found = {row["name"]: row for row in target["metrics"]}
    measured = {name for name, row in found.items() if row["value"] is not None}
    # no Prometheus: what only it can tell is skipped; one server has no replica; nobody has read from the cache
    assert set(found) - measured == {"request_growth", "replication_lag", "cache_hits"}
    assert found["replication_lag"]["state"] == found["request_growth"]["state"] == "skipped"
    assert found["cache_hits"]["state"] == "inconclusive"
    assert found["request_rate"]["value"] > 1
    assert found["error_rate"]["value"] == 0
    assert found["service_up"]["state"] == found["database_failures"]["state"] == "pass"
    assert 0 < found["service_memory"]["value"] < 100
    assert any(line.strip().startswith("[x] Service up") for line in run.output.splitlines())


def test_monitor_is_red_where_something_is_critical(studio: Application) -> None:
    database = studio.containers()["postgres"][0]
    with contextlib.closing(docker.from_env()) as client:
        client.containers.get(database).stop(timeout=1)
        try:
            run = valid(studio.play("monitor"))
        finally:
            client.containers.get(database).start()
    assert run.rc == 2
    target = run.target()
    assert target["status"] == "failed"
    found = {row["name"]: row for row in target["metrics"]}
    assert (found["database_failures"]["state"], found["database_failures"]["tier"]) == ("fail", "critical")
    assert found["database_failures"]["priority"] == "P1"
    # the application calls itself unhealthy without it
    assert found["service_up"]["series"] in ("postgres", "app")
    assert found["pool_usage"]["state"] == "error"
    assert "Database connection failures 1 failures (limit > 0)" in target["message"]
    assert found["database_failures"]["remedy"]


def test_no_secret_is_in_any_of_it(studio: Application, tmp_path: Path) -> None:
    run = studio.play("monitor", "-vvv")
    assert not [secret for secret in studio.secrets if secret in run.output]
