# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The step that measures the metrics of an application in a namespace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.gates._measure import MEASURING, measure
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._verify import what_ought_to_run
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._target import APP_SPEC

from ..target._target import KubeTarget


def metrics(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Measure, and judge."""
    del check_mode
    looking = {**params, "redact_env_files": target.app.env_paths, **what_ought_to_run(target.store, params)}
    return measure(looking, target.project, target.redactor)


METRICS = Step(spec={**APP_SPEC, **MEASURING}, run=metrics)
