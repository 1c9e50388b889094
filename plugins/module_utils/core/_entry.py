# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one door between Ansible and the work: a spec, a function over plain data, one exit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..text._characters import printable_data
from ._errors import OpsError
from ._lifeline import end_with_caller


@dataclass(frozen=True)
class Entry:
    """A module's work: ``run(params, check_mode)`` returns the result and raises only :class:`OpsError`.

    ``spec`` is AnsibleModule's ``argument_spec``; ``rules`` its other checks (``required_if``, ``mutually_exclusive``).
    The same entry serves the module, on a target, and its action plugin, in the controller's process.
    """

    spec: Mapping[str, Any]
    run: Callable[[Mapping[str, Any], bool], dict[str, Any]]
    rules: Mapping[str, Any] | None = None


def outcome(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of a task, whichever way it ended. No text of others in it is a command to a terminal: Ansible shows
    results as they are."""
    try:
        found = work()
    except OpsError as error:
        found = error.as_result()
    shown: dict[str, Any] = printable_data(found)
    return shown


def run_module(entry: Entry) -> None:
    """Run an entry as an Ansible module."""
    end_with_caller()
    module = AnsibleModule(argument_spec=dict(entry.spec), supports_check_mode=True, **(entry.rules or {}))
    result = outcome(lambda: entry.run(module.params, module.check_mode))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
