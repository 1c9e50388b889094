#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collect evidence of a release that failed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: evidence_collect
short_description: Collect evidence of a release that failed
version_added: 0.1.0
description:
  - Bundles logs, states, resource use and the journal, without secrets, where the target keeps its state. A collector that fails never
    fails the bundle.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  release:
    description: The id of the release.
    type: str
    required: true
  since:
    description: When the operation began, in seconds since 1970; older log lines are left out.
    type: float
    default: 0.0
  failure:
    description: What failed.
    type: dict
    default: {}
extends_documentation_fragment:
  - doppelganger.ops.operation.phase
  - doppelganger.ops.attributes
"""

EXAMPLES = r"""
- name: Collect evidence of a release that failed
  doppelganger.ops.evidence_collect:
    app: "{{ app_model }}"
    token: "{{ ops_start.token }}"
    release: 0002-v0.2.0
"""

RETURN = r"""
path:
  description: The folder.
  returned: success
  type: str
files:
  description: What became of each collector.
  returned: success
  type: dict
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._evidence import EVIDENCE

ENTRY = EVIDENCE.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
