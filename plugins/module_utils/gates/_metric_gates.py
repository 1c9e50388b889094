# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics that are gates of a release, as they are handed to the judge: `gates/_soak.py` reads them.

In a file of its own, so that a deployment without gates loads nothing of metrics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Gates:
    """Gates with their entries of the catalogue, where the sources are, and the token of Prometheus."""

    raw: Sequence[Mapping[str, Any]] = ()
    sources: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""

    def __bool__(self) -> bool:
        return bool(self.raw)
