#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restore the database from a backup."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_restore
short_description: Restore the database from a backup
version_added: 0.1.0
description:
  - Checks the dump against its recorded sum, restores it into a database beside the real one, checks it, and swaps the two names in one transaction.
  - The application must be stopped and the database must run.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  backup:
    description: The id of the backup.
    type: str
    required: true
extends_documentation_fragment:
  - doppelganger.ops.operation.phase
  - doppelganger.ops.attributes
"""

EXAMPLES = r"""
- name: Restore the database from a backup
  doppelganger.ops.database_restore:
    app: "{{ app_model }}"
    token: "{{ ops_start.token }}"
    backup: 20261123T204105Z-0002-v0.2.0
"""

RETURN = r"""
backup:
  description: The backup's record.
  returned: success
  type: dict
migration_head:
  description: The migration head after the restore.
  returned: success
  type: str
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._backup import RESTORE

ENTRY = RESTORE.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
