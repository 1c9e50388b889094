"""Answers in HTTP, whatever is sent and however it is cut: one verdict, in time that grows with their length."""

from __future__ import annotations

import http.client
import io
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Garbled
from ansible_collections.doppelganger.ops.plugins.module_utils.http._response import (
    BODY_LIMIT,
    FRAMING_LIMIT,
    HEAD_LIMIT,
    LINE_LIMIT,
    Answer,
    Response,
)
from tests.fuzz.hostile import CHUNKED, GARBAGE, OK, processor_seconds

#: no answer is read further than this
MOST = HEAD_LIMIT + BODY_LIMIT + FRAMING_LIMIT + LINE_LIMIT + 65536

PIECES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 204 No\r\n", b"\r\n", b"\r", b"\n",
        b"Content-Length: 3\r\n", b"Content-Length: 4\r\n", b"Content-Length: -1\r\n", b"content-length : 03\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n", b" folded\r\n", b"3\r\nabc\r\n",
        b"3;a=b\r\nabc\r\n", b"0\r\n", b"-3\r\n", b"0x3\r\n", b"\xb2\r\n", b"abc",
    ]
)  # fmt: skip
ANSWERS = st.tuples(st.sampled_from([b"", OK, CHUNKED]), st.lists(PIECES | st.binary(max_size=6), max_size=12)).map(
    lambda both: both[0] + b"".join(both[1])
)


def read(pieces: Iterable[bytes], limit: int = BODY_LIMIT) -> Response | None:
    """The answer, None for garbage."""
    answer = Answer(limit=limit)
    try:
        for piece in pieces:
            found = answer.feed(piece)
            if found is not None:
                return found
        return answer.end()
    except Garbled:
        return None


@given(ANSWERS, st.lists(st.integers(0, 200), max_size=8), st.sampled_from([2, 3, 4, BODY_LIMIT]))
def test_an_answer_is_the_same_however_it_is_cut(data: bytes, cuts: list[int], limit: int) -> None:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    whole = read([data], limit)
    assert read([data[one:other] for one, other in itertools.pairwise(places)], limit) == whole
    assert read([data[at : at + 1] for at in range(len(data))], limit) == whole


@given(st.binary(max_size=300))
def test_any_bytes_come_to_an_end(data: bytes) -> None:
    read([data])
    read([CHUNKED, data])


@given(
    st.integers(200, 599),
    st.lists(st.binary(min_size=1, max_size=40), max_size=6),
    st.sampled_from(["length", "chunked", "close"]),
    st.dictionaries(
        st.from_regex(r"X-[A-Za-z0-9]{1,8}", fullmatch=True), st.from_regex(r"[!-~]{0,10}", fullmatch=True)
    ),
)
def test_what_is_valid_is_read_as_the_standard_library_reads_it(
    status: int, parts: list[bytes], kind: str, headers: dict[str, str]
) -> None:
    assume(len({name.lower() for name in headers}) == len(headers))
    # these have no body, and the library reads the chunks of one all the same
    assume(kind != "chunked" or status not in (204, 304))
    head = f"HTTP/1.1 {status} Any\r\n" + "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    body = b"".join(parts)
    if kind == "length":
        data = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    elif kind == "chunked":
        chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in parts)
        data = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\nX-T: u\r\n\r\n"
    else:
        data = f"{head}\r\n".encode() + body
    ours, theirs = read([data]), _of_the_library(data)
    assert ours is not None
    assert (ours.status, ours.body) == (theirs.status, theirs.read())
    assert {name: ours.headers[name.lower()] for name in headers} == {name: theirs.headers[name] for name in headers}


def _of_the_library(data: bytes) -> http.client.HTTPResponse:
    class Connection:
        def makefile(self, *_: Any, **__: Any) -> io.BytesIO:
            return io.BytesIO(data)

    connection: Any = Connection()
    found = http.client.HTTPResponse(connection)
    found.begin()
    return found


@pytest.mark.parametrize("name", GARBAGE)
def test_no_more_is_read_than_the_limits_say(name: str) -> None:
    read_so_far = 0

    def counted() -> Iterable[bytes]:
        nonlocal read_so_far
        for piece in GARBAGE[name]():
            read_so_far += len(piece)
            assert read_so_far < MOST
            yield piece

    assert read(counted()) is None


#: what grows, and is sent in pieces of so many bytes
GROWING: dict[str, tuple[Callable[[int], bytes], int]] = {
    "a head": (lambda size: OK + b"X: y\r\n" * (size // 6), 1),
    "one header": (lambda size: OK + b"X: " + b" " * size, 1),
    "interim answers": (lambda size: b"HTTP/1.1 100 C\r\n\r\n" * (size // 18), 7),
    "chunks of one byte": (lambda size: CHUNKED + b"1\r\na\r\n" * (size // 6), 3),
    "a body": (lambda size: OK + b"Content-Length: 999999\r\n\r\n" + b"x" * size, 1),
    "trailers": (lambda size: CHUNKED + b"0\r\n" + b"X: y\r\n" * (size // 6), 1),
}


@pytest.mark.parametrize("name", GROWING)
def test_time_grows_with_the_length(name: str) -> None:
    make, piece = GROWING[name]

    def took(size: int) -> float:
        data = make(size)
        return processor_seconds(lambda: read(data[at : at + piece] for at in range(0, len(data), piece)))

    small, large = took(6_000), took(60_000)
    assert large < 10 * small * 4 + 0.01  # ten times as much; a hundred times as long where it is quadratic
