"""Logs of any shape: what is kept of them, and how much has to be read for it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import (
    LINE_LIMIT,
    LogEnd,
    end_of,
    end_of_file,
    lines_from,
    unframed,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import CUT


def frame(data: bytes, channel: int = 1) -> bytes:
    return bytes([channel, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


def test_lines_come_whole_whichever_way_the_stream_is_cut() -> None:
    text = "one\n\ntwö\nthree".encode()
    for cut in range(len(text)):
        assert list(lines_from([text[:cut], text[cut:]])) == ["one", "", "twö", "three"]
    assert list(lines_from([])) == []


@pytest.mark.parametrize("piece", [1, 7, 100])
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"12345678\n", ["12345678"]),
        (b"123456789\nnext\n", [f"12345678{CUT}", "next"]),
        (b"x" * 50 + b"\n" + b"y" * 50, [f"xxxxxxxx{CUT}", f"yyyyyyyy{CUT}"]),
    ],
)
def test_of_a_long_line_its_beginning_is_kept_with_a_mark(text: bytes, lines: list[str], piece: int) -> None:
    chunks = [text[at : at + piece] for at in range(0, len(text), piece)]
    assert list(lines_from(chunks, limit=8)) == lines


def test_a_line_without_an_end_takes_no_memory() -> None:
    tracemalloc.start()
    [line] = lines_from(b"x" * 65536 for _ in range(1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(line) == LINE_LIMIT + len(CUT)
    assert peak < 1_000_000


@pytest.mark.parametrize("cut", range(40))
def test_log_lines_are_put_together_from_frames(cut: int) -> None:
    stream = frame(b"2026 hello\n") + frame(b"2026 wor", 2) + frame(b"ld\n", 2)
    assert b"".join(unframed([stream[:cut], b"", stream[cut:]])) == b"2026 hello\n2026 world\n"


def test_a_frame_of_any_size_is_handed_on_as_it_comes() -> None:
    chunks = iter([bytes([1, 0, 0, 0, 255, 255, 255, 255]), b"a" * 10, b"b" * 10])
    assert list(unframed(chunks)) == [b"", b"a" * 10, b"b" * 10]


@pytest.mark.parametrize("chunks", [[b"", b"2026 hello\n", b"2026 world\n"], [b"y", b"\n"], [b"\x01 coloured"], []])
def test_the_log_of_a_terminal_has_no_frames(chunks: list[bytes]) -> None:
    assert b"".join(unframed(chunks)) == b"".join(chunks)


class Log:
    """A log as engines keep it: entries of at most 16 KiB, of which the last ones can be asked for."""

    def __init__(self, text: bytes) -> None:
        lines = text.splitlines(keepends=True)
        self.entries = [line[at : at + 16384] for line in lines for at in range(0, len(line), 16384)]
        self.read = 0

    def last(self, entries: int) -> Iterator[bytes]:
        for entry in self.entries[-entries:]:
            self.read += len(entry)
            yield entry


@pytest.mark.parametrize(
    ("text", "limit", "was_cut"),
    [
        pytest.param(b"", 1000, False, id="nothing"),
        pytest.param(b"one\ntwo\n", 1000, False, id="all of it"),
        pytest.param(b"".join(b"%d\n" % number for number in range(40_000)), 100_000, True, id="many lines"),
        pytest.param(b"x" * 15_000_000, 500_000, True, id="one line without an end"),
        pytest.param(b"x" * 15_000_000 + b"\nend\n", 1000, True, id="one long line before the end"),
        pytest.param(b"first\n" * 63, 100_000, False, id="just less than is asked for at first"),
        pytest.param(b"first\n" * 64, 100_000, False, id="just as much as is asked for at first"),
    ],
)
def test_the_end_of_a_log_is_read_without_the_rest(text: bytes, limit: int, was_cut: bool) -> None:
    log = Log(text)
    assert end_of(log.last, limit) == LogEnd(text[-limit:].decode(), was_cut)
    assert log.read <= 12 * limit + 64 * 16384


def test_a_log_of_very_short_lines_is_not_read_for_ever() -> None:
    log = Log(b"y\n" * 200_000)
    end = end_of(log.last, 1_000_000)
    assert (end.was_cut, set(end.text.split())) == (True, {"y"})
    assert log.read < 100_000


@pytest.mark.parametrize(("limit", "end"), [(3, LogEnd("end", True)), (100, LogEnd("the end"))])
def test_the_end_of_a_file(tmp_path: Path, limit: int, end: LogEnd) -> None:
    (tmp_path / "build.log").write_text("the end")
    assert end_of_file(tmp_path / "build.log", limit) == end
