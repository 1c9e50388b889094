# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuses a run that would touch no host: Ansible alone says "no hosts matched" and ends green."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ansible import context
from ansible.errors import AnsibleFilterError

from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _mistakes

DOCUMENTATION = """
name: required_hosts
short_description: Refuse a run that would touch no host
description:
  - Gives the name of the group back where the run has a host of it, and ends the run otherwise.
  - Meant for the keyword C(hosts) of a play. Without it, an empty group or a limit without a match ends green.
positional: _input, groups, selected
options:
  _input:
    description: The group.
    type: str
    required: true
  groups:
    description: The groups of the inventory, the variable C(groups).
    type: dict
    required: true
  selected:
    description: Every host of the run, the variable C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
"""

EXAMPLES = """
- name: Verify
  hosts: "{{ 'targets' | doppelganger.ops.required_hosts(groups, ansible_play_hosts_all) }}"
"""

RETURN = """
_value:
  description: The group.
  type: str
"""


def required_hosts(group: str, groups: Mapping[str, Sequence[str]], selected: Sequence[str]) -> str:
    """Give the name of the group back where the run selected a host of it; ``selected`` has every host of the run."""
    for source in context.CLIARGS.get("inventory") or ():
        # the first that is asked of a run: what of variables cannot be read would end it without a file and a line
        if mistake := _mistakes.of_inventory(source):
            raise AnsibleFilterError(f"The inventory cannot be read: {mistake} Fix that line.")
    members = groups.get(group)
    if members is None:
        raise AnsibleFilterError(
            f"Expected at least one host in the group {group!r}, and the inventory has no such group. "
            "Give an inventory that has it: -i PATH, or the environment variable ANSIBLE_INVENTORY."
        )
    if not members:
        raise AnsibleFilterError(
            f"Expected at least one host in the group {group!r}, and the group is empty. "
            "Add the hosts of the application to it in the inventory."
        )
    if not set(members) & set(selected):
        raise AnsibleFilterError(
            f"Expected at least one host of the group {group!r}, and --limit leaves none of {', '.join(members)}. "
            "Give a --limit that names some of them, or none at all."
        )
    return group


class FilterModule:
    """The door from a template."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Name the filter."""
        return {"required_hosts": required_hosts}
