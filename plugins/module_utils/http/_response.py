# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An answer in HTTP/1.1, read as it comes: its sender may be broken or hostile.

Each byte is checked once, and what is kept is bounded: the head, the body, and what frames the body. Time is for
the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..core._errors import Garbled
from ..text._excerpt import excerpt

#: of a longer body only so much is kept, in bytes
BODY_LIMIT = 1_000_000
#: what is checked of what is quoted; much more than is shown, as secrets are blanked out before the cut
_QUOTED = 4096
#: of all heads together, interim answers included
HEAD_LIMIT = 65536
#: of one line of a chunk's size, with its extensions, or of the trailer
LINE_LIMIT = 4096
#: of all such lines together; the chunks of one byte that somebody may send are as many as fit
FRAMING_LIMIT = 500_000

_BEGIN = b"HTTP/1."
_STATUS = re.compile(r"HTTP/1\.[0-9] ([1-9][0-9]{2})(?: .*)?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;.*)?", re.DOTALL)
#: headers whose values count together where they come several times
_JOINED = frozenset({"content-length", "transfer-encoding", "connection"})
_SWITCHED = 101


@dataclass(frozen=True)
class Response:
    """An answer, as far as it was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool = False


class Answer:
    """One answer that comes in pieces. Raises Garbled as soon as what has come cannot become one."""

    def __init__(self, bodiless: bool = False, limit: int = BODY_LIMIT) -> None:
        self._bodiless, self._limit = bodiless, limit
        #: what has come and is not understood yet, and how far it was searched
        self._data, self._searched = bytearray(), 0
        self._heads = self._framing = self._left = 0
        self._status, self._headers, self._body = 0, {"": ""}, bytearray()
        #: what is read next; it gives the answer, or whether the step after it may begin
        self._step: Callable[[], Response | bool] = self._head

    @property
    def has_more(self) -> bool:
        """Whether more came than the answer."""
        return bool(self._data)

    def feed(self, piece: bytes) -> Response | None:
        """Take a piece; None when there is more to come."""
        self._data += piece
        done: Response | bool = True
        while done is True:
            done = self._step()
        return done or None

    def end(self) -> Response:
        """The answer, where the end of the connection is the end of it."""
        if self._step == self._until_the_end:
            return self._response()
        if self._step != self._head:
            raise Garbled(f"the response was cut off after {len(self._body)} bytes of its body")
        came = self._data or self._heads
        raise Garbled("the response was cut off" if came else "the connection was closed before a response")

    # steps

    def _head(self) -> Response | bool:
        if not self._data.startswith(_BEGIN[: len(self._data)]):
            raise Garbled(f"the response is not HTTP: {excerpt(bytes(self._data[:_QUOTED]), 40)!r}")
        end = self._found(b"\r\n\r\n", HEAD_LIMIT - self._heads, "head")
        if end < 0:
            return False
        self._status, self._headers = _read_head(self._data[:end].decode("latin-1"))
        del self._data[: end + 4]
        self._heads += end + 4
        if self._status >= 200 or self._status == _SWITCHED:
            self._step = self._how_it_ends()
        return True

    def _how_it_ends(self) -> Callable[[], Response | bool]:
        if self._bodiless or self._status in (_SWITCHED, 204, 304):
            return self._response
        if "transfer-encoding" in self._headers:
            last = self._headers["transfer-encoding"].rpartition(",")[2].strip().lower()
            return self._chunk_size if last == "chunked" else self._until_the_end
        if "content-length" not in self._headers:
            return self._until_the_end
        self._left = _length(self._headers["content-length"])
        return self._counted

    def _counted(self) -> Response | bool:
        if self._move():
            return self._cut()
        if not self._left:
            return self._response()
        return len(self._body) == self._limit and self._cut()

    def _until_the_end(self) -> Response | bool:
        self._left = len(self._data)
        return self._move() and self._cut()

    def _chunk_size(self) -> Response | bool:
        end = self._found(b"\r\n", LINE_LIMIT, "size of a chunk")
        if end < 0:
            return False
        size = _SIZE.fullmatch(self._data, 0, end)
        if size is None:
            raise Garbled(f"a chunk of the answer has no size: {excerpt(bytes(self._data[:_QUOTED]), 20)!r}")
        self._left = int(size[1], 16)
        self._drop(end + 2)
        self._step = self._chunk if self._left else self._trailer
        return True

    def _chunk(self) -> Response | bool:
        if self._move():
            return self._cut()
        if len(self._data) < 2:  # nothing is left here while more of the chunk is to come
            return False
        if not self._data.startswith(b"\r\n"):
            raise Garbled(
                f"a chunk of the answer is longer than its size: {excerpt(bytes(self._data[:_QUOTED]), 20)!r}"
            )
        self._drop(2)
        self._step = self._chunk_size
        return True

    def _trailer(self) -> Response | bool:
        end = self._found(b"\r\n", LINE_LIMIT, "trailer")
        if end < 0:
            return False
        self._drop(end + 2)
        return True if end else self._response()

    # the bytes

    def _found(self, mark: bytes, most: int, what: str) -> int:
        """Where the mark is, at most so many bytes from here; -1 when it has not come yet."""
        end = self._data.find(mark, self._searched, most + len(mark))
        if end < 0 and len(self._data) >= most + len(mark):
            raise Garbled(f"the {what} of the answer has no end")
        self._searched = 0 if end >= 0 else max(0, len(self._data) - len(mark) + 1)
        return end

    def _move(self) -> bool:
        """Move what has come of the next bytes to the body; true where it is full and there are more."""
        count = min(self._left, len(self._data))
        room = self._limit - len(self._body)
        self._body += self._data[: min(count, room)]
        del self._data[:count]
        self._left -= count
        return count > room

    def _drop(self, count: int) -> None:
        del self._data[:count]
        self._framing += count
        if self._framing > FRAMING_LIMIT:
            raise Garbled(f"the answer has more than {FRAMING_LIMIT} bytes around its chunks")

    def _response(self) -> Response:
        return Response(self._status, self._headers, bytes(self._body))

    def _cut(self) -> Response:
        return Response(self._status, self._headers, bytes(self._body), cut=True)


def _read_head(head: str) -> tuple[int, dict[str, str]]:
    if "\r\n " in head or "\r\n\t" in head:  # a value in several lines
        head = head.replace("\r\n ", " ").replace("\r\n\t", " ")
    first, *lines = head.split("\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise Garbled(f"the response is not HTTP: {excerpt(first, 40)!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Garbled(f"a header of the answer has no colon: {excerpt(line, 40)!r}")
        name = name.strip().lower()
        is_joined = name in _JOINED and name in headers
        headers[name] = f"{headers[name]}, {value.strip()}" if is_joined else value.strip()
    return int(status[1]), headers


def _length(text: str) -> int:
    """What Content-Length says, once or several times the same."""
    if _LENGTH.fullmatch(text):
        return int(text)
    each = {one.strip() for one in text.split(",")}
    if len(each) != 1 or not _LENGTH.fullmatch(text := each.pop()):
        raise Garbled(f"the answer has no usable Content-Length: {excerpt(text, 40)!r}")
    return int(text)
