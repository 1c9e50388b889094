#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List what is missing on a target."""

from __future__ import annotations

DOCUMENTATION = r"""
module: target_requirements
short_description: List what is missing on a target
version_added: 0.1.0
description:
  - On a compose host it looks for the engine, the Compose v2 plugin, the docker SDK of Python and git, and names the packages that bring
    what is missing. It fails where no package of the target's repositories does, and says what to do instead.
  - On a cluster it fails where the login lacks a right; nothing can be installed there.
author:
  - The doppelganger.ops engineers (@doppelganger)
extends_documentation_fragment:
  - doppelganger.ops.operation
  - doppelganger.ops.attributes.read_only
"""

EXAMPLES = r"""
- name: List what is missing on a target
  doppelganger.ops.target_requirements:
    app: "{{ app_model }}"
"""

RETURN = r"""
missing:
  description: What is missing, any of C(engine), C(compose), C(sdk) and C(git).
  returned: always
  type: list
  elements: str
packages:
  description: The packages that bring it.
  returned: success
  type: list
  elements: str
summary:
  description: The same as a sentence.
  returned: success
  type: str
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps._requirements import REQUIREMENTS
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module

ENTRY = REQUIREMENTS.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
