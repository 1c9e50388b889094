# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of the operations on a cluster, by the names of the adapter's entry points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils import _backup, _evidence, _inspect, _lifecycle
from ansible_collections.doppelganger.ops.plugins.module_utils._check_gate import Held, gate, what_ought_to_run
from ansible_collections.doppelganger.ops.plugins.module_utils._entry import Step
from ansible_collections.doppelganger.ops.plugins.module_utils._metric_gate import Gates
from ansible_collections.doppelganger.ops.plugins.module_utils._metric_task import MEASURING, measure
from ansible_collections.doppelganger.ops.plugins.module_utils._target import APP_SPEC
from ansible_collections.doppelganger.ops.plugins.plugin_utils import (
    _kube_bringup,
    _kube_migration,
    _kube_observe,
    _kube_preflight,
    _kube_release_images,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_target import KubeTarget


def verify(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Go through the checklist; with a token, as a phase of the operation that holds the lease."""
    looking = {
        **params,
        "checks": target.app.checks,
        "must_pass": False,
        **what_ought_to_run(target.store, params),
    }
    held = None
    if params["token"] and not check_mode:
        gates = Gates(params["gates"], target.app.metric_sources, params["metric_token"])
        phase = params["phase"] or "verify"
        held = Held(target.store, params["token"], target.app.lease_ttl, phase, params["soak"], gates)
    return gate(looking, target.project, target.redactor, held)


def metrics(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Measure, and judge."""
    del check_mode
    looking = {**params, **what_ought_to_run(target.store, params)}
    return measure(looking, target.project, target.redactor)


def prepare(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Say what the cluster is, and refuse it where a right is missing: nothing can be installed into it from here."""
    del params, check_mode
    _kube_preflight.refuse_missing_rights(target, [])
    return {"changed": False, "cluster": target.cluster.version(), "namespace": target.cluster.namespace}


VERIFY = Step(
    spec={
        **APP_SPEC,
        "services": {"type": "list", "elements": "str", "default": []},
        "since": {"type": "float", "default": 0.0},
        "token": {"type": "int", "default": 0, "no_log": False},
        "phase": {"type": "str", "default": ""},
        "soak": {"type": "float", "default": 0.0},
        "gates": {"type": "list", "elements": "dict", "default": []},
        "metric_token": {"type": "str", "default": "", "no_log": True},
    },
    run=verify,
)
STEPS: dict[str, Step] = {
    "apply": _kube_bringup.APPLY,
    "backup": _backup.BACKUP,
    "evidence": _evidence.EVIDENCE,
    "finish": _lifecycle.FINISH,
    "images": _kube_release_images.IMAGES,
    "info": _inspect.INFO,
    "integrity": _backup.INTEGRITY,
    "lease": _inspect.LEASE,
    "metrics": Step(spec={**APP_SPEC, **MEASURING}, run=metrics),
    "migrate": _kube_migration.MIGRATE,
    "observe": _kube_observe.OBSERVE,
    "preflight": _kube_preflight.PREFLIGHT,
    "prepare": Step(spec=APP_SPEC, run=prepare),
    "resolve": _lifecycle.RESOLVE,
    "restore": _backup.RESTORE,
    "start": _lifecycle.START,
    "verify": VERIFY,
}
