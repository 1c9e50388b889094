# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one door between Ansible and the work: a spec, a function over plain data, one exit."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule

from ..text._characters import printable_data
from ._errors import OpsError
from ._lifeline import end_with_caller

if TYPE_CHECKING:
    from ..operations._target import Target


@dataclass(frozen=True)
class Entry:
    """A module's work: ``run(params, check_mode)`` returns the result and raises only :class:`OpsError`.

    ``spec`` is AnsibleModule's ``argument_spec``; ``rules`` its other checks (``required_if``, ``mutually_exclusive``).
    The same entry serves the module, on a target, and its action plugin, in the controller's process.
    """

    spec: Mapping[str, Any]
    run: Callable[[Mapping[str, Any], bool], dict[str, Any]]
    rules: Mapping[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """A module's work on a target of any platform: ``run(target, params, check_mode)``."""

    spec: Mapping[str, Any]
    run: Callable[[Any, Mapping[str, Any], bool], dict[str, Any]]

    @functools.lru_cache(maxsize=None)  # noqa: B019, UP033 steps live as long as the process; 3.9 has no cache for types
    def on(self, platform: type[Target]) -> Entry:
        """The same work on the targets of one platform; a module and its action share one entry."""
        return Entry(self.spec, lambda params, check_mode: self.run(platform.of(params), params, check_mode))


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
