#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Migrate the database with the image of a release."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_migrate
short_description: Migrate the database with the image of a release
version_added: 0.1.0
description:
  - Runs the migration command once in a container of the new image and compares the recorded head before and after.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  release:
    description: The id of the release.
    type: str
    required: true
extends_documentation_fragment:
  - doppelganger.ops.operation.phase
  - doppelganger.ops.attributes
"""

EXAMPLES = r"""
- name: Migrate the database with the image of a release
  doppelganger.ops.database_migrate:
    app: "{{ app_model }}"
    token: "{{ ops_start.token }}"
    release: 0002-v0.2.0
"""

RETURN = r"""
moved:
  description: Whether the schema changed; null where that is unknown.
  returned: success
  type: bool
head:
  description: The head afterwards.
  returned: success
  type: str
output:
  description: The last lines of the migration's output.
  returned: success
  type: str
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps._migrate import MIGRATE
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module

ENTRY = MIGRATE.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
