# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module ``compose_evidence``, in process where the target is this machine."""

from __future__ import annotations

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._evidence import EVIDENCE
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._step import TargetAction


class ActionModule(TargetAction):
    """Runs :data:`_evidence.EVIDENCE` on a compose host."""

    entry = EVIDENCE.on(ComposeTarget)
