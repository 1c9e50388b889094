# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module ``metric_check`` in the controller's process where the target is this machine."""

from __future__ import annotations

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.tools._metric_check import ENTRY
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import Entry
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._step import TargetAction


class ActionModule(TargetAction):
    """The action ``metric_check``."""

    def entry(self) -> Entry:
        """The work of the module."""
        return ENTRY
