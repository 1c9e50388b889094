#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The action plugin does the work; this file documents it.
"""Read the application model and the caller's inputs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: app_model
short_description: Read the application model and the caller's inputs
version_added: 0.1.0
description:
  - Reads the variables C(app_*) of the role P(doppelganger.ops.app#role) out of the inventory, checks each and all of them together, and
    names what is mistyped.
  - Reads the caller's inputs as text. They are never templated, and refused where they do not fit.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  inputs:
    description:
      - "The names of the inputs that the operation takes: C(version), C(release), C(reason), C(backup), C(confirm)."
      - A C(!) behind a name says that it must be given.
    type: list
    elements: str
    default: []
  metrics:
    description: Whether the whole catalogue of metrics is returned as RV(catalogue).
    type: bool
    default: false
extends_documentation_fragment:
  - doppelganger.ops.attributes.controller
"""

EXAMPLES = r"""
- name: Read the application model and the version to deploy
  doppelganger.ops.app_model:
    inputs: [version!, reason]
  register: app_model
"""

RETURN = r"""
name:
  description: The name of the application. Each other field of the model is returned like it, named as its variable without C(app_).
  returned: success
  type: str
env_paths:
  description: The env files with their full paths.
  returned: success
  type: list
  elements: str
metric_gates:
  description: The gates of O(metrics) that the inventory names, each with C(entry), the metric that it is about.
  returned: success
  type: list
  elements: dict
catalogue:
  description: The metrics of the application as P(doppelganger.ops.metric_check#module) takes them.
  returned: with O(metrics)
  type: list
  elements: dict
inputs:
  description: The caller's inputs by name.
  returned: success
  type: dict
operator:
  description: Who runs this, as C(user@controller).
  returned: success
  type: str
about:
  description: What the run is about, with C(application), C(environment), C(operator) and C(reason); what is not known is empty.
  returned: always
  type: dict
title:
  description: The same on one line.
  returned: success
  type: str
reason:
  description: Where it failed, why, as a code of docs/reasons.md.
  returned: failure
  type: str
kind:
  description: C(refused).
  returned: failure
  type: str
"""
