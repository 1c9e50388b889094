# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Work that may hang, each piece in a daemon thread of its own: by a clock outside of it, or beside an event loop."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
DONE, FAILED, TIMED_OUT, NOT_BEGUN = "done", "failed", "timed_out", "not_begun"


@dataclass(frozen=True)
class Ended(Generic[T]):
    """How a piece of work ended."""

    state: str
    value: T | None = None
    error: Exception | None = None


def side_by_side(
    work: Mapping[str, Callable[[], T]], seconds: float, each: float, at_once: int = 8
) -> dict[str, Ended[T]]:
    """Do all of it within ``seconds``, each piece within ``each``; what takes longer is left to itself.

    A thread cannot be ended from outside. One that is late gives what it has to nobody, and being a daemon it does not
    hold up the end of the process.
    """
    ended: dict[str, Ended[T]] = {}
    told: queue.SimpleQueue[tuple[str, Ended[T]]] = queue.SimpleQueue()
    waiting = deque(work)
    due: dict[str, float] = {}
    deadline = time.monotonic() + seconds
    while waiting or due:
        now = time.monotonic()
        for name in [name for name, at in due.items() if at <= now]:
            del due[name]
            ended[name] = Ended(TIMED_OUT)
        while waiting and len(due) < at_once and now < deadline:
            name = waiting.popleft()
            due[name] = min(deadline, now + each)
            threading.Thread(target=_do, args=[name, work[name], told], name=name, daemon=True).start()
        if not due:
            break
        try:
            name, how = told.get(timeout=max(0.0, min(due.values()) - now))
        except queue.Empty:
            continue
        if due.pop(name, None) is not None:
            ended[name] = how
    return {name: ended.get(name, Ended(NOT_BEGUN)) for name in work}


def _do(name: str, work: Callable[[], T], told: queue.SimpleQueue[tuple[str, Ended[T]]]) -> None:
    try:
        told.put((name, Ended(DONE, work())))
    except Exception as error:  # whatever it is, it must not take the others along
        told.put((name, Ended(FAILED, error=error)))


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a daemon thread: unlike an executor's, it does not hold up the end of the process."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            set_it(value)

    def run() -> None:
        try:
            done: tuple[Callable[[Any], None], Any] = (future.set_result, work())
        except Exception as error:
            done = (future.set_exception, error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *done)

    threading.Thread(target=run, name="check", daemon=True).start()
    return await future
