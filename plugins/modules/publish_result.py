#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The action plugin does the work; this file documents it.
"""Publish the result of an operation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: publish_result
short_description: Publish the result of an operation
version_added: 0.1.0
description:
  - Publishes the results of all hosts as one, with C(set_stats) under the key C(doppelganger_ops), as C(result.schema.json)
    describes it, and shows each host's report.
  - The first host of the play publishes for all.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  operation:
    description: The operation, for example C(deploy).
    type: str
    required: true
extends_documentation_fragment:
  - doppelganger.ops.attributes.controller
"""

EXAMPLES = r"""
- name: Publish the result
  doppelganger.ops.publish_result:
    operation: deploy
  register: result_published
"""

RETURN = r"""
is_red:
  description: Whether this host did not get where it should.
  returned: always
  type: bool
message:
  description: How it ended and what to do next.
  returned: always
  type: str
"""
