# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can go wrong, as exceptions. Only the door in ``_entry`` turns one into a failed task."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ..text._characters import printable_data

#: the kind of an error that says: nothing of the target can be seen or changed now, so nothing is undone either
UNREACHABLE = "unreachable"


class OpsError(Exception):
    """A step that could not be done.

    ``message`` says what was expected and what was found, ``hint`` what to do next. ``data`` joins the task's result,
    so that whoever reads it needs no parsing.
    """

    #: how the result calls it: ``failed``, ``refused``, ``lease_held``, ``lease_lost`` or ``unreachable``
    kind = "failed"

    def __init__(self, message: str, *, hint: str = "", **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.data = data

    @property
    def ends_the_operation(self) -> bool:
        """Whether nothing more may be done: the lease is somebody else's, or the target is out of reach."""
        return self.kind in (UNREACHABLE, LeaseLost.kind)

    def as_result(self) -> dict[str, Any]:
        """The error as the result of a task. No text in it is a command to a terminal, whoever it quotes."""
        text = f"{self.message} {self.hint}".strip()
        said = {"failed": True, "msg": text, "kind": self.kind, "error": self.message, "hint": self.hint}
        shown: dict[str, Any] = printable_data({**self.data, **said})
        return shown


@contextlib.contextmanager
def noted_on(first: OpsError) -> Iterator[None]:
    """What is done after an error, before it is raised again: where that fails as well, the first error stays and has
    the second as a note.

    A lease that is lost replaces it, and a target that is out of reach makes it one that undoes nothing.
    """
    try:
        yield
    except LeaseLost:
        raise
    except OpsError as second:
        first.message = f"{first.message.rstrip('.')}. Then this failed as well: {second.message}"
        if second.kind == UNREACHABLE:
            first.kind = UNREACHABLE


class Refused(OpsError):
    """The input or the state of the target forbids the step; nothing was touched."""

    kind = "refused"


class NotThere(OpsError):
    """The platform answered that it has no such thing."""


class TimedOut(OpsError):
    """A command inside a container took longer than it may."""


class BrokenOff(OpsError):
    """The connection to something that is well itself broke off; what only reads may be done anew."""


class Garbled(OpsError):
    """What came is not what its protocol says, or not all of it: whoever sent it is broken, and was looked at."""


class LeaseHeld(OpsError):
    """Somebody else may change the target now."""

    kind = "lease_held"


class LeaseLost(OpsError):
    """The lease that this operation held has passed to another holder, whose token is newer."""

    kind = "lease_lost"
