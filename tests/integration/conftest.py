"""Applications on the real engine and the real cluster, each with a project, ports and a folder of its own."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration import embedding, kube_application, pools
from tests.integration.application import PLAYERS, Application, studio
from tests.lab import engine, images, lock
from tests.lab.kubernetes import cluster as lab_cluster


def free_port() -> int:
    """A port of the loopback interface that nobody uses, and that no outgoing connection gets in the meantime."""
    while True:
        port = 11_000 + secrets.randbelow(9_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture(scope="session", autouse=True)
def players() -> Iterator[None]:
    """End what playbooks were run with."""
    yield
    PLAYERS.close()


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Each test uses the cluster beside others, with all of its fixtures, if its file is one of those that do."""
    if not pools.has_cluster(item.path.name):
        return (yield)
    with lock.together("cluster"):
        return (yield)


@pytest.fixture
def use_of_the_cluster() -> Iterator[lock.Use]:
    """What the test holds of the cluster: it may have it alone where it breaks it for everybody."""
    with lock.together("cluster") as use:
        yield use


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> pools.Pools:
    """With ``--numprocesses``: whole files, longest first, half of the workers for those with a cluster."""
    return pools.Pools(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Only who starts the workers hears of all files."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(pools.Clock(config.rootpath / pools.SECONDS), "seconds by file")


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
