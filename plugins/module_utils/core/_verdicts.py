# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What looking at something comes to, and how much it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

PASS, FAIL, INCONCLUSIVE, ERROR, SKIPPED = "pass", "fail", "inconclusive", "error", "skipped"
REQUIRED, ADVISORY = "required", "advisory"


@dataclass(frozen=True)
class Outcome:
    """What one attempt saw.

    ``final`` says that another attempt cannot see anything else, ``ends_all`` why nothing else is worth waiting for,
    ``out_of_reach`` that the platform itself could not be asked, ``is_aside`` that it is only to be shown.
    """

    state: str
    reason: str
    observed: Mapping[str, Any] = field(default_factory=dict)
    final: bool = False
    ends_all: str = ""
    out_of_reach: bool = False
    is_aside: bool = False
    latency_ms: float = 0.0

    def timed(self, seconds: float) -> Outcome:
        """Give it a duration, unless it has measured one itself."""
        return self if self.latency_ms else replace(self, latency_ms=seconds * 1000)
