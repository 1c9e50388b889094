"""One operation at a time on the real cluster: held, locked, expired, lost."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._layout import file_of, object_name
from tests.integration.application import processes_of
from tests.integration.kube_application import KubeApplication
from tests.integration.kube_failing import Running, assert_same_release, deploy_first, state_of


@pytest.fixture(scope="module")
def deployed(kube: KubeApplication) -> KubeApplication:
    """The studio at v0.1.0."""
    return deploy_first(kube)


def audit(app: KubeApplication, event: str) -> list[dict[str, Any]]:
    """The lines of the audit trail about an event."""
    trail = file_of(app.get("secret", object_name(app.name, "audit")), "audit.jsonl") or b""
    return [line for line in map(json.loads, trail.splitlines()) if line["event"] == event]


def signal_all(marker: str, number: signal.Signals) -> None:
    """A signal to everything that a run has started."""
    for process in processes_of(marker):
        os.kill(process, number)


def test_while_one_operation_runs_every_other_is_refused_at_once(deployed: KubeApplication) -> None:
    deployed.write(app_soak_seconds=300)
    running = Running(deployed, "deploy", version="v0.2.1").until("soak")
    token, pods = running.journal()["token"], deployed.uids()
    lease = state_of(deployed).lease()
    assert lease is not None

    for playbook, inputs in (("deploy", {"version": "v0.2.0"}), ("rollback", {"release": "v0.1.0"}), ("backup", {})):
        run = deployed.play(playbook, **inputs)
        assert running.process.poll() is None, running.process.communicate()[0]
        assert run.rc != 0
        assert run.target()["status"] == "refused"
        for words in (f"held by {lease.holder} since 2", "for deploy v0.2.1", "Nothing was touched."):
            assert words in run.target()["message"]
        assert "Wait for that operation to end" in run.target()["hint"]

    assert running.journal()["token"] == token
    assert deployed.uids() == pods
    running.kill()
    deployed.write()


def test_after_the_killed_deployment_a_rollback_goes_through_by_itself(deployed: KubeApplication) -> None:
    run = deployed.play("rollback", release="v0.1.0")
    assert run.rc == 0, run.output
    assert_same_release(deployed, "v0.1.0")


@pytest.mark.parametrize("phase", ["images", "apply", "soak"])
def test_a_holder_that_wakes_up_late_changes_nothing_more(deployed: KubeApplication, phase: str) -> None:
    running = Running(deployed, "deploy", version="v0.2.1").until(phase)
    signal_all(running.marker, signal.SIGSTOP)
    taken = deployed.play("rollback", release="v0.1.0")
    assert taken.rc == 0, taken.output
    assert taken.target()["release_after"] == deployed.current()["id"]
    before = settled(deployed)

    signal_all(running.marker, signal.SIGCONT)
    run = running.end()

    assert run.rc != 0
    assert "This operation held lease number" in run.said
    after = settled(deployed)
    if phase == "images":  # what it was building comes to its end, and nobody uses it
        for seen in (before, after):
            seen["disk"] = {path: what for path, what in seen["disk"].items() if not path.startswith("source")}
    assert after == before
    assert_same_release(deployed, "v0.1.0")


def settled(app: KubeApplication) -> dict[str, Any]:
    """Everything in the namespace, without the pods that are on their way out."""
    leaving = {
        f"v1/Pod/{pod['metadata']['name']}" for pod in app.objects("pods") if pod["metadata"].get("deletionTimestamp")
    }
    return {name: what for name, what in app.snapshot().items() if name not in leaving}


def test_a_maintenance_lock_is_never_stolen(deployed: KubeApplication) -> None:
    deployed.write(app_lease_ttl=1, app_lease_wait=2)
    assert deployed.play("lock", reason="a new disk").rc == 0
    locked = state_of(deployed).lease()
    assert locked is not None
    assert (locked.kind, locked.expires) == ("maintenance", None)
    before = settled(deployed)

    for playbook, inputs in (("deploy", {"version": "v0.2.1"}), ("backup", {})):
        run = deployed.play(playbook, **inputs)
        assert run.target()["status"] == "refused", run.output
        assert f"held by {locked.holder} since" in run.target()["message"]
        assert "for a new disk, until it is unlocked" in run.target()["message"]
        assert "unlock.yml with a reason" in run.target()["hint"]
        assert time.time() > locked.acquired + 1
        assert settled(deployed) == before
    assert deployed.play("verify").rc == 0, "looking is allowed"


def test_unlocking_needs_a_reason_and_is_audited(deployed: KubeApplication) -> None:
    refused = deployed.play("unlock")
    assert refused.rc != 0
    assert "reason is required" in refused.said
    held = state_of(deployed).lease()
    assert held is not None
    assert not held.released

    run = deployed.play("unlock", reason="the disk is in")

    assert run.rc == 0, run.output
    line = audit(deployed, "lease unlocked")[-1]
    assert (line["reason"], line["was"]["purpose"]) == ("the disk is in", "a new disk")
    assert line["by"] == line["was"]["holder"]
    assert deployed.play("backup").rc == 0
    deployed.write()
