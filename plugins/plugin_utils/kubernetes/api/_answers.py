# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What comes of an answer: so many bytes at most, so long at most, and lines that are whole."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Iterable, Iterator
from typing import Any

from urllib3.exceptions import HTTPError

from ansible_collections.doppelganger.ops.plugins.module_utils.core._deadline import Alarm

#: of what an API server answers itself: a page of a list is the largest
ANSWER_LIMIT = 64 * 1024 * 1024
#: of one line, which in a watch is a whole object; etcd takes none larger than a few megabytes
LINE_LIMIT = 16 * 1024 * 1024
_PIECE = 65536


class Unending(HTTPError):
    """An answer was not whole when its time was over."""


class TooLong(ValueError):
    """A line is longer than any that is meant to be read."""


def pieces(response: Any, limit: int, deadline: float) -> Iterator[bytes]:
    """Read until the end, or so many bytes; raises Unending at the ``deadline`` (monotonic), even amid a piece."""
    left = limit
    with _alarm(response, deadline - time.monotonic()) as alarm:
        try:
            while left > 0 and (piece := response.read(min(left, _PIECE))):
                left -= len(piece)
                yield piece
        except (HTTPError, OSError) as error:
            if alarm is None or not alarm.rang:
                raise
            raise Unending("no end in time") from error
        if alarm is not None and alarm.rang:
            raise Unending("no end in time")


@contextlib.contextmanager
def _alarm(response: Any, seconds: float) -> Iterator[Alarm | None]:
    try:
        made = Alarm(response, seconds)
    except (OSError, AttributeError, ValueError):  # all that there was has come with the head
        yield None
        return
    with made:
        yield made


def is_of_the_sender(error: BaseException | None) -> bool:
    """Whether it is the answer itself that cannot be read, and not the connection that broke."""
    found = [] if error is None else [error, *error.args]
    return any(isinstance(one, http.client.HTTPException) and not isinstance(one, ConnectionError) for one in found)


def lines(arriving: Iterable[bytes], limit: int = LINE_LIMIT) -> Iterator[bytes]:
    """The whole lines of a stream, however it is cut; raises TooLong where one has more than ``limit`` bytes."""
    begun = bytearray()
    for piece in arriving:
        first, *more = piece.split(b"\n")
        begun += first
        for line in more:
            yield bytes(begun)
            begun = bytearray(line)
        if len(begun) > limit:
            raise TooLong(f"a line has more than {limit} bytes")
    if begun:
        yield bytes(begun)
