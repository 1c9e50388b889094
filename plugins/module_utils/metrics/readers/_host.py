# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics of the machines under an application."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ...core._options import Option
from ...core._side_by_side import in_thread
from ...running._project import Project
from ._observation import Asked, Observation
from ._reader import COMMON, Reader
from ._usage import FIELDS, observed


class Machines:
    """What the machines under the application use as a whole."""

    def __init__(self, config: Mapping[str, Any], project: Project) -> None:
        self._project = project

    async def look(self, asked: Asked, seconds: float) -> dict[str, Observation]:
        """One look serves all metrics."""
        at = time.monotonic()
        usage = await in_thread(self._project.machine_usage)
        return {name: observed(at, usage, options["field"]) for name, (options, _) in asked.items()}


READER = Reader(
    name="host",
    about="is there unless it is null.",
    options={
        **COMMON,
        # what a machine has of memory in bytes says nothing without how much that is of it
        "field": Option("str", required=True, choices=tuple(name for name in FIELDS if name != "memory_bytes")),
    },
    source=lambda place, scene, token: Machines(place, scene.project),
    is_there=True,
)
