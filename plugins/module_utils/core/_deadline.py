# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Time limits that an outside clock keeps: a timeout of each read never ends what comes in drips.

``Deadline`` is for what runs in an event loop, ``within`` for a call that blocks, ``Alarm`` for a connection that is
read in this thread.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from ._errors import TimedOut
from ._side_by_side import side_by_side

_T = TypeVar("_T")


class Late(Exception):
    """An attempt took longer than it may."""


class Deadline:
    """Cuts the block off after so many seconds: ``asyncio.timeout`` for Python 3.9, cheaper than ``wait_for``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._expired = False

    async def __aenter__(self) -> None:
        self._task = asyncio.current_task()
        self._alarm = asyncio.get_running_loop().call_later(self._seconds, self._expire)

    def _expire(self) -> None:
        self._expired = True
        if self._task is not None:
            self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._alarm.cancel()
        if self._expired and kind is asyncio.CancelledError:
            raise Late from None


def within(seconds: float, work: Callable[[], _T], doing: str) -> _T:
    """Do something that blocks; raises TimedOut where it takes longer, and leaves it to a daemon thread then."""
    [ended] = side_by_side({doing: lambda: [work()]}, seconds, seconds).values()
    if ended.error is not None:
        raise ended.error
    if ended.value is None:
        raise TimedOut(f"Could not {doing}: no complete response within {seconds:g} s.")
    return ended.value[0]


def in_time(steps: Iterable[_T], seconds: float, doing: str) -> Iterator[_T]:
    """The steps of something that tells now and then how far it is; raises TimedOut where that goes on for longer."""
    deadline = time.monotonic() + seconds
    for step in steps:
        if time.monotonic() > deadline:
            raise TimedOut(f"Could not {doing}: timed out after {seconds:g} s.")
        yield step


class Alarm:
    """Shuts a connection down after so many seconds; a reader then finds its end, and ``rang``."""

    def __init__(self, connection: Any, seconds: float) -> None:
        """``connection`` is whatever has a file descriptor."""
        # a duplicate: its number cannot become another's, and a TLS socket must not be touched by another thread
        self._socket = socket.socket(fileno=os.dup(connection.fileno()))
        self._timer = threading.Timer(max(0.0, seconds), self._ring)
        self._timer.daemon = True
        self.rang = False

    def _ring(self) -> None:
        self.rang = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Alarm:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._socket.close()
