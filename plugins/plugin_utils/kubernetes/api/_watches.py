# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happens to several kinds of objects at once: each is listed and watched in a thread, and kept by uid here."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Protocol

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused

from ._objects import Object

#: after so many seconds everything is listed again, should a watch have lost something without saying so
_RELIST = 30.0
#: between two attempts on a server that does not answer; each has patience of its own
_PAUSE = 0.3
#: how many changes are taken in before anything is judged by them
_AT_ONCE = 1000


class Stream(Iterator[tuple[str, Object]], Protocol):
    """A watch that can be ended from another thread."""

    def close(self) -> None:
        """End it."""


class Watchable(Protocol):
    """What is needed of a cluster for watching it."""

    def list(self, api_version: str, kind: str, *, labels: str = "", fields: str = "") -> tuple[list[Object], str]:
        """List objects, with the version of the list."""

    def watch(
        self, api_version: str, kind: str, *, labels: str = "", fields: str = "", since: str, seconds: float
    ) -> Stream:
        """Watch objects."""


class Source(NamedTuple):
    """One kind of objects to watch."""

    api_version: str
    kind: str
    fields: str = ""


class Sources:
    """The objects of several kinds, kept up to date until it is closed."""

    def __init__(self, cluster: Watchable, sources: Sequence[Source]) -> None:
        self._cluster = cluster
        self._sources = sources
        self._changes: queue.Queue[tuple[str, str, Any]] = queue.Queue()
        self._objects: dict[str, dict[str, Object]] = {}
        self._open: dict[str, Stream] = {}
        self._closed = threading.Event()
        #: the last error of a kind that could not be read; nothing of it is old news while it is here
        self.errors: dict[str, OpsError] = {}

    def __enter__(self) -> Sources:
        for source in self._sources:
            threading.Thread(target=self._follow, args=(source,), name=f"watch {source.kind}", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._closed.set()
        for stream in list(self._open.values()):
            stream.close()

    @property
    def complete(self) -> bool:
        """Whether every kind has been listed."""
        return len(self._objects) == len(self._sources)

    def all(self, kind: str) -> list[Object]:
        """The objects of a kind, as they were seen last."""
        return list(self._objects.get(kind, {}).values())

    def take(self, seconds: float) -> bool:
        """Take in what has happened, waiting for at most so long; False where nothing did.

        Raises Refused where reading is not allowed; what may pass by itself is in ``errors``.
        """
        try:
            self._take_in(*self._changes.get(timeout=max(0.0, seconds)))
        except queue.Empty:
            return False
        for _ in range(_AT_ONCE):
            try:
                self._take_in(*self._changes.get_nowait())
            except queue.Empty:
                break
        return True

    def _take_in(self, what: str, kind: str, found: Any) -> None:
        if what == "ERROR":
            if isinstance(found, Refused) or not isinstance(found, OpsError):
                raise found
            self.errors[kind] = found
            return
        self.errors.pop(kind, None)
        if what == "LIST":
            self._objects[kind] = {str(one["metadata"]["uid"]): one for one in found}
        elif what == "DELETED":
            self._objects[kind].pop(str(found["metadata"]["uid"]), None)
        else:
            self._objects[kind][str(found["metadata"]["uid"])] = found

    # in the threads

    def _follow(self, source: Source) -> None:
        while not self._closed.is_set():
            try:
                self._follow_once(source)
            except Refused as error:
                self._changes.put(("ERROR", source.kind, error))
                return
            except OpsError as error:
                self._changes.put(("ERROR", source.kind, error))
                self._closed.wait(_PAUSE)
            except Exception as error:  # or the wait would go on without it, and call old news the present
                self._changes.put(("ERROR", source.kind, error))
                return

    def _follow_once(self, source: Source) -> None:
        found, version = self._cluster.list(source.api_version, source.kind, fields=source.fields)
        self._changes.put(("LIST", source.kind, found))
        stream = self._cluster.watch(
            source.api_version, source.kind, fields=source.fields, since=version, seconds=_RELIST
        )
        self._open[source.kind] = stream
        for what, thing in stream:
            if self._closed.is_set():
                break
            self._changes.put((what, source.kind, thing))
        stream.close()
