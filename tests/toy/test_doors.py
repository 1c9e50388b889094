"""What a run is refused for before it gets anywhere: no inventory, two of them, mistakes, a Python that is none."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.application import Run
from tests.toy.application import Fleet, environment

GOOD: dict[str, Any] = {
    "app_name": "shop", "app_platform": "compose", "app_source": "git", "app_repository": "/nowhere",
    "app_release_services": ["web"], "ansible_connection": "local", "ansible_python_interpreter": sys.executable,
}  # fmt: skip


@pytest.fixture(scope="module")
def toy(fleet: Callable[..., Fleet]) -> Fleet:
    """Its house and its player; it is not touched."""
    return fleet("toy")


def deploy(toy: Fleet, folder: Path, *inventories: Path, **variables: str) -> Run:
    """Try to deploy with these inventories."""
    stats, output = folder / "stats.json", folder / "output"
    arguments = [part for path in inventories for part in ("-i", str(path))]
    arguments += [str(toy.house / "playbooks/deploy.yml"), "-e", json.dumps({"version": "v1"})]
    toy.player.start(arguments, {**environment(toy.house), "OPS_TEST_STATS": str(stats), **variables}, output)
    rc = toy.player.wait()
    found = json.loads(stats.read_text()) if stats.exists() else {}
    return Run(rc, output.read_text(), found.get("published", {}), found.get("recap", {}))


def inventory(folder: Path, name: str, **changes: Any) -> Path:
    path = folder / f"{name}.yml"
    group = {"hosts": {name: {}}, "vars": {**GOOD, "app_name": name, **changes}}
    path.write_text(yaml.safe_dump({"targets": group}))
    return path


def test_without_an_inventory_nothing_is_done(toy: Fleet, tmp_path: Path) -> None:
    run = deploy(toy, tmp_path)
    assert (run.rc != 0, run.stats) == (True, {}), run.output
    assert "ANSIBLE_INVENTORY" in run.said
    assert "studio" not in run.output


def test_two_applications_are_refused(toy: Fleet, tmp_path: Path) -> None:
    run = deploy(toy, tmp_path, inventory(tmp_path, "shop"), inventory(tmp_path, "blog"))
    target = run.target("shop")
    assert (run.rc, target["status"], target["reason"]) == (2, "refused", "invalid_input"), run.output
    assert all(word in target["message"] for word in ("shop", "blog", "app_name"))
    assert run.target("blog")["status"] in ("skipped", "refused")


def test_a_list_where_text_is_meant_is_refused(toy: Fleet, tmp_path: Path) -> None:
    database = {"app_database_service": "db", "app_database_name": "shop", "app_database_user": ["shop"]}
    target = deploy(toy, tmp_path, inventory(tmp_path, "shop", **database)).target("shop")
    assert (target["status"], target["reason"]) == ("refused", "invalid_input")
    assert "app_database_user" in target["message"]


@pytest.mark.parametrize("where", ["hosts.yml", "group_vars/targets.yml"])
def test_a_mistake_in_yaml_has_its_file_and_line(toy: Fleet, tmp_path: Path, where: str) -> None:
    folder = tmp_path / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    inventory(folder, "hosts")
    (folder / where).write_text("app_name: shop\napp_checks: [\napp_x: 1\n")
    run = deploy(toy, tmp_path, folder)
    assert run.rc != 0
    assert re.search(rf"{folder / where}(:|, line )4", run.said)
    assert "Traceback" not in run.output


PYTHONS = {
    "not there": (None, "program_missing", "was not found"),
    "broken": ("#!/bin/sh\necho 'No module named encodings' >&2\nexit 1\n", "program_missing", "encodings"),
    "too old": ("#!/bin/sh\ncase \"$2\" in *doppelganger*) echo doppelganger-ops-python 3.8;; *) exit 1;; esac\n",
                "program_missing", "3.8"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason", "words"), PYTHONS.values(), ids=PYTHONS.keys())
def test_an_interpreter_that_is_none_is_named(
    toy: Fleet, tmp_path: Path, text: str | None, reason: str, words: str
) -> None:
    python = tmp_path / "python"
    if text is not None:
        python.write_text(text)
        python.chmod(0o755)
    # as another user, so that the module is shipped as it is over ssh
    changes = {"ansible_python_interpreter": str(python), "ansible_become": True}
    target = deploy(toy, tmp_path, inventory(tmp_path, "shop", **changes)).target("shop")
    assert (target["status"], target["reason"]) == ("refused", reason), target
    assert words in target["message"]
    assert str(python) in target["message"]
    assert "ansible_python_interpreter" in target["hint"]


def test_a_user_who_may_not_become_another(toy: Fleet, tmp_path: Path) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
    sudo.chmod(0o755)
    become = {"ansible_become": True, "ansible_become_user": "nobody", "ansible_become_exe": str(sudo)}
    target = deploy(toy, tmp_path, inventory(tmp_path, "shop", **become)).target("shop")
    assert (target["status"], target["reason"]) == ("refused", "forbidden"), target
    assert "sudo: a password is required" in target["message"]
