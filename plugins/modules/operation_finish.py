#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Record the outcome of an operation and release the lease."""

from __future__ import annotations

DOCUMENTATION = r"""
module: operation_finish
short_description: Record the outcome of an operation and release the lease
version_added: 0.1.0
description:
  - Writes the outcome into the release records, prunes after a success, closes the journal and gives the lease back, in this order.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  outcome:
    description: Whether the operation did what it should.
    type: str
    choices: [ok, failed]
    default: ok
  release:
    description: The release that the operation was about.
    type: str
    default: ""
  good:
    description: The release that was seen to work.
    type: str
    default: ""
  bad:
    description: The release that must not be returned to.
    type: str
    default: ""
  left:
    description: The release that a rollback left. Nothing returns to it by itself, but people may.
    type: str
    default: ""
  activate:
    description: The release that runs from now on.
    type: str
    default: ""
  why:
    description: Why O(bad) is bad, or O(left) was left.
    type: str
    default: ""
  gates:
    description: The results of the checks.
    type: list
    elements: dict
    default: []
  evidence:
    description: Where the evidence is.
    type: str
    default: ""
extends_documentation_fragment:
  - doppelganger.ops.operation.phase
  - doppelganger.ops.attributes
"""

EXAMPLES = r"""
- name: Record the outcome of an operation and release the lease
  doppelganger.ops.operation_finish:
    app: "{{ app_model }}"
    token: "{{ ops_start.token }}"
    good: 0002-v0.2.0
    activate: 0002-v0.2.0
"""

RETURN = r"""
phases:
  description: The phases with their durations.
  returned: success
  type: list
  elements: raw
current:
  description: The current release.
  returned: success
  type: str
pruned:
  description: What was removed (RV(pruned.releases), RV(pruned.backups)), and what could not be (RV(pruned.left)).
  returned: success
  type: dict
  contains:
    releases:
      description: The releases that were removed.
      returned: success
      type: list
      elements: str
    backups:
      description: The backups that were removed.
      returned: success
      type: list
      elements: str
    left:
      description: What could not be removed, with the reason of each.
      returned: success
      type: list
      elements: str
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._lifecycle import FINISH

ENTRY = FINISH.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
