"""One operation at a time on the real engine: held, locked, expired, lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import Any

import pytest

from tests.integration.application import Application, kill_all, processes_of, start
from tests.integration.observed import everything, recreated
from tests.integration.test_studio_failures import request
from tests.integration.test_studio_kills import has_begun, journal


@pytest.fixture(scope="module")
def deployed(app: Application) -> Application:
    """The studio at v0.1.0."""
    run = app.deploy("v0.1.0")
    assert run.rc == 0, run.output
    return app


def begin(app: Application, playbook: str, phase: str, **inputs: str) -> tuple[subprocess.Popen[str], str]:
    """Start a playbook and come back as soon as the phase has begun."""
    before = journal(app).get("token")
    process, marker, _ = start(app.inventory, playbook, **inputs)
    deadline = time.monotonic() + 120
    while not has_begun(app, playbook, phase, before):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, f"phase {phase} did not begin"
        time.sleep(0.002)
    return process, marker


def audit(app: Application, event: str) -> list[dict[str, Any]]:
    """The lines of the audit trail about an event."""
    lines = (app.state / "audit.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["event"] == event]


def signal_all(marker: str, number: signal.Signals) -> None:
    """A signal to everything that a run has started."""
    for process in processes_of(marker):
        os.kill(process, number)


def test_while_one_operation_runs_every_other_is_refused_at_once(deployed: Application) -> None:
    deployed.write(app_soak_seconds=300)
    process, marker = begin(deployed, "deploy", "soak", version="v0.2.1")
    token, containers = journal(deployed)["token"], deployed.containers()
    holder = deployed.read("lease.json")["holder"]

    for playbook, inputs in (("deploy", {"version": "v0.2.0"}), ("rollback", {"release": "v0.1.0"}), ("backup", {})):
        run = deployed.play(playbook, **inputs)
        assert process.poll() is None, process.communicate()[0]
        assert run.rc != 0
        assert run.target()["status"] == "refused"
        for words in (f"held by {holder} since 2", "for deploy v0.2.1", "Nothing was touched."):
            assert words in run.target()["message"]
        assert "Wait for that operation to end" in run.target()["hint"]

    assert journal(deployed)["token"] == token
    assert recreated(containers, deployed.containers()) == []
    kill_all(process, marker)
    deployed.write()


def test_after_the_killed_deployment_a_rollback_goes_through_by_itself(deployed: Application) -> None:
    run = deployed.play("rollback", release="v0.1.0")
    assert run.rc == 0, run.output
    assert deployed.current()["version"] == request(f"{deployed.url}/api/version")["version"] == "v0.1.0"


def test_who_waits_for_a_dead_holder_goes_on_as_soon_as_its_lease_expires(deployed: Application) -> None:
    deployed.write(app_lease_ttl=20)
    process, marker = begin(deployed, "backup", "backup")
    kill_all(process, marker)
    expires = deployed.read("lease.json")["expires"]

    began = time.time()
    run = deployed.play("backup")
    deployed.write()

    assert run.rc == 0, run.output
    assert run.target()["recovered"]["operation"] == "backup"
    # a busy machine may come to the lease when it has expired already
    assert expires <= deployed.read("lease.json")["acquired"] < max(expires, began + 20) + 3


@pytest.mark.parametrize("phase", ["images", "soak"])
def test_a_holder_that_wakes_up_late_changes_nothing_more(deployed: Application, phase: str) -> None:
    process, marker = begin(deployed, "deploy", phase, version="v0.2.1")
    folder = f"releases/{journal(deployed)['release']}"
    late = (folder, f"{folder}/build.log")
    signal_all(marker, signal.SIGSTOP)
    taken = deployed.play("rollback", release="v0.1.0")
    assert taken.rc == 0, taken.output
    assert taken.target()["release_after"] == deployed.current()["id"]
    before = everything(deployed)

    signal_all(marker, signal.SIGCONT)
    output, _ = process.communicate(timeout=120)

    assert process.returncode != 0
    assert "This operation held lease number" in output
    after = everything(deployed)
    if phase == "images":  # a build that was under way comes to its end, and says so in its log; nobody uses it
        for seen in (before, after):
            seen["images"], seen["tags"] = [], []
            seen["disk"] = {path: what for path, what in seen["disk"].items() if path not in late}
    assert after == before
    assert deployed.current()["version"] == request(f"{deployed.url}/api/version")["version"] == "v0.1.0"


def test_a_maintenance_lock_is_never_stolen(deployed: Application) -> None:
    deployed.write(app_lease_ttl=1, app_lease_wait=2)
    assert deployed.play("lock", reason="a new disk").rc == 0
    locked = deployed.read("lease.json")
    assert (locked["kind"], locked["expires"]) == ("maintenance", None)
    before = everything(deployed)

    for playbook, inputs in (("deploy", {"version": "v0.2.1"}), ("backup", {}), ("deploy", {"version": "v0.1.0"})):
        run = deployed.play(playbook, **inputs)
        assert run.target()["status"] == "refused", run.output
        assert f"held by {locked['holder']} since" in run.target()["message"]
        assert "for a new disk, until it is unlocked" in run.target()["message"]
        assert "unlock.yml with a reason" in run.target()["hint"]
        assert time.time() > locked["acquired"] + 1
        assert everything(deployed) == before
    assert deployed.play("verify").rc == 0, "looking is allowed"


def test_unlocking_needs_a_reason_and_is_audited(deployed: Application) -> None:
    refused = deployed.play("unlock")
    assert refused.rc != 0
    assert "reason is required" in refused.said
    assert not deployed.read("lease.json")["released"]

    run = deployed.play("unlock", reason="the disk is in")

    assert run.rc == 0, run.output
    line = audit(deployed, "lease unlocked")[-1]
    assert (line["reason"], line["was"]["purpose"]) == ("the disk is in", "a new disk")
    assert line["by"] == line["was"]["holder"]
    assert deployed.play("backup").rc == 0
    deployed.write()


@pytest.mark.parametrize("content", [b"null", b'{"schema": 2}'])
def test_a_lease_that_cannot_be_read_keeps_everybody_out_until_it_is_unlocked(
    deployed: Application, content: bytes
) -> None:
    path = deployed.state / "lease.json"
    token = json.loads(path.read_text())["token"]
    path.write_bytes(content)
    refused = deployed.play("backup")
    assert refused.rc != 0
    assert refused.target()["status"] == "refused"
    assert str(path) in refused.target()["message"]
    assert path.read_bytes() == content

    run = deployed.play("unlock", reason="it was damaged")
    assert run.rc == 0, run.output
    assert audit(deployed, "lease unlocked")[-1]["reason"] == "it was damaged"
    run = deployed.play("backup")
    assert run.rc == 0, run.output
    assert deployed.read("lease.json")["token"] > token


def test_a_state_folder_that_others_may_write_is_refused(deployed: Application) -> None:
    deployed.state.chmod(0o770)
    try:
        run = deployed.play("backup")
    finally:
        deployed.state.chmod(0o700)
    assert run.rc != 0
    assert run.target()["status"] == "refused"
    assert f"{deployed.state} " in run.target()["message"]
    assert "chmod 700" in run.target()["hint"]
