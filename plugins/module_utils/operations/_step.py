# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A step of an operation, on a target of any platform."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core._entry import Entry
from ._target import Target


@dataclass(frozen=True, eq=False)
class Step:
    """A module's work on a target of any platform: ``run(target, params, check_mode)``."""

    spec: Mapping[str, Any]
    run: Callable[[Any, Mapping[str, Any], bool], dict[str, Any]]

    @functools.lru_cache(maxsize=None)  # noqa: B019, UP033 steps live as long as the process; 3.9 has no cache for types
    def on(self, platform: type[Target]) -> Entry:
        """The same work on the targets of one platform; a module and its action share one entry."""

        def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
            with platform.of(params) as target:
                return self.run(target, params, check_mode)

        return Entry(self.spec, run)
