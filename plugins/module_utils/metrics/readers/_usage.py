# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the platform itself knows of what containers and machines use."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ...running._project import Usage
from ._observation import Observation

#: these grow, and what is measured is how fast
RATES = frozenset({"cpu_percent", "disk_bytes_per_second", "network_bytes_per_second"})


def observed(at: float, usage: Sequence[Usage], field: str) -> Observation:
    """One field of what is used, a series for each; error where the platform does not tell it of anybody."""
    if not usage:
        return Observation(at, note="no data: nothing is running")
    numbers = {one.name: (FIELDS[field](one), one.at) for one in usage}
    series = {name: _counted(value, at) for name, (value, at) in numbers.items() if value is not None}
    if not series:
        words = f"the platform does not tell {field.replace('_', ' ')}; let Prometheus be its source"
        return Observation(at, error=words, final=True)
    # where somebody has worked it out already
    is_counted = field in RATES and not (field == "cpu_percent" and any(one.cores is not None for one in usage))
    return Observation(at, series, frozenset(numbers), calc="rates" if is_counted else "value")


def _counted(value: float, counted: float | None) -> tuple[float, ...]:
    """A number, with the time at which its platform has counted it, where that is known."""
    return (value,) if counted is None else (value, counted)


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or whole is None else 100 * part / whole if whole else math.nan


FIELDS: dict[str, Callable[[Usage], float | None]] = {
    "cpu_percent": lambda one: _share(one.cpu_seconds if one.cores is None else one.cores, one.cpus),
    "memory_percent": lambda one: _share(one.memory_bytes, one.memory_limit),
    "memory_bytes": lambda one: one.memory_bytes,
    "disk_bytes_per_second": lambda one: one.disk_bytes,
    "network_bytes_per_second": lambda one: one.network_bytes,
}
