# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module ``metric_check`` in the controller's process where the target is this machine."""

from __future__ import annotations

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps._metrics import ENTRY
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._step import TargetAction


class ActionModule(TargetAction):
    """The door from a task."""

    entry = ENTRY
