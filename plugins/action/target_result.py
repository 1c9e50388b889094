# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes the result of one target out of what its steps registered."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _result


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """The action ``target_result``."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return ``target``."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        operation = self._task.args["operation"]
        gate = variables.get("result_gate") or {"proceed": True}
        if not gate["proceed"]:
            return {**result, "target": _result.skipped(operation, f"Skipped: {gate['reason']}.")}
        failure = (variables.get("result_failure") or {}).get("failure")
        steps = _result.steps_from(variables, bool(self._task.check_mode))
        target = _result.target_result(operation, steps, failure)
        if operation == "return":
            before = (variables.get("result_target") or {}).get("target") or {}
            why = str((variables.get("rollback_fleet") or {}).get("reason"))
            target = _result.returned(target, before, why)
        return {**result, "target": target}
