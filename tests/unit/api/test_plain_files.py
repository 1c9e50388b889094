"""Files that a caller names and that are none: refused at once and by name, where a reader would wait for ever."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import doppelganger_ops as ops
from doppelganger_ops.options import job_of
from tests.unit.support.special_files import SPECIAL, make


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "inventory/hosts.yml"
    path.parent.mkdir()
    path.write_text("targets: {hosts: {app: }}\n")
    return path


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["variable_files", "vault_password_files"])
@pytest.mark.parametrize("kind", SPECIAL)
def test_a_file_of_variables_is_a_file(inventory: Path, tmp_path: Path, name: str, kind: str) -> None:
    given: dict[str, Any] = {"inventory": inventory, name: [inventory, make(kind, tmp_path)]}
    with pytest.raises(ops.InputError, match=rf"a-{kind} is a {kind}"):
        job_of("verify", {}, given)  # type: ignore[arg-type]  # the name of an option is a parameter here


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", [kind for kind in SPECIAL if kind != "folder"])
@pytest.mark.parametrize("where", ["itself", ".", "group_vars", "group_vars/targets", "host_vars"])
@pytest.mark.parametrize("by", ["file", "folder"])
def test_whatever_ansible_reads_of_an_inventory_is_a_file(inventory: Path, where: str, kind: str, by: str) -> None:
    given = inventory if by == "file" else inventory.parent
    if where == "itself":
        given = make(kind, inventory.parent)
    elif where == "." and by == "file":
        return  # what is beside a file is none of the inventory
    else:
        folder = inventory.parent / where
        folder.mkdir(parents=True, exist_ok=True)
        make(kind, folder)
    with pytest.raises(ops.InventoryError, match=rf"a-{kind} is a {kind}"):
        job_of("verify", {}, {"inventory": given})


def test_links_and_what_is_missing_are_not_looked_at_further(inventory: Path) -> None:
    (inventory.parent / "group_vars").mkdir()
    (inventory.parent / "group_vars/gone.yml").symlink_to("nowhere")
    os.symlink(inventory, inventory.parent / "again.yml")
    assert job_of("verify", {}, {"inventory": inventory.parent}).inventories == (str(inventory.parent),)
