# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The line at the bottom of a terminal that says what goes on; everything else is written above it."""

from __future__ import annotations

import atexit
import os
import shutil
import threading
import time
import unicodedata
from collections.abc import Callable
from typing import Any

#: how often the line is written again
_EVERY = 0.5
_ERASE = "\r\x1b[K"
#: marks what a worker says of a wait: it goes to the log of nobody, and the screen reads it
MARK = "\x1edoppelganger.ops waits\x1e"


def as_message(host: str, words: str) -> str:
    """What a worker says of a wait, as a message that the display carries from its process to the controller's."""
    return f"{MARK}{host}\x1e{words}"


def from_message(text: Any) -> tuple[str, str] | None:
    """The host and the words of such a message."""
    if not isinstance(text, str) or not text.startswith(MARK):
        return None
    host, _, words = text[len(MARK) :].partition("\x1e")
    return host, words


def fitted(text: str, columns: int) -> str:
    """As much of a text as a terminal shows in so many columns: a line that wraps cannot be erased."""
    room = columns
    for place, char in enumerate(text):
        room -= 2 if unicodedata.east_asian_width(char) in "WF" else 0 if unicodedata.combining(char) else 1
        if room < 0:
            return f"{text[: max(0, place - 1)]}…"[: max(0, columns)]
    return text


class LiveLine:
    """Owns the last line of the terminal. ``text`` is asked for what it shows, ``heard`` told what workers wait for."""

    def __init__(
        self, display: Any, stream: Any, text: Callable[[float], str], heard: Callable[[str, str], None]
    ) -> None:
        self._display = display
        self._stream = stream
        self._text = text
        self._heard = heard
        self._shown = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_paused = False
        self._owner = os.getpid()
        self._write_above = display.display

    def start(self) -> None:
        """Begin; from now on whatever is displayed is written above the line."""
        self._display.display = self._displayed
        self._thread = threading.Thread(target=self._tick, name="live line", daemon=True)
        self._thread.start()
        # a run that is interrupted does not come to its end
        atexit.register(self.close)

    def close(self) -> None:
        """End, with a clean last line."""
        self._stop.set()
        self._erase()
        # what was put on the instance hides the method of the class
        self._display.__dict__.pop("display", None)
        atexit.unregister(self.close)

    def pause(self, is_paused: bool) -> None:
        """Leave the terminal to somebody else, who asks the user something."""
        self._is_paused = is_paused
        if is_paused:
            self._erase()

    def draw(self) -> None:
        """Write the line again where it has changed."""
        text = "" if self._is_paused else fitted(self._text(time.monotonic()), shutil.get_terminal_size().columns - 1)
        # the display's lock is held while a worker is forked, so no worker gets a stream in the middle of a write
        with self._display._lock:
            if text != self._shown and not self._stop.is_set():
                self._stream.write(f"{_ERASE}{text}")
                self._stream.flush()
                self._shown = text

    def _erase(self) -> None:
        with self._display._lock:
            if self._shown:
                self._stream.write(_ERASE)
                self._stream.flush()
                self._shown = ""

    def _displayed(self, msg: Any, *arguments: Any, **options: Any) -> None:
        if os.getpid() != self._owner:  # in a worker, which sends it here
            self._write_above(msg, *arguments, **options)
            return
        waits = from_message(msg)
        if waits is not None:
            self._heard(*waits)
            return
        with self._display._lock:
            self._erase()
            self._write_above(msg, *arguments, **options)
            self._stream.flush()

    def _tick(self) -> None:
        while not self._stop.wait(_EVERY):
            self.draw()
