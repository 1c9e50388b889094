# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Notes what failed and decides whether there is anything to undo."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.plugin_utils import _result


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """The action ``note_failure``."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return ``failure``, ``undo`` and the release that is ``bad``."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        started = variables.get("ops_start") or {}
        failure = _result.failure_from(
            self._task.args["result"], variables.get("ops_verify"), "change" if started.get("token") else "preflight"
        )
        holds_lease = bool(started.get("token")) and failure["kind"] not in ("lease_lost", "unreachable")
        return {
            **result,
            "failure": failure,
            "undo": holds_lease and not self._task.check_mode,
            "bad": started.get("release") if started.get("makes_release") else "",
        }
