# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several inventories in one run: Ansible merges them, and variables of the last one count for the hosts of all.

With an application in each, every host would be taken for one of the last.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ansible.inventory.manager import IGNORED, InventoryManager
from ansible.vars.manager import VariableManager

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused

_PLUGIN = re.compile(rb"^plugin\s*:", re.MULTILINE)


def refuse_mixed(loader: Any, sources: Sequence[str], host: str) -> None:
    """Refuse inventories that make another application of a host than the file does that it comes from."""
    files = [file for source in sources for file in _files(source)]
    if len(files) < 2:
        return
    together = _app_name(loader, files, host)
    for file in files:
        alone = _app_name(loader, [file], host)
        if alone not in (None, together):
            raise Refused(
                f"app_name of {host} is {alone!r} by {file}, and {together!r} once all inventories of this run are "
                "merged: variables of the last one count for every host.",
                hint="Give one inventory (-i) for each application, in runs of their own.",
            )


def _files(source: str) -> Iterator[str]:
    """The files of a source that are read as they are; what asks somebody else is not asked once more."""
    if os.path.isdir(source):
        for name in sorted(os.listdir(source)):
            if not IGNORED.search(os.fsencode(name)):
                yield from _files(os.path.join(source, name))
    elif os.path.isfile(source):
        with open(source, "rb") as stream:
            content = stream.read()
        if not content.startswith(b"#!") and not _PLUGIN.search(content):
            yield source


def _app_name(loader: Any, files: Sequence[str], host: str) -> Any:
    """The name of a host's application as these files have it; None where they do not say."""
    inventory = InventoryManager(loader=loader, sources=list(files), cache=False)
    found = inventory.hosts.get(host)
    if found is None:
        return None
    variables = VariableManager(loader=loader, inventory=inventory).get_vars(host=found, include_hostvars=False)
    return variables.get("app_name")
