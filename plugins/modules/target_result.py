#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The action plugin does the work; this file documents it.
"""Make the result of one target."""

from __future__ import annotations

DOCUMENTATION = r"""
module: target_result
short_description: Make the result of one target
version_added: 0.1.0
description:
  - Makes one result out of what the steps of an operation registered on this host, in whichever way it ended.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  operation:
    description: The operation, for example C(deploy). C(return) is going back because another host of the fleet failed.
    type: str
    required: true
extends_documentation_fragment:
  - doppelganger.ops.attributes.controller
"""

EXAMPLES = r"""
- name: Say how it ended on this target
  doppelganger.ops.target_result:
    operation: deploy
  register: result_target
"""

RETURN = r"""
target:
  description: The result, as C(result.schema.json) describes it under C(targets).
  returned: always
  type: dict
"""
