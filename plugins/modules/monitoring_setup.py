#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set monitoring up on a host, or add rules to one that is there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: monitoring_setup
short_description: Set monitoring up on a host, or add rules to what is there
version_added: 0.2.0
description:
  - Writes the files that M(doppelganger.ops.observe_plan) made, starts a compose project of its own where O(project) is given, and has
    Prometheus and Alertmanager read their files again.
  - Files that a server refuses are taken back.
  - Then looks whether the rules are loaded and the targets are up, and fails where they are not.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  app:
    description: The application's name.
    type: str
    required: true
  folder:
    description: The folder on the target.
    type: path
    required: true
  files:
    description: The files, each with C(path), below O(folder), and C(content).
    type: list
    elements: dict
    required: true
  secrets:
    description: Values of which those that O(readers) names become files, readable by the servers alone.
    type: dict
    default: {}
  readers:
    description: The names of the secrets that each part reads. They lie in a folder for that part alone.
    type: dict
    default: {}
  has_key:
    description: Whether Prometheus and the exporter of the host know each other by a key, which is then made on the target.
    type: bool
    default: false
  reload_command:
    description:
      - Without O(project), the command by which Prometheus reads its rules again, as a list of words that no shell reads.
      - Empty means its endpoint C(/-/reload).
    type: list
    elements: str
    default: []
  cache_address:
    description: The address that the secret C(cache_password) is for.
    type: str
    default: ''
  project:
    description: The compose project to start from C(compose.yml). Empty means that nothing is started.
    type: str
    default: ''
  prometheus:
    description: The URL at which the target reaches Prometheus.
    type: str
    required: true
  alertmanager:
    description: The URL at which the target reaches Alertmanager. Empty means that it is left alone.
    type: str
    default: ''
  alerts:
    description: The alerts whose rules must be loaded.
    type: list
    elements: str
    required: true
  jobs:
    description: The jobs whose targets must be up.
    type: list
    elements: str
    default: []
  timeout:
    description: How long it may take until all is loaded and up, in seconds.
    type: float
    default: 60.0
extends_documentation_fragment:
  - doppelganger.ops.attributes
"""

EXAMPLES = r"""
- name: Add the rules of the shop to the Prometheus of this host
  doppelganger.ops.monitoring_setup:
    app: shop
    folder: /etc/prometheus/rules
    files: "{{ observe_plan.files }}"
    prometheus: http://127.0.0.1:9090
    alerts: "{{ observe_plan.alerts }}"
"""

RETURN = r"""
summary:
  description: How it is, in one sentence.
  returned: success
  type: str
  sample: 24 rules are loaded, the targets of shop, node are up.
files:
  description: The files that were written or taken away.
  returned: always
  type: list
  elements: str
services:
  description: The services whose containers were not there as they should be.
  returned: always
  type: list
  elements: str
kind:
  description: C(failed) when it does not work.
  returned: on failure
  type: str
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps._monitoring import ENTRY
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module


def main() -> None:
    """Run as a module."""
    run_module(ENTRY)


if __name__ == "__main__":
    main()
