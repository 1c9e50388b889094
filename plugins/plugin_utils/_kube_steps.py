# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of the operations on a cluster, by the names of the adapter's entry points."""

from __future__ import annotations

import pkgutil

from ansible_collections.doppelganger.ops.plugins.module_utils._entry import Step

#: where each step is. One at a time is loaded: Ansible compiles every file of a collection anew in every process.
STEPS = {
    "apply": "plugin_utils._kube_bringup:APPLY",
    "backup": "module_utils._backup:BACKUP",
    "evidence": "module_utils._evidence:EVIDENCE",
    "finish": "module_utils._lifecycle:FINISH",
    "images": "plugin_utils._kube_release_images:IMAGES",
    "info": "module_utils._inspect:INFO",
    "integrity": "module_utils._backup:INTEGRITY",
    "lease": "module_utils._inspect:LEASE",
    "metrics": "plugin_utils._kube_metrics:METRICS",
    "migrate": "plugin_utils._kube_migration:MIGRATE",
    "preflight": "plugin_utils._kube_preflight:PREFLIGHT",
    "prepare": "plugin_utils._kube_preflight:PREPARE",
    "resolve": "module_utils._lifecycle:RESOLVE",
    "restore": "module_utils._backup:RESTORE",
    "start": "module_utils._lifecycle:START",
    "verify": "plugin_utils._kube_verify:VERIFY",
}


def step_of(name: str) -> Step:
    """Load a step."""
    found: Step = pkgutil.resolve_name(f"ansible_collections.doppelganger.ops.plugins.{STEPS[name]}")
    return found
