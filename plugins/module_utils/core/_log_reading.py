# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logs, whatever an application writes into them: lines of any length, or none at all, read in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..text._excerpt import CUT
from . import _files

#: of a longer line only its beginning is checked, in bytes; less than an entry, as the next has a stamp of its own
LINE_LIMIT = 8192
#: engines and runtimes keep a longer line as several entries
_ENTRY = 16384
_HEADER = 8  # the engine prefixes each frame of an attached stream with its channel and its length
#: how many entries are asked for at first, how many times as many where that was not enough, and at most
_FIRST, _MORE, _MOST = 64, 8, 32768


@dataclass(frozen=True)
class LogEnd:
    """The end of a log. ``was_cut``: there is more before it, so it may begin within a line, or within a secret."""

    text: str
    was_cut: bool = False


def end_of(read: Callable[[int], Iterable[bytes]], limit: int) -> LogEnd:
    """The last ``limit`` bytes of a log of which ``read`` gives the last so many entries.

    Nobody tells how long entries are, so more are asked for until there is enough of them: what is read is a few times
    the limit, whether the log is one endless line or many short ones.
    """
    asked = _FIRST
    while True:
        kept, size, lines = bytearray(), 0, 0
        for piece in read(asked):
            kept += piece
            size += len(piece)
            lines += piece.count(b"\n")
            if len(kept) > 2 * limit:
                del kept[:-limit]
        is_all = lines + size // _ENTRY + 1 < asked
        if is_all or size >= limit or asked >= _MOST:
            return LogEnd(bytes(kept[-limit:]).decode("utf-8", "replace"), size > limit or not is_all)
        asked *= _MORE


def end_of_file(path: Path, limit: int) -> LogEnd:
    """The last ``limit`` bytes of a file."""
    end = _files.read_end(path, limit + 1)
    return LogEnd(end[-limit:].decode("utf-8", "replace"), len(end) > limit)


def lines_from(chunks: Iterable[bytes], limit: int = LINE_LIMIT) -> Iterator[str]:
    """Cut a stream into lines, whichever way it comes in pieces; of a longer line only ``limit`` bytes, and a mark."""
    kept = b""
    for chunk in chunks:
        *whole, last = chunk.split(b"\n")
        for line in whole:
            yield _as_line(kept + line[: limit + 1 - len(kept)], limit)
            kept = b""
        kept += last[: limit + 1 - len(kept)]
    if kept:
        yield _as_line(kept, limit)


def _as_line(kept: bytes, limit: int) -> str:
    return kept[:limit].decode("utf-8", "replace") + (CUT if len(kept) > limit else "")


def unframed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Take the frames off a stream of the engine's; that of a container with a terminal has none."""
    waiting, left = b"", 0
    framed: bool | None = None
    for chunk in chunks:
        waiting += chunk
        if framed is None and len(waiting) < _HEADER:
            continue
        if framed is None:
            framed = waiting[0] < 3 and waiting[1:4] == b"\0\0\0"  # a channel's number
        if not framed:
            yield waiting
            waiting = b""
            continue
        content, waiting, left = _without_frames(waiting, left)
        yield content
    if waiting and not framed:
        yield waiting


def _without_frames(data: bytes, left: int) -> tuple[bytes, bytes, int]:
    """What the frames carry, what is left over of the data, and how much of the last frame has not come yet."""
    content, at = bytearray(), 0
    while at < len(data):
        if not left:
            if len(data) < at + _HEADER:
                break
            left = int.from_bytes(data[at + 4 : at + _HEADER], "big")
            at += _HEADER
        content += data[at : at + left]
        got = min(left, len(data) - at)
        at, left = at + got, left - got
    return bytes(content), data[at:], left
