# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file of the catalogue, read at most once in a process and only where somebody asks for a metric."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

FILE = Path(__file__).resolve().parents[3] / "roles/app/files/metrics.yml"


@functools.cache
def ours() -> dict[str, Any]:
    """The catalogue as this collection has it."""
    found: dict[str, Any] = yaml_load(FILE.read_text(encoding="utf-8"))
    return found
