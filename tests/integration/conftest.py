"""Applications on the real engine and the real cluster, each with a project, ports and a folder of its own."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import embedding, kube_application
from tests.integration.application import Application, studio
from tests.lab import engine, images, lock
from tests.lab.kubernetes import cluster as lab_cluster


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def base_images() -> images.Images:
    """The base images, on an engine that runs; a missing one is an error, never a skip."""
    engine.ensure()
    return images.ensure()


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's git repository."""
    from examples.studio import repository

    folder = tmp_path_factory.mktemp("source") / "studio.git"
    repository.build(folder)
    return folder


@pytest.fixture(scope="module")
def app(base_images: images.Images, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The studio, not deployed yet; shared by the tests of a file, which run in order."""
    application = studio(tmp_path_factory.mktemp("studio"), source, base_images, free_port(), free_port())
    yield application
    application.remove()


@pytest.fixture(scope="module")
def pages(base_images: images.Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The smallest of the examples, not deployed yet; shared by the tests of a file, which run in order."""
    application = embedding.pages(tmp_path_factory.mktemp("pages"), base_images, free_port())
    yield application
    application.remove()


@pytest.fixture(scope="module")
def run_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedding.RunFolders]:
    """Where the runs of this file have their folders, and nobody else's."""
    # pytest makes its own where TMPDIR says when it first needs one
    tmp_path_factory.getbasetemp()
    with embedding.RunFolders() as folders:
        yield folders


@pytest.fixture(scope="session")
def cluster() -> lab_cluster.Cluster:
    """A real cluster, ready; where there is none and none can be made, an error and never a skip."""
    with lock.together("cluster"):  # whom somebody breaks at this moment would be started again
        return lab_cluster.ensure()


@pytest.fixture(scope="module", autouse=True)
def use_of_the_cluster(request: pytest.FixtureRequest) -> Iterator[lock.Use | None]:
    """The cluster, used beside others, and by one test alone where that breaks it for everybody."""
    if not request.path.name.startswith(("test_kube_", "test_lab_kubernetes")):
        yield None
        return
    with lock.together("cluster") as use:
        yield use


@pytest.fixture(scope="module")
def namespace(cluster: lab_cluster.Cluster) -> Iterator[str]:
    """A namespace of the cluster, for the tests of a file; gone afterwards, with what is in it."""
    name = f"ops-test-{secrets.token_hex(4)}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def kube(
    base_images: images.Images, source: Path, cluster: lab_cluster.Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[kube_application.KubeApplication]:
    """The studio in a namespace of its own, not deployed yet; shared by the tests of a file, which run in order."""
    application = kube_application.studio(tmp_path_factory.mktemp("studio"), source, base_images, cluster)
    yield application
    application.remove()
