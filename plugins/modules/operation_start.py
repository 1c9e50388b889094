#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take the lease of a target and record the intent."""

from __future__ import annotations

DOCUMENTATION = r"""
module: operation_start
short_description: Take the lease of a target and record the intent
version_added: 0.1.0
description:
  - Takes the lease, closes what an interrupted operation left open and records what is about to be done, in this order.
  - A holder that gives signs of life is not waited for; a dead one is outlived, at most C(app_lease_wait) seconds.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  operation:
    description: What is about to be done, for example C(deploy).
    type: str
    required: true
  subject:
    description: To what, for people.
    type: str
    default: ""
  release:
    description: The id of the release that is meant, where it exists already.
    type: str
    default: ""
  wanted:
    description: The release that is to be made, as RV(doppelganger.ops.target_preflight#module:wanted) says.
    type: dict
    default: {}
  expected_current:
    description: The release that the plan was made for. Where another one runs by now, the operation is refused.
    type: str
  operator:
    description: Who does it.
    type: str
    required: true
  reason:
    description: Why it is done.
    type: str
    default: ""
extends_documentation_fragment:
  - doppelganger.ops.operation
  - doppelganger.ops.attributes
"""

EXAMPLES = r"""
- name: Take the lease of a target and record the intent
  doppelganger.ops.operation_start:
    app: "{{ app_model }}"
    operation: backup
    operator: "{{ app_model.operator }}"
"""

RETURN = r"""
token:
  description: The fencing token.
  returned: success
  type: int
release:
  description: The id of the release.
  returned: success
  type: str
previous:
  description: The release that ran before.
  returned: success
  type: str
makes_release:
  description: Whether the operation makes a new release.
  returned: success
  type: bool
previous_services:
  description: Its services.
  returned: success
  type: list
  elements: str
interrupted:
  description: The operation that was cut off and is to be undone first.
  returned: success
  type: dict
since:
  description: When the operation began, in seconds since 1970.
  returned: success
  type: float
lease:
  description: The lease of the other holder.
  returned: when it is held
  type: dict
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._lifecycle import START

ENTRY = START.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
