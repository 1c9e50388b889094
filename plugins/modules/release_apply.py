#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start a recorded release, or stop the application."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_apply
short_description: Start a recorded release, or stop the application
version_added: 0.1.0
description:
  - Starts the release exactly as it was recorded, by the id or the digest of each image. Only what differs is replaced.
  - Waits by watching; a terminal state, such as an exit or a failed health check, ends the wait at once.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  release:
    description: The id of the release; not needed to stop the application.
    type: str
    default: ""
  state:
    description: C(stopped) stops the services that carry the release, and nothing else.
    type: str
    choices: [running, stopped]
    default: running
  phase:
    description: The name of the phase in the journal, C(apply) when empty.
    type: str
    default: ""
  predicted:
    description: For check mode, services that change besides those that can be seen to.
    type: list
    elements: str
    default: []
  preview:
    description: For check mode, the differences to show of a release that is not recorded, as M(doppelganger.ops.target_preflight) found them.
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - doppelganger.ops.operation.phase
  - doppelganger.ops.attributes
"""

EXAMPLES = r"""
- name: Start a recorded release, or stop the application
  doppelganger.ops.release_apply:
    app: "{{ app_model }}"
    token: "{{ ops_start.token }}"
    release: 0002-v0.2.0
"""

RETURN = r"""
services:
  description: The services that were changed.
  returned: success
  type: list
  elements: raw
started:
  description: When it began, in seconds since 1970.
  returned: success
  type: float
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps._apply import APPLY
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module

ENTRY = APPLY.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
