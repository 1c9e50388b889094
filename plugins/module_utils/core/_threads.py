# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blocking work beside an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")


async def in_thread(work: Callable[[], _T]) -> _T:
    """Run blocking work in a daemon thread: unlike an executor's, it does not hold up the end of the process."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

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
