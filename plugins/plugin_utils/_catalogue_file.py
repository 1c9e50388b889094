# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file of the catalogue, read at most once in a process and only where somebody asks for a metric."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[2] / "roles/app/files/metrics.yml"


@functools.cache
def ours() -> dict[str, Any]:
    """The catalogue as this collection has it."""
    # libyaml's loader, where there is one, is ten times as fast and just as safe
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load(FILE.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 both loaders are safe ones
    return found
