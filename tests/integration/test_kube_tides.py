"""An application that has nothing in common with the studio, on a real cluster by its inventory alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.integration.application import Run, play
from tests.integration.kube_application import TIDES, KubeApplication, tides
from tests.lab import images
from tests.lab.kubernetes.cluster import Cluster


@pytest.fixture(scope="module")
def app(
    base_images: images.Images, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApplication]:
    """What can be seen of it, and its namespace; the inventory that is used is that of the example."""
    application = tides(tmp_path_factory.mktemp("tides"), base_images, cluster)
    shutil.copytree(TIDES, application.folder / "example")
    inventory = application.folder / "example/inventory.yml"
    text = inventory.read_text()
    assert "{namespace: tides}" in text
    inventory.write_text(text.replace("{namespace: tides}", f"{{namespace: {application.namespace}}}"))
    application.name = "tides"
    yield application
    application.remove()


@pytest.fixture(autouse=True)
def kubeconfig(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inventory takes the cluster that KUBECONFIG names."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))


def run(app: KubeApplication, playbook: str, **inputs: str) -> Run:
    """Run a playbook with the inventory of the example, its state in the test's folder and a short soak."""
    state = str(app.state)
    return play(
        app.folder / "example/inventory.yml", playbook, app_state_dir=state, app_soak_seconds=1, **inputs
    )  # fmt: skip


def page(app: KubeApplication) -> str:
    """The page, as the cluster's proxy gives it."""
    return app.kubectl("get", "--raw", f"/api/v1/namespaces/{app.namespace}/services/web:80/proxy/")


def images_of(app: KubeApplication) -> set[str]:
    return {pod["spec"]["containers"][0]["image"] for pod in app.pods().values()}


def test_it_is_deployed_by_its_inventory_alone(app: KubeApplication) -> None:
    done = run(app, "deploy", version="1.0")
    assert done.rc == 0, done.output
    target = done.target("tides")
    assert (target["status"], target["services"]) == ("ok", ["collector", "gauge", "web"])
    assert {check["state"] for check in target["checks"]} == {"pass"}
    text = page(app)
    assert "<h1>Tides of the day</h1>" in text
    assert "Tides 1.0" in text
    assert images_of(app) == {app.current()["images"]["tides"]["reference"]}
    app.assert_described(done)


def test_deployed_again_it_is_left_alone(app: KubeApplication) -> None:
    before = app.snapshot()
    done = run(app, "deploy", version="1.0")
    assert done.rc == 0, done.output
    assert (done.target("tides")["status"], done.changed("tides")) == ("unchanged", 0)
    assert app.snapshot() == before


def test_the_next_version_comes_and_the_one_before_comes_back(app: KubeApplication) -> None:
    first, mine = images_of(app), app.uids()
    done = run(app, "deploy", version="1.1")
    assert done.rc == 0, done.output
    assert "Tides 1.1" in page(app)
    assert images_of(app) == {app.current()["images"]["tides"]["reference"]} != first
    assert not {uid for uids in app.uids().values() for uid in uids} & {uid for uids in mine.values() for uid in uids}

    back = run(app, "rollback", release="1.0")
    assert back.rc == 0, back.output
    assert "Tides 1.0" in page(app)
    assert images_of(app) == first
    assert app.objects("jobs") == [], "it has no migration"
    app.assert_described(done, back)


def test_what_somebody_scaled_by_hand_is_a_failing_line(app: KubeApplication) -> None:
    app.kubectl("scale", "deployment", "web", "--replicas=3")
    checked, listed = run(app, "verify"), run(app, "releases")
    assert checked.rc == 2, checked.output
    failed = [check for check in checked.target("tides")["failure"]["checks"] if check["state"] == "fail"]
    assert [check["kind"] for check in failed] == ["release"]
    assert failed[0]["reason"] in listed.stats["doppelganger_ops_releases"]["tides"]["drift"]
