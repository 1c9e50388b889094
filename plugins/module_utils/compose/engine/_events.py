# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine's stream of events, read in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ...running._containers import Event


def event_from(seen: Mapping[str, Any]) -> Event:
    """Read one entry of the engine's event stream."""
    actor = seen.get("Actor") or {}
    labels = actor.get("Attributes") or {}
    return Event(str(seen.get("Action", "")), labels.get("com.docker.compose.service", ""), str(actor.get("ID", "")))


class Watcher:
    """Hands each event to a function until it is closed. A stream that ends early is no error."""

    def __init__(self, stream: Any, on_event: Callable[[Event], None]) -> None:
        self._stream = stream
        self._on_event = on_event
        self._closing = False
        self._thread = threading.Thread(target=self._read, name="engine-events", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        # The SDK raises whatever its broken socket raises, in every version something else, once it is closed.
        with suppress(Exception):
            for seen in self._stream:
                if self._closing:
                    return
                self._on_event(event_from(seen))

    def close(self) -> None:
        """End the stream and its thread."""
        self._closing = True
        with suppress(Exception):
            self._stream.close()
        self._thread.join(timeout=2)
        with suppress(Exception):  # the SDK shuts the connection down and forgets to close it
            self._stream._response.close()

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
