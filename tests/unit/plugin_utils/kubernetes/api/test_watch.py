"""Watching: what a watcher is told, whatever happens to the connection or to the server's memory."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.text import _foreign
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._answers import TooLong, lines
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import Expired
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._watch import Known, Watch, event_from
from tests.fuzz.hostile import processor_seconds


def thing(uid: str, version: int) -> dict[str, Any]:
    return {"metadata": {"uid": uid, "resourceVersion": str(version)}}


def line(kind: str, uid: str, version: int) -> bytes:
    return json.dumps({"type": kind, "object": thing(uid, version)}).encode() + b"\n"


GONE = json.dumps({"type": "ERROR", "object": {"code": 410, "message": "too old"}}).encode() + b"\n"


class Response:
    """An answer that is read; "wait" in it waits until the connection ends, an exception is raised."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts
        self.connection = SimpleNamespace(sock=None)
        self.is_closed = False

    def open(self) -> Response:
        """It begins to come; an answer that nobody came for has nothing that must be closed."""
        if "wait" in self.parts:
            self.connection.sock, self._other = socket.socketpair()
            self.connection.sock.settimeout(10)
        return self

    def stream(self) -> Any:
        for part in self.parts:
            if part == "wait":
                self.connection.sock.recv(1)
                return
            if isinstance(part, Exception):
                raise part
            yield part

    def close(self) -> None:
        self.is_closed = True
        if self.connection.sock is not None:
            self.connection.sock.close()
            self._other.close()


class Script:
    """What a server answers, one after the other; and from which version on it was asked."""

    def __init__(self, answers: list[Any], listed: list[Any] | None = None) -> None:
        self.answers = list(answers)
        self.listed = listed or []
        self.versions: list[str] = []

    def open(self, version: str, seconds: float) -> Any:
        self.versions.append(version)
        answer = self.answers.pop(0) if self.answers else Response("wait")
        if isinstance(answer, Exception):
            raise answer
        return answer.open()

    def watch(self, since: str = "1", seconds: float = 10) -> Watch:
        return Watch(self.open, lambda: (self.listed, "100"), since, seconds)


def told(watch: Watch, count: int) -> list[tuple[str, str, str]]:
    found = []
    for _ in range(count):
        kind, one = next(watch)
        found.append((kind, one["metadata"]["uid"], one["metadata"]["resourceVersion"]))
    return found


def test_a_cut_watch_goes_on_from_the_last_version() -> None:
    script = Script(
        [
            Response(line("ADDED", "a", 2), line("MODIFIED", "a", 3)[:-9]),
            Response(line("MODIFIED", "a", 3), line("BOOKMARK", "", 9), OSError("cut")),
            Response(line("DELETED", "a", 10)),
        ]
    )
    assert told(script.watch(), 3) == [("ADDED", "a", "2"), ("MODIFIED", "a", "3"), ("DELETED", "a", "10")]
    assert script.versions == ["1", "2", "9"]


@pytest.mark.parametrize("answer", [Response(GONE), Expired("too old")], ids=["in the stream", "as the status"])
def test_what_was_missed_comes_from_a_new_list(answer: Any) -> None:
    script = Script(
        [Response(line("ADDED", "a", 2), line("ADDED", "b", 3), line("ADDED", "c", 4)), answer],
        [thing("b", 3), thing("c", 50), thing("d", 60)],
    )
    assert told(script.watch(), 6)[3:] == [("DELETED", "a", "2"), ("MODIFIED", "c", "50"), ("ADDED", "d", "60")]


def test_a_watch_without_a_version_begins_with_a_list() -> None:
    script = Script([Response(line("DELETED", "a", 101))], [thing("a", 5)])
    watch = script.watch(since="")
    assert told(watch, 2) == [("ADDED", "a", "5"), ("DELETED", "a", "101")]
    assert script.versions == ["100"]


def test_an_error_that_is_none_of_memory_is_raised() -> None:
    with pytest.raises(OpsError, match="broken"):
        list(Known("1").take({"type": "ERROR", "object": {"code": 500, "message": "broken"}}))


def test_a_watch_ends_at_its_deadline_and_does_not_hurry_a_server_that_ends_it_at_once() -> None:
    script = Script([Response() for _ in range(1000)])
    started = time.monotonic()
    assert list(script.watch(seconds=0.5)) == []
    assert 0.4 < time.monotonic() - started < 3
    assert len(script.versions) <= 4


def test_a_watch_is_ended_from_another_thread() -> None:
    response = Response("wait")
    watch = Script([response]).watch()
    timer = threading.Timer(0.1, watch.close)
    timer.start()
    started = time.monotonic()
    assert list(watch) == []
    assert time.monotonic() - started < 5
    assert response.is_closed
    timer.join()


def test_a_watch_that_is_just_being_read_survives_its_end() -> None:
    """To close a generator that another thread is in crashes Python 3.11, not always, but soon."""
    for _ in range(300):
        watch = Script([Response(*[line("ADDED", f"u{n}", n) for n in range(1, 50)], "wait")]).watch(seconds=5)
        reader = threading.Thread(target=lambda every: list(every), args=(watch,))
        reader.start()
        watch.close()
        reader.join(5)
        assert not reader.is_alive()


def test_lines_come_whole_whichever_way_the_stream_is_cut() -> None:
    text = b'{"a": 1}\n{"b": 2}\nrest'
    for cut in range(len(text)):
        assert list(lines([text[:cut], text[cut:]])) == [b'{"a": 1}', b'{"b": 2}', b"rest"]


def test_a_line_without_an_end_is_not_read_for_ever() -> None:
    with pytest.raises(TooLong):
        list(lines(itertools.repeat(b"x" * 100), limit=1000))


def test_a_watch_that_always_has_something_to_say_ends_at_its_deadline() -> None:
    class Endless(Response):
        def stream(self) -> Any:
            return (line("MODIFIED", "a", version) for version in itertools.count(2))

    began = time.monotonic()
    assert len(list(Script([Endless()]).watch(seconds=0.3))) > 1
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("piece", [1, 100])
def test_the_time_for_a_line_grows_with_its_length(piece: int) -> None:
    def took(size: int) -> float:
        return processor_seconds(lambda: list(lines(b"x" * piece for _ in range(size // piece))))

    small, large = took(50_000), took(1_000_000)
    assert large < 20 * small * 4 + 0.05


@pytest.mark.parametrize(
    "line",
    [
        b"[]", b"null", b"5", b"{}", b'{"type": "ADDED"}', b'{"type": "ADDED", "object": null}',
        b'{"type": 5, "object": {}}',
        b'{"type": "ADDED", "object": {"metadata": []}}', b'{"type": "DELETED", "object": {"metadata": {}}}',
        b'{"type": "BOOKMARK", "object": {}}', b'{"type": "ERROR", "object": "x"}', b"[" * 5000,
    ],
)  # fmt: skip
def test_a_line_that_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(_foreign.Unreadable):
        event_from(line)
