# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processes that are started here, each in a session of its own: it ends with all that it started itself.

A time limit ends the whole group. Who has left it (a daemon) lives on, and holds nobody up by keeping a pipe open.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

#: for putting things right after SIGTERM, in seconds, before SIGKILL
_PATIENCE = 2.0
#: what a process that has ended has written is read within, in seconds; a pipe may be held open by others
_REST = 2.0
_LOOKS_EVERY = 0.02


@dataclass(frozen=True)
class Done:
    """How a process ended: its code, negative for a signal, and what it wrote.

    ``in_time`` False: it was ended, as it took longer than it may. ``fits`` False: as it wrote more than it may.
    """

    code: int
    output: str
    errors: str
    in_time: bool = True
    fits: bool = True


def run(
    argv: Sequence[str],
    timeout: float,
    *,
    data: bytes | None = None,
    stdout: IO[bytes] | None = None,
    most: int,
    **options: Any,
) -> Done:
    """Run a process to its end, or end it and its group, as where it writes more than ``most`` bytes.

    ``data`` is its input, ``stdout`` takes its output instead. Raises OSError where it cannot be started.
    """
    pipe = subprocess.PIPE
    if data is not None:
        options["stdin"] = pipe
    process = start(argv, stdout=stdout or pipe, stderr=pipe, **options)
    readers: list[_Reader] = []
    try:
        readers += [_Reader(process, process.stdout, most, True), _Reader(process, process.stderr, most, False)]
        in_time = _ended(process, data, timeout)
        until = time.monotonic() + _REST
        for one in readers:
            one.join(max(0.0, until - time.monotonic()))
    except BaseException:
        end(process, 0)
        raise
    finally:
        for one in readers:
            one.leave()
    output, errors = (one.text() for one in readers)
    return Done(process.returncode, output, errors, in_time, not any(one.was_too_long for one in readers))


def start(argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process as the first of a session and a group; OSError where that is not possible."""
    return subprocess.Popen(list(argv), start_new_session=True, **options)


def end(process: subprocess.Popen[bytes], patience: float = _PATIENCE) -> None:
    """End a process and its group: with SIGTERM, and what is left after ``patience`` seconds with SIGKILL."""
    until = time.monotonic() + patience
    is_there = patience > 0 and _tell(process, signal.SIGTERM)
    while is_there and time.monotonic() < until:
        time.sleep(_LOOKS_EVERY)
        process.poll()
        is_there = _tell(process, 0)
    _tell(process, signal.SIGKILL)
    process.wait()


def _tell(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to a group; False where it is gone."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # what is left is somebody else's: sudo was used
        return process.returncode is None
    return True


def _ended(process: subprocess.Popen[bytes], data: bytes | None, timeout: float) -> bool:
    """Wait for the end of a process; False where it had to be ended."""
    if process.stdin is not None:
        threading.Thread(target=_write, args=[process.stdin, data or b""], daemon=True).start()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        end(process)
        return False
    if process.returncode < 0:  # it was killed: what it had begun goes on without it
        end(process)
    return True


def _write(stream: IO[bytes], data: bytes) -> None:
    with contextlib.suppress(OSError), stream:  # it may have ended without reading
        stream.write(data)


class _Reader(threading.Thread):
    """Reads what a process writes, in bounded memory: output that does not fit ends it, of errors the end is kept."""

    def __init__(self, process: subprocess.Popen[bytes], stream: IO[bytes] | None, most: int, must_fit: bool) -> None:
        super().__init__(daemon=True)
        self._process, self._stream, self._most, self._must_fit = process, stream, most, must_fit
        self._kept = bytearray()
        self._is_left = False
        self.was_too_long = False
        self.start()

    def run(self) -> None:
        """Read to the end, or until nobody waits for it any more."""
        if self._stream is None:
            return
        with self._stream:
            while not self._is_left and (piece := os.read(self._stream.fileno(), 65536)):
                self._kept += piece
                if self._must_fit and len(self._kept) > self._most:
                    self.was_too_long = True
                    _tell(self._process, signal.SIGKILL)
                    return
                if len(self._kept) > 2 * self._most:
                    del self._kept[: -self._most]

    def leave(self) -> None:
        """Whoever still holds the other end may keep it."""
        self._is_left = True

    def text(self) -> str:
        """What was read."""
        return bytes(self._kept).decode(errors="replace")
