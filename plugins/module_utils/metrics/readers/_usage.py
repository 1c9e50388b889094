# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics that the platform itself knows: what containers and machines use, and how many of a service run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...core._side_by_side import in_thread
from ...running._project import Project, Usage
from ._observation import Asked, Observation

#: these grow, and what is measured is how fast
RATES = frozenset({"cpu_percent", "disk_bytes_per_second", "network_bytes_per_second"})


class Containers:
    """What the containers of the application use."""

    def __init__(self, config: Mapping[str, Any], project: Project, services: Sequence[str] = ()) -> None:
        self._project = project
        self._services = tuple(config.get("services") or services)

    async def look(self, asked: Asked, seconds: float) -> dict[str, Observation]:
        """One look serves all metrics; the engine is not asked for figures where nobody wants any."""
        fields = {options["field"] for options, _ in asked.values()}
        at = time.monotonic()
        counts = await in_thread(self._running) if "running" in fields else {}
        usage = await in_thread(self._project.usage) if fields != {"running"} else []
        return {name: self._observed(at, options, usage, counts) for name, (options, _) in asked.items()}

    def _running(self) -> dict[str, int]:
        """How many containers of each service run and are not unhealthy."""
        containers = self._project.containers()
        names = self._services or sorted({one.service for one in containers})
        well = [one.service for one in containers if one.state == "running" and one.health in ("", "none", "healthy")]
        return {service: well.count(service) for service in names}

    def _observed(
        self, at: float, options: Mapping[str, Any], usage: Sequence[Usage], counts: Mapping[str, int]
    ) -> Observation:
        services = options["services"] or self._services
        if options["field"] == "running":
            seen = {name: count for name, count in counts.items() if not services or name in services}
            return Observation(at, {name: (float(count),) for name, count in seen.items()})
        wanted = [one for one in usage if not services or one.service in services]
        return observed(at, wanted, options["field"])


class Machines:
    """What the machines under the application use as a whole."""

    def __init__(self, config: Mapping[str, Any], project: Project) -> None:
        self._project = project

    async def look(self, asked: Asked, seconds: float) -> dict[str, Observation]:
        """One look serves all metrics."""
        at = time.monotonic()
        usage = await in_thread(self._project.machine_usage)
        return {name: observed(at, usage, options["field"]) for name, (options, _) in asked.items()}


def observed(at: float, usage: Sequence[Usage], field: str) -> Observation:
    """One field of what is used, a series for each; error where the platform does not tell it of anybody."""
    if not usage:
        return Observation(at, note="no data: nothing is running")
    numbers = {one.name: (_FIELDS[field](one), one.at) for one in usage}
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


_FIELDS: dict[str, Callable[[Usage], float | None]] = {
    "cpu_percent": lambda one: _share(one.cpu_seconds if one.cores is None else one.cores, one.cpus),
    "memory_percent": lambda one: _share(one.memory_bytes, one.memory_limit),
    "memory_bytes": lambda one: one.memory_bytes,
    "disk_bytes_per_second": lambda one: one.disk_bytes,
    "network_bytes_per_second": lambda one: one.network_bytes,
}
