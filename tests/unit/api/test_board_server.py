"""The dashboard over HTTP: what it answers, to whom, and what a browser may do with it."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from doppelganger_ops import _board_server, schemas
from doppelganger_ops.errors import InputError
from tests.unit.api.looked import Watched


@pytest.fixture
def watched() -> Watched:
    """A board on which something is known."""
    found = Watched()
    found.round()
    return found


@pytest.fixture
def server(watched: Watched) -> Iterator[_board_server.BoardServer]:
    made = _board_server.serve(watched.board, "127.0.0.1", 0)
    thread = threading.Thread(target=lambda: made.serve_forever(0.01), daemon=True)
    thread.start()
    yield made
    watched.board.close()
    made.shutdown()
    made.server_close()
    thread.join()


def ask(
    server: _board_server.BoardServer, path: str = "/", method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.request(method, path, headers=headers, body=b"x" if method == "POST" else None)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


ANSWERS = [
    ("/", 200, "text/html; charset=utf-8"),
    ("/?x=1", 200, "text/html; charset=utf-8"),
    ("/data.json", 200, "application/json"),
    ("/board.css", 200, "text/css; charset=utf-8"),
    ("/board.js", 200, "text/javascript; charset=utf-8"),
    ("/board.svg", 200, "image/svg+xml"),
    ("/favicon.ico", 404, "text/plain"),
    ("/../../etc/passwd", 404, "text/plain"),
    ("/data.json/", 404, "text/plain"),
    ("//evil.example/", 404, "text/plain"),
]


@pytest.mark.parametrize(("path", "status", "kind"), ANSWERS)
def test_what_is_answered(server: _board_server.BoardServer, path: str, status: int, kind: str) -> None:
    found, headers, body = ask(server, path)
    assert (found, headers["content-type"]) == (status, kind)
    assert body
    again, head, nothing = ask(server, path, "HEAD")
    assert (again, head["content-length"], nothing) == (status, headers["content-length"], b"")


@pytest.mark.parametrize("path", ["/", "/data.json", "/board.js", "/nothing"])
def test_nothing_leads_outside_and_nobody_frames_or_keeps_it(server: _board_server.BoardServer, path: str) -> None:
    _, headers, _ = ask(server, path)
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers
    assert "Python" not in headers["server"]


def test_the_data_is_as_its_schema_says(server: _board_server.BoardServer, watched: Watched) -> None:
    found = json.loads(ask(server, "/data.json")[2])
    assert schemas.problems("dashboard", found) == []
    assert found == json.loads(json.dumps(watched.board.to_dict()))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "NONSENSE"])
def test_nothing_can_be_changed(server: _board_server.BoardServer, method: str) -> None:
    status, headers, body = ask(server, "/", method)
    assert (status, headers["allow"], headers["connection"]) == (405, "GET, HEAD", "close")
    assert b"GET and HEAD" in body


HOSTS = [
    ("127.0.0.1:3000", True),
    ("127.0.0.1", True),
    ("localhost:3000", True),
    ("LOCALHOST", True),
    ("localhost:9999", True),  # through a tunnel
    ("[::1]:3000", True),
    ("evil.example", False),
    ("evil.example:3000", False),
    ("localhost.evil.example", False),
    ("127.0.0.1.evil.example", False),
    ("127.0.0.2", False),
    ("10.0.0.1", False),
    ("0.0.0.0", False),
    ("[::ffff:1.2.3.4]", False),
    ("[", False),
    ("", False),
]


@pytest.mark.parametrize("path", ["/", "/data.json", "/events", "/board.js"])
@pytest.mark.parametrize(("host", "is_own"), HOSTS)
def test_only_a_name_of_its_own_is_answered(
    server: _board_server.BoardServer, path: str, host: str, is_own: bool
) -> None:
    method = "HEAD" if path == "/events" else "GET"
    status, _, body = ask(server, path, method, Host=host)
    assert status == (200 if is_own else 421)
    assert is_own or b"app" not in body


@pytest.mark.parametrize(
    "written",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_what_is_no_decent_request_gets_nothing(server: _board_server.BoardServer, written: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as client:
        client.sendall(written)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert b"0001-v1" not in answer
    assert b" 200 " not in answer.partition(b"\r\n")[0]


def events(answer: http.client.HTTPResponse, count: int) -> list[str]:
    lines = (answer.readline().decode().strip() for _ in range(3 * count))
    return [line for line in lines if line]


def test_the_stream_tells_of_news_and_that_it_is_alive(
    server: _board_server.BoardServer, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_board_server, "ALIVE", 0.2)
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    assert answer.getheader("content-type") == "text/event-stream"
    assert events(answer, 2) == ["event: revision", "data: 3"] * 2
    watched.board.failed("verify", "It cannot.")
    assert events(answer, 2)[-1] == "data: 4"
    watched.board.close()
    answer.read()
    connection.close()


def test_so_many_may_follow_the_stream_and_the_next_is_refused(
    server: _board_server.BoardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.streams = threading.BoundedSemaphore(1)
    monkeypatch.setattr(_board_server, "ALIVE", 0.02)
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    events(answer, 1)
    assert ask(server, "/events", "HEAD")[0] == 503
    assert ask(server, "/data.json")[0] == 200
    answer.close()
    connection.close()
    until = time.monotonic() + 5
    # asked once more afterwards, the one before might not have gone yet
    while (status := ask(server, "/events", "HEAD")[0]) == 503 and time.monotonic() < until:
        time.sleep(0.02)
    assert status == 200, "who has gone makes room"


# bounds


def answered(client: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while more := client.recv(65536):
            found += more
    return found


def connect(server: _board_server.BoardServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_port), timeout=10)


def free(server: _board_server.BoardServer, most: int) -> bool:
    """Whether so many connections find room again within a few seconds."""
    until = time.monotonic() + 5
    while server.connections._value < most and time.monotonic() < until:
        time.sleep(0.02)
    return server.connections._value == most


def test_so_many_may_be_connected_and_one_more_is_told(server: _board_server.BoardServer) -> None:
    server.connections = threading.BoundedSemaphore(3)
    idle = [connect(server) for _ in range(3)]
    with connect(server) as client:
        assert answered(client).startswith(b"HTTP/1.1 503 ")
    for one in idle:
        one.close()
    assert free(server, 3), "who has gone makes room"
    assert ask(server)[0] == 200


SLOW = [b"", b"GET", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "]


@pytest.mark.parametrize("begin", SLOW)
def test_a_request_that_drips_is_closed_in_time(
    server: _board_server.BoardServer, monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    """A byte now and then is no progress: the time is that of the whole request."""
    monkeypatch.setattr(_board_server, "PATIENCE", 0.4)
    began = time.monotonic()
    with connect(server) as client:
        client.sendall(begin)
        client.settimeout(0.05)
        while time.monotonic() - began < 5:
            with contextlib.suppress(TimeoutError, ConnectionResetError, BrokenPipeError):
                client.send(b"y")
                if client.recv(1) == b"":
                    break
                continue
            if free_now(server):
                break
    assert time.monotonic() - began < 3
    assert free(server, _board_server.MOST_CONNECTIONS)


def free_now(server: _board_server.BoardServer) -> bool:
    return server.connections._value == _board_server.MOST_CONNECTIONS


def test_another_request_has_its_own_time(server: _board_server.BoardServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_board_server, "PATIENCE", 0.5)
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    for _ in range(4):
        connection.request("GET", "/data.json")
        assert connection.getresponse().read()
        time.sleep(0.2)
    connection.close()


LONG = [
    b"GET /" + b"a" * _board_server.MOST_BYTES,
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * _board_server.MOST_BYTES,
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: aaaaaaaa\r\n" * (_board_server.MOST_BYTES // 13),
]


@pytest.mark.parametrize("written", LONG)
def test_a_request_that_is_too_long_is_refused_before_it_ends(
    server: _board_server.BoardServer, written: bytes
) -> None:
    with connect(server) as client:
        client.sendall(written)
        answer = answered(client)
    assert answer.split(b" ")[1] in (b"414", b"431")
    assert b"0001-v1" not in answer
    assert free(server, _board_server.MOST_CONNECTIONS)


@pytest.mark.parametrize("header", [b"Content-Length: 30", b"Transfer-Encoding: chunked", b"Content-Length: -1"])
def test_what_comes_as_a_body_is_no_request(server: _board_server.BoardServer, header: bytes) -> None:
    inner = b"GET /data.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(server) as client:
        client.sendall(b"GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n\r\n" + inner)
        answer = answered(client)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"404" in answer.partition(b"\r\n")[0]


def test_an_answer_that_nobody_takes_is_given_up(
    server: _board_server.BoardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_board_server, "SENDING", 0.3)
    server.files = {"/board.js": ("text/javascript", b"x" * 50_000_000)}
    with connect(server) as client:
        client.sendall(b"GET /board.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(100)
        assert free(server, _board_server.MOST_CONNECTIONS)


# where it listens


def taken(port: int = 0) -> socket.socket:
    found = socket.socket()
    found.bind(("127.0.0.1", port))
    found.listen()
    return found


def test_the_next_port_is_taken_where_nobody_asked_for_a_certain_one(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    with taken() as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(_board_server, "PORT", port)
        made = _board_server.serve(watched.board, "127.0.0.1", None)
        with made:
            assert made.url == f"http://127.0.0.1:{made.server_port}/"
            assert port < made.server_port <= port + _board_server.MORE_PORTS


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"address": "example.com", "port": None}, "one of this machine's IP addresses"),
    ({"address": "", "port": None}, "one of this machine's IP addresses"),
    ({"address": "192.0.2.1", "port": None}, "cannot listen on 192.0.2.1"),
    ({"address": 5, "port": None}, "address must be text"),
    ({"address": "127.0.0.1", "port": 65536}, "from 0 to 65535"),
    ({"address": "127.0.0.1", "port": "3000"}, "from 0 to 65535"),
    ({"address": "127.0.0.1", "port": True}, "from 0 to 65535"),
    ({"address": "127.0.0.1", "port": -1}, "from 0 to 65535"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
def test_where_it_cannot_listen_is_refused(watched: Watched, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        _board_server.serve(watched.board, **given)


def test_a_port_that_is_asked_for_and_taken_is_refused(watched: Watched) -> None:
    with (
        taken() as other,
        pytest.raises(InputError, match=r"cannot listen on 127\.0\.0\.1, port \d+: Address already in use"),
    ):
        _board_server.serve(watched.board, "127.0.0.1", other.getsockname()[1])


@pytest.mark.parametrize(("address", "shown"), [("::1", "[::1]"), ("0.0.0.0", "localhost")])
def test_an_address_is_shown_as_a_browser_takes_it(watched: Watched, address: str, shown: str) -> None:
    try:
        made = _board_server.serve(watched.board, address, 0)
    except InputError:
        assert address == "::1", "a machine without IPv6"
        return
    with made:
        assert made.url == f"http://{shown}:{made.server_port}/"
