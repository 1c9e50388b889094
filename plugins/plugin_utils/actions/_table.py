# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of the operations on a cluster, by the names of the adapter's entry points."""

from __future__ import annotations

import pkgutil

from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step

#: where each step is. One at a time is loaded: Ansible compiles every file of a collection anew in every process.
STEPS = {
    "apply": "plugin_utils.kubernetes.steps._apply:APPLY",
    "backup": "module_utils.operations._backup:BACKUP",
    "evidence": "module_utils.operations._evidence:EVIDENCE",
    "finish": "module_utils.operations._lifecycle:FINISH",
    "images": "plugin_utils.kubernetes.steps._images:IMAGES",
    "info": "module_utils.operations._info:INFO",
    "integrity": "module_utils.operations._backup:INTEGRITY",
    "lease": "module_utils.operations._info:LEASE",
    "metrics": "plugin_utils.kubernetes.steps._metrics:METRICS",
    "migrate": "plugin_utils.kubernetes.steps._migrate:MIGRATE",
    "observe": "plugin_utils.kubernetes.steps._monitoring_rules:OBSERVE",
    "preflight": "plugin_utils.kubernetes.steps._preflight:PREFLIGHT",
    "prepare": "plugin_utils.kubernetes.steps._preflight:PREPARE",
    "resolve": "module_utils.operations._lifecycle:RESOLVE",
    "restore": "module_utils.operations._backup:RESTORE",
    "start": "module_utils.operations._lifecycle:START",
    "verify": "plugin_utils.kubernetes.steps._verify:VERIFY",
}


def step_of(name: str) -> Step:
    """Load a step."""
    found: Step = pkgutil.resolve_name(f"ansible_collections.doppelganger.ops.plugins.{STEPS[name]}")
    return found
