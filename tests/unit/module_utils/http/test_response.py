"""An answer in HTTP/1.1, from the bytes that have come so far."""

from __future__ import annotations

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.http import _response
from ansible_collections.doppelganger.ops.plugins.module_utils.http._response import BODY_LIMIT, Garbled, parse

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("content", [b"plain", b"two\r\nlines", b"\r\n", b"5\r\nab"])
def test_a_chunk_ends_where_its_size_says(content: bytes) -> None:
    body = b"".join(b"%x;name=value\r\n%b\r\n" % (len(part), part) for part in (content, content)) + b"0\r\n\r\n"
    found = parse(CHUNKED + body, ended=False)
    assert found
    assert (found.body, found.cut) == (content * 2, False)


def test_chunks_are_waited_for() -> None:
    assert parse(CHUNKED + b"5\r\nabc", ended=False) is None
    with pytest.raises(Garbled):
        parse(CHUNKED + b"5\r\nabc", ended=True)


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
    found = parse(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + b"x" * size, ended=False)
    assert found
    assert (len(found.body), found.cut) == (min(size, BODY_LIMIT), cut)


def test_what_came_first_may_be_an_answer_to_come() -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    found = parse(answer, ended=False)
    assert found
    assert found.status == 204
    assert _response.unchunked(b"") == (b"", False)
