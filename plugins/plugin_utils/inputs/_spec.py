# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The argument spec of a role, the only place where its variables are described."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load


@functools.cache
def of_role(role: str) -> dict[str, Any]:
    """Its variables, without their descriptions."""
    path = Path(__file__).resolve().parents[3] / "roles" / role / "meta/argument_specs.yml"
    document = yaml_load(path.read_text(encoding="utf-8"))
    options: dict[str, Any] = document["argument_specs"]["main"]["options"]
    return {
        name: {key: value for key, value in option.items() if key != "description"} for name, option in options.items()
    }
