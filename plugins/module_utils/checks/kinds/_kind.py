# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a kind of check is: all that is to be said of it is in the one file that has its ``KIND``."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core._options import Option
from ...core._verdicts import Outcome
from ...running._scene import Scene

#: one attempt, which may take so many seconds
Attempt = Callable[[float], Coroutine[Any, Any, Outcome]]
Options = Mapping[str, Any]


def _nothing(options: Options) -> Sequence[str]:
    del options
    return ()


@dataclass(frozen=True)
class Kind:
    """A kind of check. ``about`` says in its documentation what passes, ``options`` are those of its own."""

    name: str
    about: str
    options: Mapping[str, Option]
    #: makes the attempt of a check with these options
    attempt: Callable[[Options, Scene], Attempt]
    #: what is wrong with options that are of the right type
    problems: Callable[[Options], Sequence[str]] = _nothing
    #: whether it asks the platform, so that an event of it ends a wait; one with a ``service`` does anyway
    asks_platform: bool = False
    #: whether its attempt blocks a thread and minds its time itself
    blocks: bool = False
    #: whether it keeps looking until all others have ended
    guards: bool = False
