# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One step of an operation on a cluster, in the controller's process: a cluster is reached from there."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import outcome
from ansible_collections.doppelganger.ops.plugins.module_utils.core._lifeline import end_with_parent
from ansible_collections.doppelganger.ops.plugins.module_utils.core._progress import told_to
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._table import STEPS, step_of
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._target import KubeTarget
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen._listener import listener

#: what every step takes
COMMON: dict[str, Any] = {
    "step": {"type": "str", "required": True, "choices": sorted(STEPS)},
    "cluster_token": {"type": "str", "default": "", "no_log": True},
    "registry_password": {"type": "str", "default": "", "no_log": True},
}


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """The action ``kubernetes_step``."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the result of the step."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        name = str(self._task.args.get("step"))
        step = step_of(name) if name in STEPS else None
        validator = ArgumentSpecValidator({**COMMON, **(step.spec if step else {})})
        checked = validator.validate(self._task.args)
        if step is None or checked.error_messages:
            return {**result, "failed": True, "kind": "refused", "msg": "; ".join(checked.error_messages)}
        end_with_parent()
        with told_to(listener(task_vars)):
            found = outcome(lambda: _done(step, checked.validated_parameters, bool(self._task.check_mode)))
        cleaned: dict[str, Any] = remove_values(found, checked._no_log_values)
        return {**result, **cleaned}


def _done(step: Any, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    target = KubeTarget.of(params)
    with target.project:
        found: dict[str, Any] = step.run(target, params, check_mode)
        return found
