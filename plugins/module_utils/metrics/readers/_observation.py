# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a reader of metrics is asked, and what it saw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Any

#: the metrics that a source is asked for, by name: its options for each, and for how many seconds to look back
Asked = Mapping[str, tuple[Mapping[str, Any], float]]
#: how old a value may be that carries its own time, in seconds; as long as Prometheus itself takes one for current
STALE_AFTER = 300.0
#: calculations that need an earlier look
NEED_BEFORE = frozenset({"rate", "rates", "increase", "ratio", "quantile"})


@dataclass(frozen=True)
class Observation:
    """One look at a metric: for each series one number, or as many as its calculation needs.

    ``at`` is by a clock that only goes forward. ``looked_at`` names those that were asked where there are several, each
    with a series of its own name. ``bounds`` are those of a histogram's buckets. ``final`` says that looking again
    cannot help; ``note`` is for people. ``calc`` is how the numbers become a value, where the source knows that itself.
    """

    at: float
    series: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    looked_at: frozenset[str] = frozenset()
    bounds: tuple[float, ...] = ()
    error: str = ""
    final: bool = False
    note: str = ""
    calc: str = ""

    def needs_before(self, options: Mapping[str, Any]) -> bool:
        """Whether it says something only together with an earlier look."""
        return not self.error and self.calc_of(options) in NEED_BEFORE

    def calc_of(self, options: Mapping[str, Any]) -> str:
        """How its numbers become a value."""
        return self.calc or str(options.get("calc", "value"))


def query_of(text: str, window: float) -> str:
    """A query with the seconds that it looks back over."""
    if "$" not in text:
        return text
    return Template(text).safe_substitute(window=f"{max(1, math.ceil(window))}")
