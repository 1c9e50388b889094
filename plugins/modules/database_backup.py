#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Back the database up."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_backup
short_description: Back the database up
version_added: 0.1.0
description:
  - Dumps the database in custom format, and proves that the dump is not empty and can be read before it counts.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  release:
    description: The release that the backup belongs to.
    type: str
    default: ""
extends_documentation_fragment:
  - doppelganger.ops.operation.phase
  - doppelganger.ops.attributes
"""

EXAMPLES = r"""
- name: Back the database up
  doppelganger.ops.database_backup:
    app: "{{ app_model }}"
    token: "{{ ops_start.token }}"
"""

RETURN = r"""
backup:
  description: The backup's id, size, sha256, number of entries and migration head.
  returned: success
  type: dict
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._backup import BACKUP

ENTRY = BACKUP.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
