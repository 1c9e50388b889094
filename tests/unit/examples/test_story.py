"""The demonstrations: what they name is there, and they remove what is theirs alone."""

import subprocess
from typing import Any

import pytest
import yaml

from examples.studio import demo, demo_kubernetes, repository, story
from tests.lab import paths
from tests.lab.kubernetes import place

LISTED = """\
127.0.0.1:5000/studio/app v0.1.0 sha256:aa
127.0.0.1:5000/studio/app <none> sha256:bb
127.0.0.1:5000/studio/app <none> <none>
127.0.0.1:5000/studio/app-of-somebody v0.1.0 sha256:cc
busybox 1 <none>
"""


def docker(monkeypatch: pytest.MonkeyPatch, listed: str) -> list[list[str]]:
    """Stand in for docker; returns the commands that change something."""
    changes: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if "ls" not in command:
            changes.append(command)
        return subprocess.CompletedProcess(command, 0, listed, "")

    monkeypatch.setattr(subprocess, "run", run)
    return changes


def test_images_go_by_tag_or_by_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = docker(monkeypatch, LISTED)
    story.remove_images("127.0.0.1:5000/studio/app")
    ours = ["127.0.0.1:5000/studio/app:v0.1.0", "127.0.0.1:5000/studio/app@sha256:bb"]
    assert changes == [["docker", "image", "rm", "--force", *ours]]


def test_where_there_are_no_images_nothing_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = docker(monkeypatch, LISTED)
    story.remove_images("127.0.0.1:5000/other")
    assert changes == []


@pytest.mark.parametrize("scene", story.SCENES, ids=lambda scene: scene.shows)
def test_a_scene_plays_what_is_there(scene: story.Scene) -> None:
    assert (story.ROOT / "playbooks" / f"{scene.playbook}.yml").is_file()
    version = scene.inputs.get("version") or scene.inputs.get("release")
    assert version is None or version in {**repository.HISTORY, **repository.ASIDE}


@pytest.mark.parametrize("stage", [demo.STAGE, demo_kubernetes.STAGE], ids=lambda stage: stage.inventory)
def test_a_stage_is_what_its_inventory_names(stage: story.Stage) -> None:
    assert f"/{stage.home.name}" == model(stage)["studio_home"].rpartition("}}")[2]
    assert (story.ROOT / stage.inventory / "hosts.yml").is_file()


def test_the_cluster_is_the_one_of_the_inventory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDIO_REGISTRY", raising=False)
    described = model(demo_kubernetes.STAGE)
    assert described["app_cluster"]["namespace"] == demo_kubernetes.NAMESPACE
    kubeconfig = (place.FOLDER / "kubeconfig").relative_to(paths.CACHE)
    assert f"studio_cache ~ '/{kubeconfig}'" in described["app_cluster"]["kubeconfig"]
    assert f"'{demo_kubernetes.registry_address()}'" in described["studio_registry"]


def model(stage: story.Stage) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((story.ROOT / stage.inventory / "group_vars/targets/main.yml").read_text())
    return found
