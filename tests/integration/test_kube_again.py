"""What is deployed again on the real cluster after it was stopped: it comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.kube_application import KubeApplication, tides
from tests.lab import images
from tests.lab.kubernetes.cluster import Cluster

FAILS = [{"name": "Fails", "kind": "exec", "service": "gauge", "command": ["false"], "timeout": 1}]


@pytest.fixture(scope="module")
def app(
    base_images: images.Images, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApplication]:
    """Tides, not deployed yet, with manifests that leave the number of pods to others."""
    application = tides(tmp_path_factory.mktemp("tides"), base_images, cluster)
    path = application.folder / "kubernetes/web.yml"
    path.write_text(path.read_text().replace("  replicas: 1\n", ""))
    assert "replicas" not in path.read_text()
    yield application
    application.remove()


def test_a_first_deployment_that_was_stopped_comes_up_the_next_time(app: KubeApplication) -> None:
    app.write(app_checks=FAILS)
    failed = app.deploy("1.0")
    assert failed.rc != 0
    assert "so the application was stopped" in failed.target()["message"]
    assert app.pods() == {}

    app.write()
    done = app.deploy("1.0")
    assert done.rc == 0, done.output
    assert {name: len(app.pods_of(name)) for name in ("collector", "gauge", "web")} == dict.fromkeys(
        ("collector", "gauge", "web"), 1
    )

    before = app.snapshot()
    again = app.deploy("1.0")
    assert (again.target()["status"], again.changed()) == ("unchanged", 0), again.output
    assert app.snapshot() == before
