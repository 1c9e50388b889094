#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set up monitoring, or add rules to an existing one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: monitoring_apply
short_description: Set up monitoring, or add rules to an existing one
version_added: 0.2.0
description:
  - On a compose host it writes the files of the plan, starts a compose project of its own where the plan has one, and has Prometheus and
    Alertmanager read their files again. Files that a server refuses are taken back.
  - On a cluster it applies the objects of the stack, or the rules alone as a PrometheusRule.
  - Then it looks whether the rules are loaded and the targets are up, and fails where they are not.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  plan:
    description: What monitoring consists of, as M(doppelganger.ops.monitoring_plan) returns it.
    type: dict
    required: true
  labels:
    description: The labels of the object with rules on a cluster, by which the operator chooses them.
    type: dict
    default: {}
  secrets:
    description: Secrets for the parts that need them. They become files or Secrets that the part alone may read.
    type: dict
    default: {}
  timeout:
    description: How long it may take until all is loaded and up, in seconds.
    type: float
    default: 60.0
extends_documentation_fragment:
  - doppelganger.ops.operation
  - doppelganger.ops.attributes
"""

EXAMPLES = r"""
- name: Set the monitoring of the shop up
  doppelganger.ops.monitoring_apply:
    app: "{{ app_model }}"
    plan: "{{ observe_plan }}"
"""

RETURN = r"""
summary:
  description: How it is, in one sentence.
  returned: success
  type: str
  sample: 24 rules are loaded, the targets of shop, node are up.
files:
  description: The files that were written or removed.
  returned: always
  type: list
  elements: str
services:
  description: The services whose containers were not there as they should be.
  returned: always
  type: list
  elements: str
reason:
  description: Where it failed, why, as a code of docs/reasons.md.
  returned: failure
  type: str
kind:
  description: C(failed) when it does not work.
  returned: on failure
  type: str
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps._monitoring import MONITORING
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module

ENTRY = MONITORING.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
