#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The action plugin does the work; this file documents it.
"""Work out what monitoring consists of."""

from __future__ import annotations

DOCUMENTATION = r"""
module: monitoring_plan
short_description: Plan the monitoring of an application
version_added: 0.2.0
description:
  - Makes alert rules, routes, dashboards and all that a monitoring of its own needs from the catalogue of metrics, as files.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  app:
    description: The application model, as M(doppelganger.ops.app_model) returns it.
    type: dict
    required: true
  settings:
    description: The variables of the role C(observe), without their prefix.
    type: dict
    required: true
  secrets:
    description: The secrets, of which only is asked which there are.
    type: dict
    default: {}
extends_documentation_fragment:
  - doppelganger.ops.attributes.controller
"""

EXAMPLES = r"""
- name: Work out what monitoring consists of
  doppelganger.ops.monitoring_plan:
    app: "{{ app_model }}"
    settings: "{{ observe_settings }}"
  register: observe_plan
"""

RETURN = r"""
folder:
  description: The folder on the target.
  returned: success
  type: str
files:
  description: The files, each with C(path) and C(content).
  returned: success
  type: list
  elements: dict
alerts:
  description: The alerts whose rules must be loaded.
  returned: success
  type: list
  elements: str
jobs:
  description: The jobs whose targets must be up.
  returned: success
  type: list
  elements: str
groups:
  description: The groups of rules.
  returned: success
  type: list
  elements: dict
"""
