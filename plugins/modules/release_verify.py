#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the health checks of an application."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_verify
short_description: Run the health checks of an application
version_added: 0.2.0
description:
  - Runs the checks of the application model, and fails unless all required ones pass.
  - With O(token) it is a phase of the operation that holds the lease, which is renewed until it ends, and O(soak) adds a second phase in which
    the checks must go on passing and the O(gates) must hold.
  - Where neither O(services) nor O(since) is given, they are those of the current release.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  release:
    description: The release that is verified. One that was found and not made is held to its containers alone.
    type: str
    default: ""
  services:
    description: The services that must run.
    type: list
    elements: str
    default: []
  since:
    description: From when on logs are read and restarts are counted, in seconds since 1970.
    type: float
    default: 0.0
  token:
    description: The fencing token of the lease, as M(doppelganger.ops.operation_start) returns it. 0 for a look that belongs to no operation.
    type: int
    default: 0
  phase:
    description: The name of the phase in the journal, C(verify) when empty.
    type: str
    default: ""
  soak:
    description: How long the checks must go on passing once they have passed, in seconds. 0 leaves the soak out.
    type: float
    default: 0.0
  gates:
    description: Metrics that must hold during the soak, as O(doppelganger.ops.metric_check#module:gates), each with C(entry), its metric.
    type: list
    elements: dict
    default: []
  metric_token:
    description: A bearer token for Prometheus.
    type: str
    default: ""
extends_documentation_fragment:
  - doppelganger.ops.operation
  - doppelganger.ops.attributes.read_only
"""

EXAMPLES = r"""
- name: Run the health checks
  doppelganger.ops.release_verify:
    app: "{{ app_model }}"
  register: ops_verify
"""

RETURN = r"""
# generated: returned_checks
verdict:
  description: C(pass), C(fail), C(error) or C(inconclusive).
  returned: when the checklist could be read
  type: str
  sample: fail
checklist:
  description: >-
    A line for each check. C([x]) passed, C([ ]) failed, C([!]) could not look, C([?]) not decided, C([-]) skipped.
  returned: when the checklist could be read
  type: str
  sample: |-
    [x] Containers running and healthy    0.02 s
    [ ] API answers                      29.51 s  answered 503, expected 200 (last of 60 attempts in 29.5 s)
summary:
  description: The outcome in one sentence.
  returned: when the checklist could be read
  type: str
  sample: 7 of 7 required checks passed.
checks:
  description: The verdict on each check, in the order of the checklist.
  returned: when the checklist could be read
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    kind:
      description: Its kind.
      type: str
    severity:
      description: C(required) or C(advisory).
      type: str
    state:
      description: C(pass), C(fail), C(inconclusive), C(error) or C(skipped).
      type: str
    reason:
      description: Why.
      type: str
    latency_ms:
      description: How long the last attempt took.
      type: float
    attempts:
      description: How many attempts were made.
      type: int
    elapsed_s:
      description: How long it took until the verdict.
      type: float
    observed:
      description: What the last attempt saw, different for each kind.
      type: dict
release:
  description: The id of the current release, where it was looked up.
  returned: when the checklist could be read
  type: str
kind:
  description: C(failed) when the checks do not pass, C(refused) when the checklist cannot be read.
  returned: on failure
  type: str
# end of returned_checks
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._verify import VERIFY

ENTRY = VERIFY.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
