"""What is asked of our servers: they answer or close, whatever comes, and serve the next one."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelganger_ops import _board_server
from doppelganger_ops.board import Board
from examples.release_service import service

PIECES = st.sampled_from(
    [
        b"GET ", b"HEAD ", b"POST ", b"/", b"/data.json", b"/events", b"//[", b"http://localhost/", b"?", b"%00",
        b" HTTP/1.1", b" HTTP/1.0", b" HTTP/0.9", b" HTTP/9.9", b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\r\n", b"\n",
        b"Host: localhost", b"Host: [", b"Host: evil.example", b"Content-Length: 5", b"Content-Length: -1", b" : ",
        b"Transfer-Encoding: chunked", b"Connection: keep-alive", b"Expect: 100-continue", b"a" * 3000, b"\xff", b"\t",
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[_board_server.BoardServer]:
    board = Board(every=60, grafana=None)
    made = _board_server.serve(board, "127.0.0.1", 0)
    thread = threading.Thread(target=lambda: made.serve_forever(0.01), daemon=True)
    thread.start()
    yield made
    board.close()
    made.shutdown()
    made.server_close()
    thread.join()


def ask(server: _board_server.BoardServer, written: bytes) -> bytes:
    """What is answered to these bytes, which are all that comes."""
    found = b""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as client:
        with contextlib.suppress(ConnectionError, OSError):
            client.sendall(written)
            client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            # a stream goes on for as long as somebody listens
            while b"event-stream" not in found and (more := client.recv(65536)):
                found += more
    return found


@given(st.lists(PIECES | st.binary(max_size=4), max_size=12).map(b"".join))
def test_the_dashboard_answers_or_closes_and_serves_the_next(server: _board_server.BoardServer, written: bytes) -> None:
    ask(server, written)
    good = ask(server, b"GET /data.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert good.startswith(b"HTTP/1.1 200 ")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["version", "a"]), inner, max_size=2),
)
BODIES = VALUES.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)


@given(BODIES)
def test_the_release_service_takes_a_version_alone(body: bytes) -> None:
    try:
        version = service.read(body)
    except ValueError:
        return
    assert json.loads(body) == {"version": version}
