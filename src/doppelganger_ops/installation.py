"""Where the playbooks are: beside the installed package, or in the checkout that the package is part of."""

from __future__ import annotations

import functools
import importlib
import sys
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

from doppelganger_ops.errors import AnsibleMissing

COLLECTION = Path("ansible_collections/doppelganger/ops")


@dataclass(frozen=True)
class Installation:
    """The folder that holds ``ansible_collections``, and Ansible's settings."""

    collections: Path
    config: Path

    def playbook(self, verb: str) -> Path:
        """The playbook of a verb."""
        path = self.collections / COLLECTION / "playbooks" / f"{verb}.yml"
        if not path.is_file():
            raise AnsibleMissing(
                f"The playbook {verb} was expected at {path} and is not there.",
                hint="Install the package doppelganger-ops again; a checkout needs its symbolic links.",
            )
        return path


@functools.cache
def find() -> Installation:
    """The installation that this package belongs to."""
    package = Path(__file__).resolve().parent
    checkout = package.parents[1]
    if (checkout / "collections" / COLLECTION).is_dir() and (checkout / "ansible.cfg").is_file():
        return Installation(checkout / "collections", checkout / "ansible.cfg")
    if (package.parent / COLLECTION).is_dir():
        return Installation(package.parent, package / "ansible.cfg")
    raise AnsibleMissing(
        f"The playbooks were expected in {package.parent / COLLECTION} and are not there.",
        hint="Install the package doppelganger-ops again.",
    )


def require_ansible() -> None:
    """Raise where Ansible cannot be imported by the interpreter that runs this."""
    missing = [name for name in ("ansible", "ansible_runner") if util.find_spec(name) is None]
    if missing:
        raise AnsibleMissing(
            f"{' and '.join(missing)} cannot be imported by {sys.executable or 'this interpreter'}.",
            hint="Install the package doppelganger-ops into the same environment: it brings both along.",
        )


def plugin_utils(name: str) -> Any:
    """A module of the collection that needs nothing of Ansible, for example ``_lines``."""
    return _of_collection("plugin_utils", name)


def module_utils(name: str) -> Any:
    """The same, of those that targets have as well, for example ``_releases``."""
    return _of_collection("module_utils", name)


def _of_collection(folder: str, name: str) -> Any:
    path = str(find().collections)
    if path not in sys.path:
        sys.path.append(path)
    return importlib.import_module(f"ansible_collections.doppelganger.ops.plugins.{folder}.{name}")
