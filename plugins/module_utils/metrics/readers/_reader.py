# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a reader of metrics is: all that is to be said of a kind of source is in the file that has its ``READER``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...core._options import Option
from ...running._scene import Scene
from ._observation import Asked, Observation

WORST = "worst"
NO_DATA, ZERO, NOT_APPLICABLE = "no_data", "zero", "not_applicable"

#: what every metric says to its source
COMMON = {
    # how several series become one value: the worst of them unless something else is said
    "several": Option("str", WORST, choices=(WORST, "sum", "mean")),
    # what it means that there is no series
    "empty": Option("str", NO_DATA, choices=(NO_DATA, ZERO, NOT_APPLICABLE)),
    "scale": Option("float", 1.0),
}
Options = Mapping[str, Any]


class Source(Protocol):
    """Knows metrics of one kind."""

    async def look(self, asked: Asked, seconds: float) -> dict[str, Observation]:
        """Look at all of them once."""


def _nothing(options: Options) -> Sequence[str]:
    del options
    return ()


def calc(*choices: str) -> Option:
    """The option with how numbers become a value; the first is the default."""
    return Option("str", choices[0], choices=choices)


@dataclass(frozen=True)
class Reader:
    """A kind of source. ``options`` are what a metric says to it, ``place`` what an application says of where it is."""

    name: str
    #: of where it is, for the documentation, in the markup of Ansible
    about: str
    options: Mapping[str, Option]
    #: makes the source at a place; the token is a bearer's, for who asks for one
    source: Callable[[Options, Scene, str], Source]
    place: Mapping[str, Option] = field(default_factory=dict)
    #: what is wrong with what a metric says, each beginning with the option's name; and with a place
    problems: Callable[[Options], Sequence[str]] = _nothing
    place_problems: Callable[[Options], Sequence[str]] = _nothing
    #: whether it is there unless somebody says that it is not
    is_there: bool = False
