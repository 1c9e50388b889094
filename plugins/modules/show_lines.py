#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The action plugin does the work; this file documents it.
"""Show lines as they are."""

from __future__ import annotations

DOCUMENTATION = r"""
module: show_lines
short_description: Show lines as they are
version_added: 0.1.0
description:
  - Prints lines one below the other, so that a table stays a table under any output callback.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  lines:
    description: The lines.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - doppelganger.ops.attributes.controller
"""

EXAMPLES = r"""
- name: Show the table of releases
  doppelganger.ops.show_lines:
    lines: "{{ ops_info.table }}"
"""

RETURN = r"""
{}
"""
