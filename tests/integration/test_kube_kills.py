"""Every phase interrupted by SIGKILL of the whole run, on the real cluster: the next run needs no manual step.

Each run of a chain begins by recovering what the one before it has left, and is killed in its turn.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.integration.application import however_slow
from tests.integration.kube_application import KubeApplication
from tests.integration.kube_failing import Running, assert_same_release, deploy_first


@pytest.fixture(scope="module")
def deployed(kube: KubeApplication) -> KubeApplication:
    """The studio at v0.1.0, with a row in its database that has to survive everything."""
    kube.variables["app_checks"] = however_slow(kube.variables["app_checks"])
    return deploy_first(kube)


def killed_in_each(app: KubeApplication, phases: Sequence[str], playbook: str, **inputs: str) -> None:
    """Run a playbook once for each phase and kill it there."""
    last = None
    for phase in phases:
        running = Running(app, playbook, **inputs).until("intent")
        found = running.journal()["recovering"]
        assert (found and found["phase"]) == last
        running.until(phase).kill()
        # a busy machine may kill it in the next one
        last = running.journal()["phases"][-1]["name"] if running.journal()["phases"] else "intent"


def test_a_deployment_killed_in_each_phase_is_recovered(deployed: KubeApplication) -> None:
    phases = ["intent", "images", "backup", "migrate", "apply", "verify", "soak"]
    killed_in_each(deployed, phases, "deploy", version="v0.2.1")

    assert deployed.request("/api/version")["version"] == "v0.2.1"
    running = Running(deployed, "deploy", version="v0.1.0").until("images")
    assert deployed.request("/api/version")["version"] == "v0.1.0", "the last good release, before anything else"
    run = running.end()
    assert run.rc == 0, run.output
    assert run.target()["recovered"]["operation"] == "deploy"
    assert_same_release(deployed, "v0.1.0")


def test_an_undo_killed_in_each_phase_is_recovered(deployed: KubeApplication) -> None:
    killed_in_each(deployed, ["evidence", "return", "verify return"], "deploy", version="v0.9.0-errors")

    run = deployed.play("rollback", release="last good")

    assert run.rc == 0, run.output
    assert run.target()["recovered"]["phase"] == "verify return"
    assert_same_release(deployed, "v0.1.0")


def test_a_killed_rollback_is_recovered(deployed: KubeApplication) -> None:
    assert deployed.deploy("v0.2.1").rc == 0
    Running(deployed, "rollback", release="v0.1.0").until("apply").kill()

    run = deployed.play("rollback", release="v0.1.0")

    assert run.rc == 0, run.output
    assert_same_release(deployed, "v0.1.0")


def test_a_restore_killed_in_each_phase_is_recovered_and_loses_nothing(deployed: KubeApplication) -> None:
    taken = deployed.play("backup").target()["backup"]
    phases = ["backup", "stop", "restore", "apply"]
    killed_in_each(deployed, phases, "restore", backup=taken, confirm=deployed.name)

    run = deployed.play("rollback", release="last good")

    assert run.rc == 0, run.output
    assert run.target()["recovered"]["operation"] == "restore"
    assert_same_release(deployed, "v0.1.0")
