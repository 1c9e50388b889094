# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all checks and sources of one run look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ._project import Project


@dataclass(frozen=True)
class Scene:
    """What all checks of a checklist look at."""

    project: Project
    services: Sequence[str] = ()
    since: float = 0.0
    #: services that may have ended with code 0, whatever a check says
    completed: Sequence[str] = ()
    #: how many containers a service has, where that is known
    replicas: Mapping[str, int] = field(default_factory=dict)
    #: those of the services that are the release, where somebody knows; the others are data and helpers
    own: Sequence[str] = ()
    #: whether an operation asks: what it returns to may lack services that the checks were written for
    is_operation: bool = False
    #: whether a release without services is meant, as one of jobs by the clock is, and not whatever there is
    may_rest: bool = False
