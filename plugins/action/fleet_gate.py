# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the other hosts of the play mean for this one."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.plugin_utils.results._fleet import (
    failed_hosts,
    lost_hosts,
    target_results,
)


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """The action ``fleet_gate``."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return ``proceed`` with the reason, and for ``question=return`` the release to go back to."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        results = target_results(variables)
        mine = results.get(variables["inventory_hostname"], {})
        failed = sorted({*failed_hosts(results), *lost_hosts(variables)} - {variables["inventory_hostname"]})
        reason = f"{', '.join(failed)} could not deploy the release" if failed else ""
        if self._task.args.get("question") == "return":
            touched = mine.get("status") == "ok" and not mine.get("check_mode")
            return {
                **result,
                "proceed": bool(failed) and touched,
                "reason": reason,
                "release": mine.get("release_before") or "",
            }
        return {**result, "proceed": not failed, "reason": reason}
