"""What is deployed again on the real cluster after it was stopped, or after a Job of it has gone: it is as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.kube_application import KubeApplication, tides
from tests.lab import images
from tests.lab.kubernetes.cluster import Cluster

FAILS = [{"name": "Fails", "kind": "exec", "service": "gauge", "command": ["false"], "timeout": 1}]
SERVICES = ("collector", "gauge", "web")
#: what a server before 1.23 makes nothing of, so that the test deletes it
JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  ttlSecondsAfterFinished: 1
  template:
    spec:
      restartPolicy: Never
      containers: [{name: once, image: 127.0.0.1:5000/tides/tides, command: ["true"]}]
"""


@pytest.fixture(scope="module")
def app(
    base_images: images.Images, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApplication]:
    """Tides, not deployed yet: the manifests leave the number of pods to others, and have a Job that goes by itself."""
    application = tides(tmp_path_factory.mktemp("tides"), base_images, cluster)
    path = application.folder / "kubernetes/web.yml"
    path.write_text(path.read_text().replace("  replicas: 1\n", ""))
    assert "replicas" not in path.read_text()
    (application.folder / "kubernetes/once.yml").write_text(JOB)
    yield application
    application.remove()


def test_a_first_deployment_that_was_stopped_comes_up_the_next_time(app: KubeApplication) -> None:
    app.write(app_checks=FAILS)
    failed = app.deploy("1.0")
    assert failed.rc != 0
    assert "so the application was stopped" in failed.target()["message"]
    assert not any(app.pods_of(name) for name in SERVICES)

    app.write()
    done = app.deploy("1.0")
    assert done.rc == 0, done.output
    assert {name: len(app.pods_of(name)) for name in SERVICES} == dict.fromkeys(SERVICES, 1)
    assert_nothing_is_left_to_do(app)


def test_a_job_that_went_by_itself_stays_away_from_its_release(app: KubeApplication) -> None:
    app.kubectl("delete", "job", "once", "--ignore-not-found", "--cascade=foreground", "--timeout=180s")
    assert_nothing_is_left_to_do(app)

    app.kubectl("delete", "deployment", "web")
    back = app.play("rollback", release="1.0")
    assert back.rc == 0, back.output
    assert back.target()["services"] == ["web"]
    assert app.objects("jobs") == []


def assert_nothing_is_left_to_do(app: KubeApplication) -> None:
    before = app.snapshot()
    again = app.deploy("1.0")
    assert (again.target()["status"], again.changed()) == ("unchanged", 0), again.output
    assert app.snapshot() == before
