"""The events of a run: kept from the first to the last, read by as many as want to, each at its own pace."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

from doppelganger_ops.events import Event

logger = logging.getLogger("doppelganger_ops")


class Feed:
    """A list that grows until it is closed."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._closed = False
        self._changed = threading.Condition()
        self._watchers: list[Callable[[], None]] = []

    def put(self, event: Event) -> None:
        """Add an event."""
        with self._changed:
            if not self._closed:
                self._events.append(event)
            self._tell()

    def close(self) -> None:
        """Say that nothing more comes."""
        with self._changed:
            self._closed = True
            self._tell()

    def _tell(self) -> None:
        self._changed.notify_all()
        for watcher in self._watchers:
            watcher()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have something called whenever there is more; it must be quick and must not raise."""
        with self._changed:
            self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Not any more."""
        with self._changed:
            self._watchers.remove(watcher)

    def after(self, position: int) -> tuple[list[Event], bool]:
        """What came after so many events, and whether that is all there will be."""
        with self._changed:
            return self._events[position:], self._closed

    def __iter__(self) -> Iterator[Event]:
        """All events from the first one on, waiting for those to come."""
        position = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda seen=position: len(self._events) > seen or self._closed)  # type: ignore[misc]  # mypy cannot tell a default's type
                found, is_all = self._events[position:], self._closed
            yield from found
            position += len(found)
            if is_all and position >= len(self._events):
                return


class Handler:
    """Calls a function with each event, in a thread of its own: slow or raising, it holds up nobody but itself."""

    def __init__(self, feed: Feed, function: Callable[[Event], object], name: str) -> None:
        self.errors: list[Exception] = []
        self._feed = feed
        self._function = function
        self._thread = threading.Thread(target=self._call, name=f"{name} events", daemon=True)
        self._thread.start()

    def _call(self) -> None:
        for event in self._feed:
            try:
                self._function(event)
            except Exception as error:
                self.errors.append(error)
                logger.exception("A handler of events raised; the run and the other events go on")

    def join(self, timeout: float | None) -> bool:
        """Wait until it has seen everything; false where it has not yet."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)
        return not self._thread.is_alive()
