# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Publishes the result of an operation once, and shows each host's part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._show import show
from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _lines, _result
from ansible_collections.doppelganger.ops.plugins.plugin_utils.results._fleet import target_results
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen._listener import SHOWN


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """The action ``publish_result``."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Show the report of this host; on the first host of the play, publish the result of all."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        operation = self._task.args["operation"]
        host = variables["inventory_hostname"]
        found = target_results(variables)
        everyone = variables["ansible_play_hosts_all"]
        targets = {name: found.get(name) or self._lost(operation, name) for name in everyone}
        mine = targets[host]
        if host == variables["ansible_play_hosts"][0]:
            published = {_result.KEY: _result.fleet_result(operation, targets)}
            result["ansible_stats"] = {"data": published, "per_host": False, "aggregate": False}
        if not SHOWN.results:
            show(_lines.lines(host, mine))
        message = f"{mine['message']} {mine['hint']}".strip()
        return {**result, "is_red": mine["status"] not in _result.GOOD_STATUSES, "message": message}

    def _lost(self, operation: str, host: str) -> Mapping[str, Any]:
        lost = _result.skipped(operation, f"{host} ended without a result; its output above says why.")
        return {**lost, "status": "failed", "reason": "no_result"}
