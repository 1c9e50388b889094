# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics of the containers of an application: what they use, and how many of a service run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ...core._options import Option
from ...core._side_by_side import in_thread
from ...running._project import Project, Usage
from ._observation import Asked, Observation
from ._reader import COMMON, Reader
from ._usage import FIELDS, observed


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


READER = Reader(
    name="containers",
    about="with C(services). It is there unless it is null.",
    options={
        **COMMON,
        "field": Option("str", required=True, choices=("running", *FIELDS)),
        "services": Option("list"),
    },
    place={"services": Option("list")},
    source=lambda place, scene, token: Containers(place, scene.project, scene.services),
    is_there=True,
)
