"""Every phase interrupted by SIGKILL of the whole run, on the real engine: the next run needs no manual step."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time

import docker
import pytest

from tests.integration.application import Application, however_slow, kill_all, start
from tests.integration.test_studio_failures import assert_same_release, request


@pytest.fixture(scope="module")
def deployed(app: Application) -> Application:
    """The studio at v0.1.0, with a row in its database that has to survive everything; each kill leaves a lease."""
    app.variables.update({"app_soak_seconds": 2, "app_lease_ttl": 3})
    app.variables["app_checks"] = however_slow(app.variables["app_checks"])
    app.write()
    run = app.deploy("v0.1.0")
    assert run.rc == 0, run.output
    request(f"{app.url}/api/projects", {"name": "survivor"})
    return app


def journal(app: Application) -> dict[str, object]:
    """The journal as it stands, also while somebody writes it."""
    try:
        return app.read("operation.json")
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def has_begun(app: Application, operation: str, phase: str, before: object) -> bool:
    """Whether a new operation is in the phase."""
    now = journal(app)
    if now.get("operation") != operation or now.get("token") == before:
        return False
    phases = now["phases"]
    assert isinstance(phases, list)
    return phase == "intent" or any(one["name"] == phase for one in phases)


def kill_in(app: Application, playbook: str, phase: str, **inputs: str) -> None:
    """Start a playbook and kill all of it as soon as the phase has begun."""
    before = journal(app).get("token")
    process, marker, _ = start(app.inventory, playbook, **inputs)
    deadline = time.monotonic() + 120
    while not has_begun(app, playbook, phase, before):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, f"phase {phase} did not begin"
        time.sleep(0.002)
    kill_all(process, marker)
    assert app.read("operation.json")["status"] == "running"


def nothing_is_left(app: Application) -> None:
    """No container of a migration, no database of a restore, no half backup."""
    label = f"label=com.docker.compose.project={app.name}"
    listing = ["docker", "ps", "--all", "--filter", label, "--format", "{{.Names}}"]
    names = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()
    assert sorted(names) == sorted(f"{app.name}-{service}-1" for service in ("app", "dashboard", "postgres", "redis"))
    assert not [path for path in (app.state / "backups").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("phase", ["intent", "images", "backup", "migrate", "apply", "verify", "soak"])
def test_the_next_deployment_recovers_by_itself(deployed: Application, phase: str) -> None:
    kill_in(deployed, "deploy", phase, version="v0.2.1")

    run = deployed.deploy("v0.1.0")

    assert run.rc == 0, run.output
    assert run.target()["recovered"]["operation"] == "deploy"
    assert_same_release(deployed, "v0.1.0")
    nothing_is_left(deployed)


def test_a_container_that_was_made_and_not_put_in_its_place_is_no_hindrance(deployed: Application) -> None:
    """A kill within a moment of compose's: its next container is there under the name that it has until then."""
    place = f"{deployed.name}-app-1"
    with contextlib.closing(docker.from_env()) as client:
        running = client.containers.get(place)
        made = client.containers.create(
            running.attrs["Image"], name=f"{running.attrs['Id'][:12]}_{place}", labels=running.labels
        )

    run = deployed.deploy("v0.2.1")
    back = deployed.deploy("v0.1.0")

    assert run.rc == 0, run.output
    assert back.rc == 0, back.output
    nothing_is_left(deployed)
    assert_same_release(deployed, "v0.1.0")
    assert made.id not in {id_ for id_, _, _ in deployed.containers().values()}


@pytest.mark.parametrize("phase", ["evidence", "return", "verify return"])
def test_a_kill_while_a_failure_is_undone_is_recovered_too(deployed: Application, phase: str) -> None:
    kill_in(deployed, "deploy", phase, version="v0.9.0-crash")

    run = deployed.play("rollback", release="last good")

    assert run.rc == 0, run.output
    assert_same_release(deployed, "v0.1.0")
    nothing_is_left(deployed)


def test_a_killed_rollback_is_recovered(deployed: Application) -> None:
    assert deployed.deploy("v0.2.1").rc == 0
    kill_in(deployed, "rollback", "apply", release="v0.1.0")

    run = deployed.play("rollback", release="v0.1.0")

    assert run.rc == 0, run.output
    assert_same_release(deployed, "v0.1.0")
    nothing_is_left(deployed)


@pytest.mark.parametrize("phase", ["backup", "stop", "restore", "apply"])
def test_a_killed_restore_is_recovered_and_loses_nothing(deployed: Application, phase: str) -> None:
    taken = deployed.play("backup").target()["backup"]
    kill_in(deployed, "restore", phase, backup=taken, confirm=deployed.name)

    run = deployed.play("rollback", release="last good")

    assert run.rc == 0, run.output
    assert_same_release(deployed, "v0.1.0")
    nothing_is_left(deployed)
