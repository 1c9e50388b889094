# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A toy cannot be monitored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import MONITORING_APPLY
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step

from ..target._target import ToyTarget


def run(target: ToyTarget, params: Mapping[str, Any], check_mode: bool) -> NoReturn:
    """Refuse."""
    del target, params, check_mode
    raise Refused("A toy has nothing that could be monitored.")


MONITORING = Step(spec=MONITORING_APPLY, run=run)
