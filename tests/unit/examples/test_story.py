"""The demonstrations: what they name is there, and they take away what is theirs alone."""

import subprocess
from typing import Any

import pytest
import yaml

from examples.studio import demo, repository, story

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


def test_each_stage_is_an_inventory_with_the_folder_that_it_names() -> None:
    for name, home in [("compose_local", ".demo"), ("kubernetes_local", ".demo-kubernetes")]:
        model = yaml.safe_load((story.ROOT / f"inventories/{name}/group_vars/targets/main.yml").read_text())
        assert model["studio_home"].rpartition("/")[2] == home
    assert demo.STAGE.home.name == ".demo"
    assert (story.ROOT / demo.STAGE.inventory / "hosts.yml").is_file()
