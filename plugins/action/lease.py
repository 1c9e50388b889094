# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module ``lease``, in process where the target is this machine."""

from __future__ import annotations

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._info import LEASE
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._step import TargetAction


class ActionModule(TargetAction):
    """Runs :data:`_info.LEASE` on a compose host."""

    entry = LEASE.on(ComposeTarget)
