"""An answer in HTTP/1.1, from the bytes that have come so far."""

from __future__ import annotations

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Garbled
from ansible_collections.doppelganger.ops.plugins.module_utils.http._response import BODY_LIMIT, Answer, Response

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def fed(data: bytes) -> Response | None:
    """What is read of it, before anybody says that nothing follows."""
    return Answer().feed(data)


@pytest.mark.parametrize("content", [b"plain", b"two\r\nlines", b"\r\n", b"5\r\nab"])
def test_a_chunk_ends_where_its_size_says(content: bytes) -> None:
    body = b"".join(b"%x;name=value\r\n%b\r\n" % (len(part), part) for part in (content, content)) + b"0\r\n\r\n"
    found = fed(CHUNKED + body)
    assert found
    assert (found.body, found.cut) == (content * 2, False)


def test_chunks_are_waited_for() -> None:
    answer = Answer()
    assert answer.feed(CHUNKED + b"5\r\nabc") is None
    with pytest.raises(Garbled):
        answer.end()


def test_a_piece_of_a_chunk_is_not_its_end() -> None:
    answer = Answer()
    assert answer.feed(CHUNKED + b"9\r\nab\r\n") is None
    found = answer.feed(b"cdefg\r\n0\r\n\r\n")
    assert found
    assert found.body == b"ab\r\ncdefg"


def test_an_answer_may_come_byte_by_byte() -> None:
    answer, data = Answer(), CHUNKED + b"3;a=b\r\nabc\r\n2\r\n\r\n\r\n0\r\nX: y\r\n\r\n"
    found = [answer.feed(data[at : at + 1]) for at in range(len(data))]
    assert found[:-1] == [None] * (len(data) - 1)
    assert found[-1]
    assert found[-1].body == b"abc\r\n"


@pytest.mark.parametrize(
    ("size", "length", "cut"),
    [
        (BODY_LIMIT - 1, BODY_LIMIT - 1, False),
        (BODY_LIMIT, BODY_LIMIT, False),
        (BODY_LIMIT, BODY_LIMIT + 9, True),
        (BODY_LIMIT + 1, BODY_LIMIT + 1, True),
    ],
)
def test_of_a_long_body_the_beginning_is_kept_and_called_cut(size: int, length: int, cut: bool) -> None:
    found = fed(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + b"x" * size)
    assert found
    assert (len(found.body), found.cut) == (min(size, BODY_LIMIT), cut)


def test_what_came_first_may_be_an_answer_to_come() -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    found = fed(answer)
    assert found
    assert found.status == 204
