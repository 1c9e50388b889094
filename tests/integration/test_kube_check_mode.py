"""``--check --diff`` on the real cluster: nothing changes there or here, and the real run does what was said."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.kube_application import KubeApplication, tides
from tests.integration.observed import recreated, validate
from tests.lab import images
from tests.lab.kubernetes.cluster import Cluster
from tests.unit.support.hostile_manifests import LAUGHS, LOOP

TITLE = "Tides of the day"
SECRET = '{apiVersion: v1, kind: Secret, metadata: {name: token}, stringData: {TOKEN: "{{ env.TOKEN }}"}}'
EVERYTHING = ("collector", "gauge", "web")
READERS = ("collector", "web")


@pytest.fixture(scope="module")
def app(
    base_images: images.Images, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApplication]:
    """Tides 1.0 with a Secret, and then with another title and another value in it that are not deployed yet."""
    folder = tmp_path_factory.mktemp("tides")
    application = tides(folder, base_images, cluster, app_env_files=[str(folder / ".env")])
    (folder / "kubernetes/secret.yml.j2").write_text(SECRET)
    canaries = application.remembered["canaries"] = [secrets.token_hex(8), secrets.token_hex(8)]
    for canary, title in zip(canaries, (TITLE, "Tides of the night"), strict=True):
        config = folder / "kubernetes/config.yml"
        config.write_text(config.read_text().replace(TITLE, title))
        application.env["TOKEN"] = canary
        application.write()
        if title == TITLE:
            run = application.deploy("1.0")
            assert run.rc == 0, run.output
    yield application
    application.remove()


@dataclass(frozen=True)
class Step:
    """A playbook with its inputs, and what it is going to change: ``replaced`` workloads get new pods."""

    playbook: str
    changes: bool
    inputs: dict[str, Any] = field(default_factory=dict)
    replaced: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    has_result: bool = True


# in this order, each on what the one before left
STEPS = {
    "configuration": Step(
        "deploy", True, {"version": "1.0"}, READERS,
        ("-  TITLE: Tides of the day", "+  TITLE: Tides of the night", "Secret/token: configured", "TOKEN: '********"),
    ),
    "version": Step("deploy", True, {"version": "1.1"}, EVERYTHING, ("StatefulSet/gauge: configured",)),
    "again": Step("deploy", False, {"version": "1.1"}),
    "rollback": Step(
        "rollback", True, {"release": "0001-1.0"}, EVERYTHING,
        ("-  TITLE: Tides of the night", "+  TITLE: Tides of the day", "Deployment/web: configured"),
    ),
    "lock": Step("lock", True, {"reason": "a new disk"}, has_result=False),
    "unlock": Step("unlock", True, {"reason": "it is in"}, has_result=False),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_a_check_changes_nothing_and_says_what_the_run_then_does(app: KubeApplication, step: Step) -> None:
    before, mine = app.snapshot(), app.uids()

    check = app.play(step.playbook, "--check", "--diff", **step.inputs)

    assert check.rc == 0, check.output
    assert app.snapshot() == before
    for words in step.shows:
        assert words in check.output, check.output
    assert hidden(app, check.output)
    run = app.play(step.playbook, "--diff", **step.inputs)
    assert run.rc == 0, run.output
    assert hidden(app, run.output)
    assert (check.changed() > 0, run.changed() > 0) == (step.changes, step.changes), check.output
    assert recreated(mine, app.uids()) == list(step.replaced)
    if not step.changes:
        assert app.snapshot() == before
    if step.has_result:
        assert check.target()["services"] == run.target()["services"] == list(step.replaced)
        assert check.target()["changed"] == run.target()["changed"] == step.changes
        assert check.target()["check_mode"]
        for one in (check, run):
            validate("result", one.result)


def hidden(app: KubeApplication, output: str) -> bool:
    """Whether no value of the Secret is shown, as it is or as the API server has it."""
    plain: list[str] = app.remembered["canaries"]
    return not any(text in output for one in plain for text in (one, base64.b64encode(one.encode()).decode()))


def test_a_check_of_a_refused_deployment_is_red_as_well(app: KubeApplication) -> None:
    before = app.snapshot()
    run = app.deploy("9.9", "--check", "--diff")
    assert run.rc != 0
    assert run.target()["status"] == "refused"
    assert app.snapshot() == before


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("explodes.yml", LAUGHS, "explodes.yml, line 5: the YAML cannot be read: more than"),
        ("endless.yml.j2", LOOP + "{% endfor %}{% endfor %}", "endless.yml.j2: more time or memory"),
    ],
)
def test_what_a_repository_must_not_cost_is_refused_before_the_lease(
    app: KubeApplication, name: str, content: str, says: str
) -> None:
    before = app.snapshot()
    path = app.folder / "kubernetes" / name
    path.write_text(content)
    try:
        run = app.deploy("1.1")
    finally:
        path.unlink()
    assert run.rc != 0
    assert run.target()["status"] == "refused", run.output
    assert says in run.target()["message"]
    assert "Traceback" not in run.output
    assert app.snapshot() == before
