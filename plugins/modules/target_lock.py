#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set a maintenance lock or break a lease."""

from __future__ import annotations

DOCUMENTATION = r"""
module: target_lock
short_description: Set a maintenance lock or break a lease
version_added: 0.1.0
description:
  - A maintenance lock has no expiry and is never stolen. Taking a lease away is written into the audit trail.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  state:
    description: C(present) sets a maintenance lock, C(absent) removes any lease.
    type: str
    choices: [present, absent]
    default: present
  operator:
    description: Who does it.
    type: str
    required: true
  reason:
    description: Why. Must not be empty.
    type: str
    default: ""
extends_documentation_fragment:
  - doppelganger.ops.operation
  - doppelganger.ops.attributes
"""

EXAMPLES = r"""
- name: Set a maintenance lock or break a lease
  doppelganger.ops.target_lock:
    app: "{{ app_model }}"
    state: absent
    operator: "{{ app_model.operator }}"
    reason: its run was killed with the machine
"""

RETURN = r"""
lease:
  description: The lease that was set.
  returned: with O(state=present)
  type: dict
sentence:
  description: What became of it, for people.
  returned: success
  type: str
was:
  description: The lease that was removed.
  returned: with O(state=absent)
  type: dict
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._info import LOCK

ENTRY = LOCK.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
