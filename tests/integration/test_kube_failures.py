"""Every phase of a deployment made to fail, on the real cluster: the last good release runs, no data is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.integration.kube_application import KubeApplication
from tests.integration.kube_failing import RELEASED, Running, assert_same_release, deploy_first, prepare


def test_a_first_deployment_that_fails_stops_the_application_and_keeps_its_volumes(kube: KubeApplication) -> None:
    prepare(kube)

    run = kube.deploy("v0.9.0-errors")

    assert run.rc != 0
    target = run.target()
    assert (target["status"], target["failure"]["phase"]) in (("failed", "verify"), ("failed", "soak")), run.output
    assert "so the application was stopped; its data volumes were kept." in target["message"]
    assert kube.record(target["release"])["status"] == "bad"
    assert [kube.get("deployment", name)["spec"]["replicas"] for name in RELEASED] == [0, 0]
    assert [pod for name in RELEASED for pod in kube.pods_of(name)] == []
    assert kube.sql("select count(*) from projects") == "0"
    [claim] = kube.objects("persistentvolumeclaims")
    assert claim["status"]["phase"] == "Bound"


@pytest.fixture(scope="module")
def deployed(kube: KubeApplication) -> KubeApplication:
    """The studio at v0.1.0, with a row in its database that has to survive everything."""
    return deploy_first(kube)


@contextmanager
def quota(app: KubeApplication, pods: int) -> Iterator[None]:
    """No more than so many pods, while the body runs."""
    app.kubectl("create", "quota", "few", f"--hard=pods={pods}")
    try:
        yield
    finally:
        app.kubectl("delete", "quota", "few")


# version, changed variables, the phase that fails, what the sentence has to say
FAILURES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "will not build": ("v0.9.0-build", {}, "images", "Building app failed"),
    "backup fails": ("v0.2.0", {"app_database_user": "nobody"}, "backup", "nobody"),
    "migration fails half way": ("v0.9.0-migration", {}, "migrate", "The migration failed"),
    "crashes at start": ("v0.9.0-crash", {}, "apply", "CrashLoopBackOff"),
    "never gets healthy": ("v0.9.0-unhealthy", {"app_start_timeout": 25}, "apply", "within 25 s"),
    "has no image": ("v0.2.0", {"environment": {"REDIS_IMAGE": "127.0.0.1:5000/none:1"}}, "apply", "ImagePull"),
    "may not run its migration": ("v0.2.0", {"quota": 4}, "migrate", "QuotaExceeded"),
    "asks for too much": ("v0.2.0", {"quota": 5, "environment": {"STUDIO_REPLICAS": 3}}, "apply", "QuotaExceeded"),
    "is slow": ("v0.9.0-slow", {}, "verify", "API responding correctly"),
    "leaks memory": ("v0.9.0-leak", {"app_soak_seconds": 30}, "apply|verify|soak", "of memory"),
    "answers 500 after a while": ("v0.9.0-errors", {}, "verify|soak", "500"),
    "logs errors": ("v0.9.0-logs", {}, "verify|soak", "No error logs"),
}


@pytest.mark.parametrize(("version", "changes", "phase", "says"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failed_phase_undoes_itself(
    deployed: KubeApplication, version: str, changes: Mapping[str, Any], phase: str, says: str
) -> None:
    given = {name: value for name, value in changes.items() if name.startswith("app_")}
    environment = {**deployed.variables["app_environment"], **changes.get("environment", {})}
    deployed.write(app_environment=environment, **given)
    with quota(deployed, changes.get("quota", 100)):
        run = deployed.deploy(version)
    deployed.write()

    assert run.rc != 0
    target = run.target()
    assert target["status"] == "rolled_back", run.output
    assert target["failure"]["phase"] in phase.split("|"), run.output
    message = target["message"]
    assert says in message
    assert f"failed in phase {target['failure']['phase']}" in message
    assert f"Evidence: the Secret ops-{deployed.name}-evidence-{target['release']}" in message
    assert "and verified." in message
    assert "schema" in message or not target["schema_moved"]
    bad = deployed.record(target["release"])
    assert bad["status"] == "bad"
    if version == "v0.9.0-migration":
        assert bad["migration"]["moved"] is True
        assert "The database schema was migrated" in message
    assert_evidence(deployed, bad["id"])
    assert_same_release(deployed, "v0.1.0")


def assert_evidence(app: KubeApplication, release: str) -> None:
    """It says what was seen, and no secret."""
    files = app.kept("evidence")[release]
    kept = json.loads(files["files.json"])
    manifest = json.loads(files["manifest.json"])["files"]
    assert {name: manifest[name]["state"] for name in ("pods.json", "events.json", "failure.json", "journal.json")} == {
        "pods.json": "ok", "events.json": "ok", "failure.json": "ok", "journal.json": "ok",
    }  # fmt: skip
    assert json.loads(kept["failure.json"])["phase"]
    assert any(name.startswith("doppelganger-app-") and name.endswith(".log") for name in manifest)
    assert [secret for secret in app.env.values() if secret in json.dumps(kept)] == []


def test_a_return_that_fails_as_well_says_so_and_the_next_run_mends_it(deployed: KubeApplication) -> None:
    running = Running(deployed, "deploy", version="v0.9.0-errors").until("verify")
    with quota(deployed, 1):
        run = running.end()

    assert run.rc != 0
    target = run.target()
    assert target["status"] == "rollback_failed", run.output
    assert "Rolling back to " in target["message"]
    assert " also failed: " in target["message"]
    assert "QuotaExceeded" in target["message"]
    assert deployed.record(target["release"])["status"] == "bad"

    after = deployed.play("rollback", release="last good")

    assert after.rc == 0, after.output
    assert_same_release(deployed, "v0.1.0")


def test_the_last_good_release_outlives_them_all(deployed: KubeApplication) -> None:
    run = deployed.play("rollback", release="last good")
    assert run.rc == 0, run.output
    assert run.target()["status"] == "unchanged"
    statuses = [json.loads(files["record.json"])["status"] for files in deployed.kept("release").values()]
    assert sorted(statuses) == ["bad", "bad", "bad", "good"], "app_keep_bad is 3"
    deployed.assert_described(run)


def test_a_quota_with_room_for_one_more_pod_lets_one_workload_wait_for_the_other(deployed: KubeApplication) -> None:
    with quota(deployed, 5):
        for version in ("v0.2.0", "v0.1.0"):
            run = deployed.deploy(version)
            assert run.rc == 0, run.output
            assert_same_release(deployed, version)
