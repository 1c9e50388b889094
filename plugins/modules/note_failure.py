#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The action plugin does the work; this file documents it.
"""Note what failed and whether there is anything to undo."""

from __future__ import annotations

DOCUMENTATION = r"""
module: note_failure
short_description: Note what failed and whether there is anything to undo
version_added: 0.1.0
description:
  - Normalizes the result of any failed task, and returns whether this run still holds the lease and has to undo what it did.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  result:
    description: The result of the task that failed, C(ansible_failed_result) in a C(rescue).
    type: dict
    required: true
extends_documentation_fragment:
  - doppelganger.ops.attributes.controller
"""

EXAMPLES = r"""
- name: Note what failed
  doppelganger.ops.note_failure:
    result: "{{ ansible_failed_result }}"
  register: result_failure
"""

RETURN = r"""
failure:
  description: The kind of failure, its phase, what was expected and found, what to do next, and the checks as they were.
  returned: always
  type: dict
undo:
  description: Whether this run has anything to undo.
  returned: always
  type: bool
put_back:
  description: The backup of the data that a restore replaced, empty where none did.
  returned: always
  type: str
bad:
  description: The release that is to be marked bad, empty where none is.
  returned: always
  type: str
"""
