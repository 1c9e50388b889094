#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check that the database can be read."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_check
short_description: Check that the database can be read
version_added: 0.1.0
description:
  - Reads every table once, and fails where one cannot be read.
  - Names the indexes and constraints that are not valid. They are no failure, as they were left so on purpose, or by a
    command that was cut off, and nothing of the data depends on them.
author:
  - The doppelganger.ops engineers (@doppelganger)
extends_documentation_fragment:
  - doppelganger.ops.operation
  - doppelganger.ops.attributes.read_only
"""

EXAMPLES = r"""
- name: Check that the database can be read
  doppelganger.ops.database_check:
    app: "{{ app_model }}"
"""

RETURN = r"""
sound:
  description: Whether it is; none where there is no database.
  returned: success
  type: bool
not_valid:
  description: The indexes and constraints that are not valid.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._backup import CHECK

ENTRY = CHECK.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
