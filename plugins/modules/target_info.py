#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show releases, backups and the lease of a target."""

from __future__ import annotations

DOCUMENTATION = r"""
module: target_info
short_description: Show releases, backups and the lease of a target
version_added: 0.1.0
description:
  - Releases, backups, the lease and an operation that was cut off, and whether what runs is what the current release
    recorded.
author:
  - The doppelganger.ops engineers (@doppelganger)
extends_documentation_fragment:
  - doppelganger.ops.operation
  - doppelganger.ops.attributes.read_only
"""

EXAMPLES = r"""
- name: Show releases, backups and the lease of a target
  doppelganger.ops.target_info:
    app: "{{ app_model }}"
"""

RETURN = r"""
releases:
  description: The release records, oldest first.
  returned: success
  type: list
  elements: raw
table:
  description: The same as lines of a table.
  returned: success
  type: list
  elements: raw
current:
  description: The current release.
  returned: success
  type: str
drift:
  description: Where what runs is not what the current release recorded. Empty where it is, and where nobody could look.
  returned: success
  type: list
  elements: str
unseen:
  description: Why nobody could look at what runs. Empty where somebody could.
  returned: success
  type: str
backups:
  description: The backups, oldest first.
  returned: success
  type: list
  elements: raw
unreadable:
  description: The releases and backups whose records cannot be read, with the reason of each.
  returned: success
  type: dict
lease:
  description: The lease, if it is held.
  returned: success
  type: dict
interrupted:
  description: The operation that was cut off, if there is one.
  returned: success
  type: dict
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._info import INFO

ENTRY = INFO.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
