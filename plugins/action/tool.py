# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a tool for anybody's playbook; ``meta/runtime.yml`` sends every module that is one here."""

from __future__ import annotations

from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import Entry
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._step import TargetAction
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._table import tool_of


class ActionModule(TargetAction):
    """The action of each tool, known by the name of the task's module."""

    def entry(self) -> Entry:
        """The work of the module."""
        return tool_of(str(self._task.action).rpartition(".")[2])
