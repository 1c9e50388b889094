"""Files that Ansible reads: a pipe among them, a device or a socket, would be waited for, or have no end."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from doppelganger_ops import installation

#: entries of the folders of an inventory that are looked at
MOST = 10_000
_BESIDE = ("group_vars", "host_vars")


def special(path: str, *, may_be_folder: bool = False) -> str:
    """What a path is that is no plain file, in words; empty where it is one, or is not there."""
    try:
        mode = os.stat(path).st_mode
    except OSError:  # whoever opens it says it better
        return ""
    if may_be_folder and stat.S_ISDIR(mode):
        return ""
    return str(installation.module_utils("core._files").special(mode))


def special_in_inventory(path: str) -> tuple[str, str] | None:
    """The first file of an inventory that is no plain one, with what it is; None where all are."""
    found = special(path, may_be_folder=True)
    if found:
        return path, found
    for entry in itertools.islice(_below(path), MOST):
        found = special(entry, may_be_folder=True)
        if found:
            return entry, found
    return None


def _below(path: str) -> Iterator[str]:
    """What Ansible finds in an inventory, or in the folders of variables beside a file."""
    tops = [path] if os.path.isdir(path) else [str(Path(path).parent / name) for name in _BESIDE]
    for top in tops:
        for folder, _, files in os.walk(top):
            yield from (os.path.join(folder, name) for name in files)
