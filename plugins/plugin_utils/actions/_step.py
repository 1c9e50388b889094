# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action side of our modules: in this process where the target is this machine, shipped otherwise.

A shipped module costs the controller 0.3 s of work, the same work in process 0.01 s. An unreachable target is an
ordinary failure here, so that a play can still bring the rest of the fleet back.
"""

from __future__ import annotations

import abc
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import Entry, outcome
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import HOST_UNREACHABLE, OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._lifeline import end_with_parent
from ansible_collections.doppelganger.ops.plugins.module_utils.core._progress import told_to
from ansible_collections.doppelganger.ops.plugins.module_utils.text._characters import printable_data

from ..inputs._given import plain
from ..screen._listener import listener


class TargetAction(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """Runs an entry; the subclass says which."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the result of the entry, whichever way it ran."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            if not self._is_this_process():
                return {**result, **self._run_there(task_vars)}
            entry = self.entry()
        except OpsError as error:
            return {**result, **error.as_result()}
        end_with_parent()
        with told_to(listener(task_vars)):
            return {**result, **self._run_here(entry)}

    @abc.abstractmethod
    def entry(self) -> Entry:
        """What is done, where it is done in this process."""

    def _is_this_process(self) -> bool:
        return self._connection.transport == "local" and not self._play_context.become

    def _run_here(self, entry: Entry) -> dict[str, Any]:
        validator = ArgumentSpecValidator(dict(entry.spec), **(entry.rules or {}))
        checked = validator.validate(self._task.args)
        if checked.error_messages:
            return Refused("; ".join(checked.error_messages)).as_result()
        params = plain(checked.validated_parameters)
        found = outcome(lambda: entry.run(params, bool(self._task.check_mode)))
        cleaned: dict[str, Any] = remove_values(found, checked._no_log_values)
        return cleaned

    def _run_there(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._execute_module(task_vars=task_vars)
        except AnsibleConnectionFailure as error:
            host = self._play_context.remote_addr or self._connection.host
            return {
                "failed": True,
                "kind": "unreachable",
                "reason": HOST_UNREACHABLE,
                "msg": f"The target cannot be reached: {error.message}. "
                f"Check that {host} is up and that ssh to it works, then re-run.",
            }
        # what the module was given may hold what must not be shown
        found.pop("invocation", None)
        found.setdefault("kind", "failed" if found.get("failed") else "ok")
        # what came back is a module's that ended as it should, or what a machine says instead
        shown: dict[str, Any] = printable_data(found)
        return shown
