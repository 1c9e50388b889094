#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the release to roll back to."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_resolve
short_description: Find the release to roll back to
version_added: 0.1.0
description:
  - Finds a release by its id, its version, as C(last good) or as C(previous).
  - Refuses one that is bad or whose image is gone, naming those that can be chosen.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  release:
    description: An id, a version, C(last good), or C(previous) for the one that ran before the current one.
    type: str
    required: true
  registry_password:
    description: The password of the registry, for a registry with login. Never written down.
    type: str
    default: ""
extends_documentation_fragment:
  - doppelganger.ops.operation
  - doppelganger.ops.attributes.read_only
"""

EXAMPLES = r"""
- name: Find the release to roll back to
  doppelganger.ops.release_resolve:
    app: "{{ app_model }}"
    release: last good
"""

RETURN = r"""
release:
  description: The id.
  returned: success
  type: str
version:
  description: The version.
  returned: success
  type: str
needed:
  description: Whether a rollback to it would change anything.
  returned: success
  type: bool
reasons:
  description: Why it would.
  returned: success
  type: list
  elements: raw
services:
  description: The services of the release.
  returned: success
  type: list
  elements: raw
current:
  description: The current release.
  returned: success
  type: str
leaves:
  description: The release that a rollback would leave.
  returned: success
  type: str
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._lifecycle import RESOLVE

ENTRY = RESOLVE.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
