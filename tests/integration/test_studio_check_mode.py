"""``--check --diff`` of every playbook: nothing changes on engine or disk, and the real run does what was said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.application import Application, Run
from tests.integration.observed import everything, recreated, validate


@pytest.fixture(scope="module")
def deployed(app: Application) -> Application:
    """The studio at v0.1.0."""
    run = app.deploy("v0.1.0")
    assert run.rc == 0, run.output
    return app


@dataclass(frozen=True)
class Step:
    """A playbook with its inputs, and what it is going to change: ``replaced`` services get a new container."""

    playbook: str
    changes: bool
    inputs: dict[str, Any] = field(default_factory=dict)
    replaced: tuple[str, ...] = ()
    has_result: bool = True


RELEASE = ("app", "dashboard")
# in this order, each on what the one before left
STEPS = {
    "deploy": Step("deploy", True, {"version": "v0.2.1"}, RELEASE),
    "deploy again": Step("deploy", False, {"version": "v0.2.1"}),
    "verify": Step("verify", False),
    "backup": Step("backup", True),
    "restore": Step("restore", True, {"backup": "newest", "confirm": "the name"}, RELEASE),
    "rollback": Step("rollback", True, {"release": "v0.1.0"}, RELEASE),
    "rollback again": Step("rollback", False, {"release": "v0.1.0"}),
    "releases": Step("releases", False, has_result=False),
    "lock": Step("lock", True, {"reason": "a new disk"}, has_result=False),
    "lock again": Step("lock", False, {"reason": "a new disk"}, has_result=False),
    "unlock": Step("unlock", True, {"reason": "it is in"}, has_result=False),
    "unlock again": Step("unlock", False, {"reason": "it is in"}, has_result=False),
}


def inputs_of(app: Application, step: Step) -> dict[str, Any]:
    """The inputs, with what is known only now."""
    newest = max((path.name for path in (app.state / "backups").glob("*")), default="")
    return {name: {"newest": newest, "the name": app.name}.get(value, value) for name, value in step.inputs.items()}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_a_check_changes_nothing_and_says_what_the_run_then_does(deployed: Application, step: Step) -> None:
    inputs = inputs_of(deployed, step)
    before, containers = everything(deployed), deployed.containers()

    check = deployed.play(step.playbook, "--check", "--diff", **inputs)

    assert check.rc == 0, check.output
    assert everything(deployed) == before
    run: Run = deployed.play(step.playbook, **inputs)
    assert run.rc == 0, run.output
    assert (check.changed() > 0, run.changed() > 0) == (step.changes, step.changes), check.output
    assert recreated(containers, deployed.containers()) == list(step.replaced)
    if not step.changes:
        assert everything(deployed) == before
    if step.has_result:
        assert check.target()["services"] == run.target()["services"] == list(step.replaced)
        assert check.target()["changed"] == run.target()["changed"] == step.changes
        assert check.target()["check_mode"]
        for one in (check, run):
            validate("result", one.result)


def test_a_check_of_a_refused_deployment_is_red_as_well(deployed: Application) -> None:
    before = everything(deployed)
    run = deployed.deploy("v0.2.9", "--check", "--diff")
    assert run.rc != 0
    assert run.target()["status"] == "refused"
    assert everything(deployed) == before


def test_a_check_on_a_locked_target_says_who_holds_it(deployed: Application) -> None:
    assert deployed.play("lock", reason="a new disk").rc == 0
    before = everything(deployed)
    run = deployed.deploy("v0.2.1", "--check", "--diff")
    assert run.rc != 0
    assert run.target()["status"] == "refused"
    assert "for a new disk" in run.target()["message"]
    assert everything(deployed) == before
