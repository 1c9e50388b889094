# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Notes what failed and decides whether there is anything to undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _result


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """The action ``note_failure``."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return ``failure``, ``undo``, the release that is ``bad`` and the backup to ``put_back``."""
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
            "put_back": _replaced_data(variables),
        }


def _replaced_data(variables: Mapping[str, Any]) -> str:
    """The backup of what a restore replaced, empty where none did."""
    taken = (variables.get("ops_backup") or {}).get("backup") or {}
    return str(taken.get("id", "")) if (variables.get("ops_restore") or {}).get("changed") else ""
