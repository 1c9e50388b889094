# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all checks and sources of one run look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._project import Project


@dataclass(frozen=True)
class Scene:
    """What all checks of a checklist look at."""

    project: Project
    services: Sequence[str] = ()
    since: float = 0.0
    #: whether a release without services is meant, as one of jobs by the clock is, and not whatever there is
    may_rest: bool = False
