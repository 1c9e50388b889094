"""Three namespaces in one inventory, one after the other: all of them end with one release."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.application import Run, play
from tests.integration.kube_application import TIDES, KubeApplication, Object, tides
from tests.lab import images
from tests.lab.kubernetes.cluster import Cluster

NAMES = ["first", "second", "third"]
EVERYWHERE = {name: {"1.0"} for name in NAMES}
CHECKS = [{"name": "The page runs", "kind": "containers"}]
#: a check that 1.0 passes and 1.1 does not
WRONG = [
    *CHECKS,
    {
        "name": "It is 1.0",
        "kind": "exec",
        "service": "web",
        "command": ["cat", "/VERSION"],
        "output_contains": "1.0",
        "timeout": 3,
    },
]


@dataclass
class Fleet:
    """The page of Tides in three namespaces."""

    apps: dict[str, KubeApplication]
    folder: Path

    def deploy(self, version: str, broken: Mapping[str, Mapping[str, Any]] | None = None) -> Run:
        """Deploy a version everywhere, some of the targets with other variables."""
        hosts = {name: app.host(**(broken or {}).get(name, {})) for name, app in self.apps.items()}
        inventory = self.folder / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"targets": {"hosts": hosts}}))
        return play(inventory, "deploy", version=version)

    def running(self) -> dict[str, set[str]]:
        """What each pod says that it is."""
        return {
            name: {app.kubectl("exec", pod, "--", "cat", "/VERSION") for pod in app.pods()}
            for name, app in self.apps.items()
        }


def manifests(folder: Path) -> Path:
    """The page alone, in one pod."""
    page = next(
        one for one in yaml.safe_load_all((TIDES / "kubernetes/web.yml").read_text()) if one["kind"] == "Deployment"
    )
    page["spec"]["replicas"] = 1
    path = folder / "manifests"
    path.mkdir()
    (path / "web.yml").write_text(yaml.safe_dump(page))
    (path / "config.yml").write_text((TIDES / "kubernetes/config.yml").read_text())
    return path


@pytest.fixture(scope="module")
def pages(base_images: images.Images, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Version 1.0 in three namespaces."""
    folder = tmp_path_factory.mktemp("fleet")
    variables: Object = {
        "app_manifests": [str(manifests(folder))], "app_release_services": ["web"], "app_checks": CHECKS,
    }  # fmt: skip
    apps = {}
    for name in NAMES:
        (folder / name).mkdir()
        apps[name] = tides(folder / name, base_images, cluster, **variables)
        apps[name].name = "tides"
    fleet = Fleet(apps, folder)
    run = fleet.deploy("1.0")
    assert run.rc == 0, run.output
    yield fleet
    for app in apps.values():
        app.remove()


def statuses(run: Run) -> dict[str, str]:
    """Each target's status."""
    return {name: target["status"] for name, target in run.result["targets"].items()}


def test_one_inventory_reaches_every_namespace(pages: Fleet) -> None:
    assert pages.running() == EVERYWHERE


def test_a_failure_at_the_second_brings_the_first_back_and_leaves_the_third(pages: Fleet) -> None:
    before = pages.apps["third"].snapshot()
    run = pages.deploy("1.1", {"second": {"app_checks": WRONG}})
    assert run.rc != 0
    assert statuses(run) == {"first": "rolled_back", "second": "rolled_back", "third": "skipped"}, run.output
    assert "It is 1.0" in run.target("second")["message"]
    assert pages.running() == EVERYWHERE
    assert pages.apps["third"].snapshot() == before
    for app in pages.apps.values():
        app.assert_described(run)


def test_a_cluster_out_of_reach_brings_those_before_it_back(pages: Fleet) -> None:
    before = {name: pages.apps[name].snapshot() for name in ("second", "third")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    nowhere = {"host": f"https://127.0.0.1:{port}", "namespace": pages.apps["second"].namespace}
    run = pages.deploy("1.1", {"second": {"app_cluster": nowhere, "app_cluster_token": "none"}})
    assert run.rc != 0
    assert statuses(run) == {"first": "rolled_back", "second": "unreachable", "third": "skipped"}, run.output
    assert f"127.0.0.1:{port}" in run.target("second")["message"]
    assert pages.running() == EVERYWHERE
    assert {name: pages.apps[name].snapshot() for name in before} == before
