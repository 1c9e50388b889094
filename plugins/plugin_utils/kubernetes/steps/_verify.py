# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Going through the checklist of an application on a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.gates._metric_gates import Gates
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._verify import Held, gate, what_ought_to_run
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._target import APP_SPEC

from ..target._target import KubeTarget


def verify(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Go through the checklist; with a token, as a phase of the operation that holds the lease."""
    looking = {
        **params,
        "checks": target.app.checks,
        "must_pass": False,
        "redact_env_files": target.app.env_paths,
        **what_ought_to_run(target.store, params),
    }
    held = None
    if params["token"] and not check_mode:
        gates = Gates(params["gates"], target.app.metric_sources, params["metric_token"])
        phase = params["phase"] or "verify"
        held = Held(target.store, params["token"], target.app.lease_ttl, phase, params["soak"], gates)
    return gate(looking, target.project, target.redactor, held)


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
