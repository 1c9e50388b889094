# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Does a step of an operation; ``meta/runtime.yml`` sends every module that is one here.

On a compose host behind ssh the module is shipped; a cluster is reached from here, whatever the connection is.
"""

from __future__ import annotations

from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import Entry
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._step import TargetAction
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._table import PLATFORMS, entry_of, platform_of


class ActionModule(TargetAction):
    """The action of each step, known by the name of the task's module."""

    def entry(self) -> Entry:
        """The step on the platform of the application."""
        return entry_of(str(self._task.action).rpartition(".")[2], platform_of(self._task.args))

    def _is_this_process(self) -> bool:
        return PLATFORMS[platform_of(self._task.args)].has_api or super()._is_this_process()
