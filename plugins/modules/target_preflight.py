#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check a target before anything is changed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: target_preflight
short_description: Check a target before anything is changed
version_added: 0.1.0
description:
  - On a compose host it checks the engine, Compose, the disks, the env files, the source and the version; on a cluster at the
    namespace, the rights of the login, the source and the version. It refuses the first that does not meet the requirements.
  - With O(version) it also says whether a deployment would change anything, and why.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  version:
    description: The version that is to be deployed, a tag, branch, commit or digest. Empty where nothing is to be deployed.
    type: str
    default: ""
  backup:
    description: The backup that is to be restored, checked against its recorded sum. Empty where none is.
    type: str
    default: ""
  registry_password:
    description: The password of the registry, for a registry with login. Never written down.
    type: str
    default: ""
extends_documentation_fragment:
  - doppelganger.ops.operation
  - doppelganger.ops.attributes.read_only
"""

EXAMPLES = r"""
- name: Check a target before anything is changed
  doppelganger.ops.target_preflight:
    app: "{{ app_model }}"
    version: v0.2.0
"""

RETURN = r"""
needed:
  description: Whether a deployment would change anything.
  returned: always
  type: bool
reasons:
  description: Why it would, in sentences.
  returned: always
  type: list
  elements: raw
wanted:
  description: The version with its commit or digests and the digests of its configuration.
  returned: with O(version)
  type: dict
current:
  description: The id of the current release.
  returned: always
  type: str
last_good:
  description: The id of the release to return to.
  returned: always
  type: str
interrupted:
  description: The operation that was cut off, if there is one.
  returned: always
  type: dict
lease:
  description: Who holds the lease, in words.
  returned: always
  type: str
services:
  description: The services of the version, without one those of the current release.
  returned: always
  type: list
  elements: raw
recreates:
  description: In check mode, the services whose containers or pods a real run replaces.
  returned: always
  type: list
  elements: raw
since:
  description: When the current release was activated, in seconds since 1970.
  returned: always
  type: float
preview:
  description: In check mode, the differences to show of the release that is not recorded yet.
  returned: with O(version)
  type: list
  elements: dict
data:
  description: In check mode on a compose host, the paths of the checkout that containers mount and git does not know, each with the
    place on the host that is mounted for it.
  returned: with O(version)
  type: dict
unset:
  description: On a compose host, the variables of the compose files that are not set. Compose takes them for empty.
  returned: with O(version), where there are some
  type: list
  elements: str
host:
  description: The versions of what the target runs on.
  returned: always
  type: dict
seconds:
  description: How long it took.
  returned: always
  type: float
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps._preflight import PREFLIGHT
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module

ENTRY = PREFLIGHT.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
