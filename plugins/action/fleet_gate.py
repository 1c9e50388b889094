# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the other hosts of the play mean for this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _result


def failed_hosts(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The hosts that did not get where they should."""
    return sorted(host for host, found in results.items() if found.get("status", "ok") not in _result.GOOD_STATUSES)


def target_results(variables: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What the hosts of the play have said so far."""
    hostvars = variables["hostvars"]
    found = {host: hostvars.raw_get(host).get("result_target") for host in variables["ansible_play_hosts_all"]}
    return {host: result["target"] for host, result in found.items() if result and result.get("target")}


def lost_hosts(variables: Mapping[str, Any]) -> list[str]:
    """The hosts that Ansible gave up before they could say anything, as for a variable that cannot be worked out."""
    return sorted(set(variables["ansible_play_hosts_all"]) - set(variables["ansible_play_hosts"]))


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
        reason = f"{', '.join(failed)} could not get the release" if failed else ""
        if self._task.args.get("question") == "return":
            touched = mine.get("status") == "ok" and not mine.get("check_mode")
            return {
                **result,
                "proceed": bool(failed) and touched,
                "reason": reason,
                "release": mine.get("release_before") or "",
            }
        return {**result, "proceed": not failed, "reason": reason}
