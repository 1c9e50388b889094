#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The action plugin does the work; this file documents it.
"""Decide from the other hosts whether this one goes on or back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_gate
short_description: Decide from the other hosts whether this one goes on or back
version_added: 0.1.0
description:
  - Reads the results of all hosts of the play so far, as M(doppelganger.ops.target_result) made them.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  question:
    description: C(proceed) asks whether this host may be changed, C(return) whether it must go back to what it had.
    type: str
    choices: [proceed, return]
    required: true
extends_documentation_fragment:
  - doppelganger.ops.attributes.controller
"""

EXAMPLES = r"""
- name: Leave the other hosts alone once one has failed
  doppelganger.ops.fleet_gate:
    question: proceed
  register: result_gate
"""

RETURN = r"""
proceed:
  description: Whether the answer is yes.
  returned: always
  type: bool
reason:
  description: Which hosts failed, in words.
  returned: always
  type: str
release:
  description: The release to go back to, empty where there was none.
  returned: with O(question=return)
  type: str
"""
