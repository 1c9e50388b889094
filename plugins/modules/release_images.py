#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Get the images of a release and pin its configuration."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_images
short_description: Get the images of a release and pin its configuration
version_added: 0.1.0
description:
  - Builds the images from a commit or takes them by digest, and writes the release's rendered configuration with every image by its id
    or digest.
  - On a compose host they are kept from being pruned.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  release:
    description: The id of the release.
    type: str
    required: true
  registry_password:
    description: The password of the registry, for a registry with login. Never written down.
    type: str
    default: ""
extends_documentation_fragment:
  - doppelganger.ops.operation.phase
  - doppelganger.ops.attributes
"""

EXAMPLES = r"""
- name: Get the images of a release and pin its configuration
  doppelganger.ops.release_images:
    app: "{{ app_model }}"
    token: "{{ ops_start.token }}"
    release: 0002-v0.2.0
"""

RETURN = r"""
images:
  description: Each service's image with its id and reference.
  returned: success
  type: dict
release:
  description: The release.
  returned: success
  type: str
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps._images import IMAGES
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module

ENTRY = IMAGES.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
