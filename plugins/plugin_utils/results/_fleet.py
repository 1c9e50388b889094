# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the hosts of a play have said so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _result


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
