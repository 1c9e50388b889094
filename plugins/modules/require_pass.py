#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The action plugin does the work; this file documents it.
"""End a phase whose checklist did not pass."""

from __future__ import annotations

DOCUMENTATION = r"""
module: require_pass
short_description: End a phase whose checklist did not pass
version_added: 0.1.0
description:
  - Fails, in one sentence, where the verdict of a M(doppelganger.ops.health_check) is not C(pass).
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  result:
    description: What M(doppelganger.ops.health_check) returned.
    type: dict
    required: true
extends_documentation_fragment:
  - doppelganger.ops.attributes.controller
"""

EXAMPLES = r"""
- name: Let nothing pass that failed
  doppelganger.ops.require_pass:
    result: "{{ ops_verify }}"
"""

RETURN = r"""
phase:
  description: The phase that did not pass.
  returned: failure
  type: str
"""
