"""The release service of the examples, asked over real sockets with what is no decent request."""

from __future__ import annotations

import asyncio
import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from aiohttp import web

from examples.release_service import service

HEAD = "POST /releases HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\nConnection: close\r\n"
Send = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def send() -> Iterator[Send]:
    """Write bytes to the service and read its answer; its inventory is not there, so that nothing ever runs."""
    addresses: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
    ended = threading.Event()

    async def serve() -> None:
        runner = web.AppRunner(service.application("/nowhere/hosts.yml", "token"), shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        addresses.put(runner.addresses[0][:2])
        await asyncio.to_thread(ended.wait)
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    address = addresses.get(timeout=10)

    def ask(written: bytes) -> bytes:
        with socket.create_connection(address, timeout=10) as client:
            client.sendall(written)
            found = b""
            # it waits a while for what else may come before it closes
            while b"\r\n\r\n" not in found and (more := client.recv(65536)):
                found += more
            return found

    yield ask
    ended.set()
    thread.join()


def request(body: bytes, *headers: str) -> bytes:
    given = headers or (f"Content-Length: {len(body)}",)
    return f"{HEAD}{''.join(f'{one}{chr(13)}{chr(10)}' for one in given)}\r\n".encode() + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


MALFORMED = {
    "nothing": b"",
    "half of it": b'{"version": "v1"',
    "more of it": b'{"version": "v1"} {}',
    "a list": b'["v1"]',
    "text": b'"version"',
    "null": b"null",
    "a number": b'{"version": 1}',
    "no version": b'{"version": null}',
    "a list of versions": b'{"version": ["v1"]}',
    "a version twice": b'{"version": "v1", "version": "v2"}',
    "something else as well": b'{"version": "v1", "reason": "x"}',
    "something else": b'{"release": "v1"}',
    "NaN": b'{"version": NaN}',
    "no end": b'{"version": -Infinity}',
    "a number without end": b'{"version": ' + b"9" * 4000 + b"}",
    "deep lists": b"[" * 4000,
    "deep dictionaries": b'{"a":' * 800,
    "no UTF-8": b'{"version": "\xff"}',
    "UTF-16": '{"version": "v1"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"version": "v1"}',
    "half a character": b'{"version": "\\ud800"}',
    "NUL": b'{"version": "\\u0000"}',
    "too long": b'{"version": "' + b"a" * 5000 + b'"}',
    "far too long": b'{"version": "' + b"a" * 3_000_000 + b'"}',
    "a form": b"version=v1",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_body_that_is_something_else_gets_400(send: Send, body: bytes) -> None:
    assert status(send(request(body))) == 400


GOOD = b'{"version": "v1"}'
HEADERS: dict[str, tuple[str, ...]] = {
    "a length that is none": ("Content-Length: x",),
    "a length of other digits": ("Content-Length: ²",),
    "a negative length": ("Content-Length: -5",),
    "two lengths": ("Content-Length: 17", "Content-Length: 5"),
    "too short a length": ("Content-Length: 5",),
    "a length and pieces": ("Content-Length: 17", "Transfer-Encoding: chunked"),
    "pieces that are none": ("Transfer-Encoding: chunked",),
    "another coding": ("Content-Length: 17", "Content-Encoding: gzip"),
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_a_body_that_is_not_what_its_headers_say_gets_400(send: Send, headers: tuple[str, ...]) -> None:
    assert status(send(request(GOOD, *headers))) == 400


@pytest.mark.parametrize("headers", [("Content-Length: 500",), ("Transfer-Encoding: chunked",)])
def test_a_body_that_does_not_come_gets_400_in_time(
    send: Send, monkeypatch: pytest.MonkeyPatch, headers: tuple[str, ...]
) -> None:
    monkeypatch.setattr(service, "PATIENCE", 0.2)
    assert status(send(request(b"", *headers))) == 400


def test_the_charset_of_a_header_is_not_asked(send: Send) -> None:
    answer = send(request(GOOD, "Content-Length: 17", "Content-Type: application/json; charset=rot13"))
    assert status(answer) == 500, "what is wrong is the service's: its inventory is not there"
    assert b"/nowhere" not in answer


@pytest.mark.parametrize("given", [b"", b"Authorization: Bearer other\r\n", b"Authorization: Bearer \xff\xfe\r\n"])
def test_a_stranger_gets_401_whatever_he_says(send: Send, given: bytes) -> None:
    written = b"POST /releases HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + given + b"Content-Length: 0\r\n\r\n"
    assert status(send(written)) == 401


@pytest.mark.parametrize("version", ["v0.2.0", "{{ 7 * 7 }}", "größe"])
def test_a_version_is_what_is_asked_for(version: str) -> None:
    assert service.read(json.dumps({"version": version}).encode()) == version
