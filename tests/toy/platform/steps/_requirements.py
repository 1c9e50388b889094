# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A toy needs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import TARGET_REQUIREMENTS
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step

from ..target._target import ToyTarget


def run(target: ToyTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Say so."""
    del target, params, check_mode
    return {"changed": False, "missing": [], "packages": [], "summary": "Nothing is missing."}


REQUIREMENTS = Step(spec=TARGET_REQUIREMENTS, run=run)
