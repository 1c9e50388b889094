# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One reading for all who ask at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """A reading that the threads of a checklist share. Nobody is given what was read before they asked.

    A caller that comes while a reading is under way waits for the next one, with all others that come until then.
    """

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._asking = threading.Lock()
        self._reading = threading.Lock()
        self._next: Future[T] | None = None

    def get(self) -> T:
        """Read, or be told what somebody else reads from now on; raises what the reading raises."""
        with self._asking:
            is_mine = self._next is None
            future = self._next = self._next or Future()
        if is_mine:
            with self._reading:
                with self._asking:
                    self._next = None
                try:
                    future.set_result(self._read())
                except BaseException as error:  # whatever it is, who waits must not wait for ever
                    future.set_exception(error)
        return future.result()
