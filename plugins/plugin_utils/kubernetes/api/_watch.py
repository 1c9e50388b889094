# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Watching: what happens to the objects of a kind, until a deadline, across cut connections and forgotten versions."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from types import TracebackType
from typing import Any

from urllib3.exceptions import HTTPError

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.text import _foreign

from ._answers import LINE_LIMIT, lines
from ._errors import Expired

Event = tuple[str, dict[str, Any]]
#: opens the answer of one watch: from a version on, for so many seconds
Opener = Callable[[str, float], Any]
#: lists what is there: the objects, and the version of the list
Lister = Callable[[], tuple[list[dict[str, Any]], str]]
#: takes an object as it came
Checker = Callable[[Any], Any]
#: a server that ends each watch at once is not asked faster than this, in seconds
_PAUSE = 0.2


class Known:
    """Which objects the watcher has been told of, and the version it knows everything up to."""

    def __init__(self, since: str) -> None:
        self.version = since
        self._objects: dict[str, dict[str, Any]] = {}

    def take(self, event: dict[str, Any]) -> Iterator[Event]:
        """Give what one line of a watch tells; raises Expired where the server no longer knows the version."""
        kind, found = str(event["type"]), event["object"]
        if kind == "ERROR":
            if found.get("code") == 410:
                raise Expired(str(found.get("message")))
            raise OpsError(f"The watch failed: {found.get('message')}.", reason="cluster_failed")
        self.version = str(found["metadata"]["resourceVersion"])
        if kind == "BOOKMARK":
            return
        uid = str(found["metadata"]["uid"])
        if kind == "DELETED":
            self._objects.pop(uid, None)
        else:
            self._objects[uid] = found
        yield kind, found

    def relisted(self, objects: Iterable[dict[str, Any]], version: str) -> list[Event]:
        """Give what has changed since, by a new list: also what is gone, of what this watcher has seen."""
        now = {str(one["metadata"]["uid"]): one for one in objects}
        before, self._objects, self.version = self._objects, now, version
        gone: list[Event] = [("DELETED", one) for uid, one in before.items() if uid not in now]
        return gone + [
            ("MODIFIED" if uid in before else "ADDED", one)
            for uid, one in now.items()
            if uid not in before or before[uid]["metadata"]["resourceVersion"] != one["metadata"]["resourceVersion"]
        ]


#: what an object has of itself in an event of that kind; in all others the first
_TOLD: dict[str, set[str]] = {"": {"uid", "resourceVersion"}, "BOOKMARK": {"resourceVersion"}, "ERROR": set()}
#: events that are not about one
_WITHOUT_OBJECT = ("BOOKMARK", "ERROR")


def event_from(line: bytes) -> dict[str, Any]:
    """What a line of a watch says; raises Unreadable where that is no event about an object."""
    event = _foreign.read_object(line, limit=LINE_LIMIT)
    kind, found = event.get("type"), event.get("object")
    about = found.get("metadata") if isinstance(found, dict) else None
    told = {*about} if isinstance(about, dict) else set()
    if not isinstance(kind, str) or not isinstance(found, dict) or not _TOLD.get(kind, _TOLD[""]) <= told:
        raise _foreign.Unreadable("it is no event about an object")
    return event


class Watch(Iterator[Event]):
    """The events of a watch; ends after ``seconds``. ``close`` ends it at once, from any thread."""

    def __init__(
        self, opener: Opener, lister: Lister, since: str, seconds: float, check: Checker = lambda found: found
    ) -> None:
        """``check`` raises where an object is none that can be looked into."""
        self._check = check
        self._open = opener
        self._list = lister
        self._known = Known(since)
        self._deadline = time.monotonic() + seconds
        self._events = self._run()
        self._response: Any = None
        self._closed = threading.Event()
        self._inside = threading.Lock()

    def __next__(self) -> Event:
        with self._inside:
            if self._closed.is_set():
                self._events.close()
            return next(self._events)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the watch; a thread that waits for the next event finds the end of it."""
        self._closed.set()
        response = self._response
        if response is not None:
            with contextlib.suppress(Exception):  # it may be closed already, by the thread that reads it
                # the bare socket: to take its TLS away while another thread reads through it ends in a crash
                socket.socket.shutdown(response.connection.sock, socket.SHUT_RDWR)
        # never while another thread is inside: CPython does not survive that, and that thread closes it by itself
        if self._inside.acquire(blocking=False):
            try:
                self._events.close()
            finally:
                self._inside.release()

    def _left(self) -> float:
        return 0.0 if self._closed.is_set() else self._deadline - time.monotonic()

    def _run(self) -> Generator[Event, None, None]:
        if not self._known.version:
            yield from self._known.relisted(*self._list())
        while (left := self._left()) > 0:
            started = time.monotonic()
            try:
                yield from self._one(left)
            except Expired:
                yield from self._known.relisted(*self._list())
            self._closed.wait(max(0.0, min(_PAUSE - (time.monotonic() - started), self._left())))

    def _one(self, left: float) -> Iterator[Event]:
        """One connection, until it ends."""
        self._response = response = self._open(self._known.version, left)
        try:
            if self._closed.is_set():
                return
            for line in lines(response.stream()):
                event = event_from(line)
                if event["type"] not in _WITHOUT_OBJECT:
                    self._check(event["object"])
                yield from self._known.take(event)
                if self._left() <= 0:  # a server that sends for ever
                    return
        except (HTTPError, OSError, ValueError):
            return  # cut: the next one goes on from the last version
        finally:
            self._response = None
            response.close()
