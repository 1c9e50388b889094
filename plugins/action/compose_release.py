# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module ``compose_release``, in process where the target is this machine."""

from __future__ import annotations

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps._apply import ENTRY
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._step import TargetAction


class ActionModule(TargetAction):
    """Runs :data:`_apply.ENTRY`."""

    entry = ENTRY
