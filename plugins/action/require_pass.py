# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ends a phase whose checklist did not pass, in one sentence; the checks stay with the result of the look."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """The action ``require_pass``."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fail where the verdict is not ``pass``."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        looked = self._task.args["result"]
        if looked["verdict"] == "pass":
            return result
        phase = looked.get("phase") or "verify"
        hint = looked.get("hint") or ""
        return {**result, "failed": True, "msg": looked["summary"], "kind": "failed", "phase": phase, "hint": hint}
