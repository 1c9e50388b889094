"""The collection with a third platform, made as docs/architecture.md says: a folder of Python, a row, a name."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: what a checkout consists of for Ansible
PARTS = ("ansible.cfg", "galaxy.yml", "README.md", "meta", "playbooks", "plugins", "roles", "collections")
#: the only two files of the house that know which platforms there are, what is there and what stands there with the toy
ROWS = {
    "plugins/plugin_utils/actions/_table.py": (
        "PLATFORMS = {",
        'PLATFORMS = {"toy": Platform("module_utils.toy.target._target:ToyTarget", "module_utils.toy.steps", True),',
    ),
    "roles/app/meta/argument_specs.yml": ("choices: [compose, kubernetes]", "choices: [compose, kubernetes, toy]"),
}


def build(folder: Path) -> Path:
    """Copy the house into a folder and add the toy."""
    folder.mkdir()
    for part in PARTS:
        found = ROOT / part
        if found.is_dir():
            shutil.copytree(found, folder / part, symlinks=True)
        else:
            shutil.copy(found, folder / part)
    shutil.copytree(Path(__file__).with_name("platform"), folder / "plugins/module_utils/toy")
    for name, (before, after) in ROWS.items():
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, name
        path.write_text(text.replace(before, after), encoding="utf-8")
    return folder
