"""What the lab promises about itself."""

import re
from pathlib import Path

import pytest
import yaml

from tests.lab import fleet, images, monitoring
from tests.lab.paths import HERE

FILES = [path for path in HERE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HERE)))
def test_no_file_names_a_mirror(path: Path) -> None:
    hosts = re.findall(r"https?://([\w.-]+)", path.read_text())
    assert set(hosts) <= {"127.0.0.1"}


def test_every_recipe_belongs_to_a_group_that_is_made_anew_when_it_changes() -> None:
    parts = {part for group in images.PARTS.values() for part in group}
    # monitoring makes its images by itself, each time that its recipe changes
    assert parts | {monitoring.RECIPE.name} == {path.name for path in images.RECIPES.iterdir()}


def test_a_group_is_made_anew_only_for_its_own_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "RECIPES", tmp_path)
    for name in ("base", "python", "machine"):
        (tmp_path / name).write_text("1")
    before = {group: images._recipe(group) for group in images.PARTS}
    (tmp_path / "machine").write_text("2")
    after = {group: images._recipe(group) for group in images.PARTS}
    assert before["apps"] == after["apps"]
    assert before["machine"] != after["machine"]


def test_the_inventory_says_how_each_host_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "FOLDER", tmp_path)
    hosts = [fleet._host(1), fleet._host(2)]
    targets = yaml.safe_load(fleet._write_inventory(hosts, "inventory").read_text())["targets"]
    assert {name: host["ansible_host"] for name, host in targets["hosts"].items()} == {h.name: h.address for h in hosts}
    assert "StrictHostKeyChecking=yes" in targets["vars"]["ansible_ssh_common_args"]
    assert targets["vars"]["ansible_ssh_private_key_file"] == str(fleet.KEY)
