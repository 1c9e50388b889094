"""Files that Ansible reads: a pipe among them, a device or a socket, would be waited for, or have no end."""

from __future__ import annotations

import os
import stat

from doppelganger_ops import installation


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
    for entry in installation.plugin_utils("inputs._mistakes").below(path):
        found = special(entry, may_be_folder=True)
        if found:
            return entry, found
    return None
