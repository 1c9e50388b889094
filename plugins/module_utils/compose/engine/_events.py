# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine's stream of events, read in a thread of its own, and what it tells of containers that are to stop."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ...core._errors import OpsError
from ...running._containers import STOPPING, Container, Event
from ...text._foreign import Unreadable, read_object
from ._answers import container_from, last_code, told_to_stop
from ._errors import engine_errors


def event_from(seen: Mapping[str, Any]) -> Event:
    """Read one entry of the engine's event stream."""
    actor = seen.get("Actor") or {}
    labels = actor.get("Attributes") or {}
    return Event(str(seen.get("Action", "")), labels.get("com.docker.compose.service", ""), str(actor.get("ID", "")))


def read(api: Any, label: str, inspected: Sequence[Mapping[str, Any]]) -> list[Container]:
    """The containers that the engine has shown, those that were told to stop among them."""
    found = [container_from(seen) for seen in inspected]
    graces = [one.stop_grace for one in found if one.state == "running"]
    # a minute more: the clock of an engine elsewhere may be another one
    events = _past(api, label, max(graces) + 60) if graces else []
    now = time.time()
    return [_at_present(one, seen.get("Config") or {}, events, now) for one, seen in zip(found, inspected)]


def _at_present(
    container: Container, config: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now: float
) -> Container:
    if told_to_stop(container, config, events, now):
        return replace(container, state=STOPPING)
    return replace(container, exit_code=last_code(container, events)) if container.restart_count else container


def _past(api: Any, label: str, seconds: float) -> list[dict[str, Any]]:
    """What signals were sent, what ended and what was started lately, as far as the engine remembers: it keeps its last
    few hundred events, and nothing else says that a container was told to stop, or how it ended before its restart."""
    now = time.time()
    filters = {"type": ["container"], "label": [label], "event": ["kill", "die", "start"]}
    asked = {"since": f"{now - seconds:.3f}", "until": f"{now:.9f}", "filters": json.dumps(filters)}
    with suppress(OpsError, Unreadable), engine_errors("look at what happened lately"):
        response = api.get(f"{api.base_url}/v{api.api_version}/events", params=asked, timeout=api.timeout)
        response.raise_for_status()
        return [read_object(line) for line in response.content.splitlines()]
    return []


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
