# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action side of our modules: in this process where the target is this machine, shipped otherwise.

A shipped module costs the controller 0.3 s of work, the same work in process 0.01 s. An unreachable target is an
ordinary failure here, so that a play can still bring the rest of the fleet back.
"""

from __future__ import annotations

import abc
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import Entry, outcome
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._lifeline import end_with_parent
from ansible_collections.doppelganger.ops.plugins.module_utils.core._progress import told_to
from ansible_collections.doppelganger.ops.plugins.module_utils.text._characters import printable_data

from ..inputs._given import plain
from ..screen._listener import listener
from . import _diagnosis


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
            end_with_parent()
            with told_to(listener(task_vars)):
                return {**result, **self._run_here(entry)}
        except OpsError as error:
            return {**result, **error.as_result()}
        except ModuleNotFoundError as error:
            return {**result, **_diagnosis.of_library(error).as_result()}

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
            if found.get("failed") and "kind" not in found:
                self._explain()
        except AnsibleConnectionFailure as error:
            host = str(self._play_context.remote_addr or self._connection.host)
            raise _diagnosis.of_connection(host, self._user(), str(error.message)) from error
        except AnsibleError as error:
            if not (self._connection.become and _diagnosis.is_of_become(str(error.message))):
                raise
            raise _diagnosis.of_become(self._user(), str(error.message)) from error
        # what the module was given may hold what must not be shown
        found.pop("invocation", None)
        found.setdefault("kind", "failed" if found.get("failed") else "ok")
        # what came back is a module's that ended as it should, or what a machine says instead
        shown: dict[str, Any] = printable_data(found)
        return shown

    def _explain(self) -> None:
        """Raise what keeps modules from running there; one that runs and crashes is its own affair."""
        interpreter = str(self._used_interpreter or "").lstrip("#!")
        if interpreter:
            ended = self._low_level_execute_command(_diagnosis.probe(interpreter))
            output = f"{ended.get('stdout', '')}\n{ended.get('stderr', '')}"
            problem = _diagnosis.of_interpreter(interpreter, self._user(), int(ended.get("rc") or 0), output)
            if problem is not None:
                raise problem

    def _user(self) -> str:
        return str(self._get_remote_user() or "")
