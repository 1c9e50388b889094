"""Servers on the loopback that mean it badly: each form of answer by name, and who sends it without an end."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
Say = Callable[[], Iterable[bytes]]


def ever(piece: bytes, after: bytes = b"") -> Say:
    """The same again and again, without an end."""
    return lambda: itertools.chain([after], itertools.repeat(piece))


def once(data: bytes) -> Say:
    """That, and the connection is closed."""
    return lambda: [data]


#: answers in HTTP that nobody can make anything of; a client that keeps its limits finds that out by itself
GARBAGE: dict[str, Say] = {
    "nothing": once(b""),
    "another protocol": once(b"SSH-2.0-OpenSSH\r\n\r\n"),
    "zeros": ever(b"\0" * 65536),
    "a status of other digits": once("HTTP/1.1 ²²² OK\r\n\r\n".encode("latin-1")),
    "a status of five digits": once(b"HTTP/1.1 20000 OK\r\n\r\n"),
    "a status below 100": once(b"HTTP/1.1 099 OK\r\n\r\n"),
    "a negative status": once(b"HTTP/1.1 -20 OK\r\n\r\n"),
    "a header without a colon": once(OK + b"Content-Length 5\r\n\r\nhello"),
    "headers without an end": ever(b"X-A: b\r\n" * 1000, OK),
    "a header without an end": ever(b"x" * 65536, OK + b"X-A: "),
    "5000 interim answers": once(b"HTTP/1.1 100 Continue\r\n\r\n" * 5000 + OK + b"\r\n"),
    "interim answers without an end": ever(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
    "a length of other digits": once(OK + "Content-Length: ²\r\n\r\nhi".encode("latin-1")),
    "a negative length": once(OK + b"Content-Length: -5\r\n\r\nhello"),
    "a length with a sign": once(OK + b"Content-Length: +5\r\n\r\nhello"),
    "a length with an underscore": once(OK + b"Content-Length: 1_0\r\n\r\n0123456789"),
    "a length without a number": once(OK + b"Content-Length:\r\n\r\nhello"),
    "a length of 5000 digits": once(OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nhello"),
    "two lengths": once(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    "two lengths in one": once(OK + b"Content-Length: 5, 6\r\n\r\nhello!"),
    "fewer bytes than its length": once(OK + b"Content-Length: 2000000000\r\n\r\nhello"),
    "a chunk of negative size": ever(b"x" * 65536, CHUNKED + b"-5\r\nhello\r\n"),
    "a chunk whose size has 0x": once(CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n"),
    "a chunk whose size has a sign": once(CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n"),
    "a chunk whose size has an underscore": once(CHUNKED + b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n"),
    "a chunk whose size begins with a space": once(CHUNKED + b" 5\r\nhello\r\n0\r\n\r\n"),
    "a chunk whose size has 5000 digits": once(CHUNKED + b"f" * 5000 + b"\r\nhello"),
    "a chunk without a size": once(CHUNKED + b"\r\nhello\r\n"),
    "a chunk that is longer than its size": once(CHUNKED + b"5\r\nhello!\r\n0\r\n\r\n"),
    "a chunk that breaks off": once(CHUNKED + b"ffffffff\r\nhello"),
    "an extension without an end": ever(b"x" * 65536, CHUNKED + b"5;"),
    "extensions of chunks without an end": ever((b"1;" + b"x" * 4000 + b"\r\na\r\n") * 10, CHUNKED),
    "chunks of one byte without an end": ever(b"1\r\na\r\n" * 10000, CHUNKED),
    "trailers without an end": ever(b"X-A: b\r\n" * 1000, CHUNKED + b"0\r\n"),
    "a trailer without an end": ever(b"x" * 65536, CHUNKED + b"0\r\nX-A: "),
}

#: answers that may become one some day: only a clock ends them
DRIPS: dict[str, Say] = {
    "silence": ever(b""),
    "a head in drips": ever(b"x", OK + b"X-A: "),
    "interim answers in drips": ever(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body in drips": ever(b"x", OK + b"Content-Length: 999999\r\n\r\n"),
    "a body without an end in drips": ever(b"x", OK + b"\r\n"),
    "chunks in drips": ever(b"1\r\na\r\n", CHUNKED),
    "an extension in drips": ever(b"x", CHUNKED + b"5;"),
    "trailers in drips": ever(b"X-A: b\r\n", CHUNKED + b"0\r\n"),
}

#: JSON that somebody wrote to break its reader
JSON: dict[str, bytes] = {
    "a list that is deep": b"[" * 400_000 + b"]" * 400_000,
    "an object that is deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a list that does not close": b"[" * 900_000,
    "a number of 900000 digits": b'{"a": ' + b"9" * 900_000 + b"}",
    "a number that no float holds": b'{"a": 1e999999}',
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "bytes that are not UTF-8": b'{"a": "\xff\xfe"}',
    "nothing": b"",
}


def answer(body: bytes) -> bytes:
    """A whole answer with that body."""
    return OK + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


@contextlib.contextmanager
def serving(say: Say, pause: float = 0.0, ask_first: bool = True) -> Iterator[int]:
    """The port of a server that says that to whoever asks, one piece each ``pause`` seconds.

    It runs in threads, so that a client whose event loop stands still does not stop the server as well.
    """
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    threads: list[threading.Thread] = []

    def serve(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(10)
            if ask_first and not client.recv(65536):
                return
            for piece in say():
                if over.is_set():
                    return
                client.sendall(piece)
                if pause or not piece:
                    over.wait(pause or 0.05)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while not over.is_set():
                client, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(client,), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in [accepting, *threads]:
            thread.join(10)


def processor_seconds(work: Callable[[], object]) -> float:
    """How long the processor had to do with it, the best of three."""
    found = []
    for _ in range(3):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)
