"""What is quoted of others: no secret, and no part of one at a cut."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import (
    CUT,
    excerpt,
    last_lines,
    last_said,
    last_words,
    quoted_by,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import BLANK, Redactor

SECRET = "canary-0123456789"


def knows(*secrets: str) -> Any:
    redactor = Redactor(secrets)
    return quoted_by(lambda: redactor)


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("a  b\n c", 100, "a b c"),
        (b"caf\xc3\xa9 \xff", 100, "café \ufffd"),
        ("x" * 500, 10, "x" * 10),
        (f"key {SECRET}", 10, f"key {BLANK}"[:10]),
        (f"two  words {SECRET}", 100, f"two words {BLANK}"),
        (f"{SECRET} end", 100, f"{BLANK} end"),
        ("canary-0123 " + CUT, 100, ""),
    ],
)
def test_the_beginning_on_one_line(text: str | bytes, limit: int, shown: str) -> None:
    with knows(SECRET):
        assert excerpt(text, limit) == shown


def test_a_secret_of_several_words_is_known_before_words_are_joined() -> None:
    with knows("two  words"):
        assert excerpt("it is two  words", 100) == f"it is {BLANK}"


@pytest.mark.parametrize(
    ("text", "lines", "end"),
    [
        pytest.param("a\n\nb  \n\n", 2, "a\nb", id="empty lines do not count"),
        pytest.param("a\nb\nc", 2, "b\nc", id="the last ones"),
        pytest.param("", 2, "", id="nothing"),
        pytest.param("x" * 10_000, 2, "x" * 500, id="a long line"),
    ],
)
def test_the_last_lines_that_say_something(text: str, lines: int, end: str) -> None:
    assert last_words(text, lines) == end


def test_a_secret_of_several_lines_is_known_before_lines_are_left_out() -> None:
    with knows("ab\ncd\nef"):
        assert last_lines("x\nab\ncd\nef\ny", 3) == ["x", BLANK, "y"]


def test_what_goes_wrong_while_secrets_are_read_is_quoted_without_them() -> None:
    def fails() -> Redactor:
        raise RuntimeError(excerpt("no secrets to be found", 100))

    with quoted_by(fails), pytest.raises(RuntimeError, match="no secrets to be found"):
        excerpt("x", 1)
    assert excerpt("x", 1) == "x"


TRACEBACK = "Traceback (most recent call last):\n" + '  File "/app/x.py", line 3, in f\n    foo()\n' * 20
PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1>" + "x" * 5000 + "</body></html>"


@pytest.mark.parametrize(
    ("output", "said"),
    [
        pytest.param("a\n\nb\n", "a b", id="lines"),
        pytest.param(f"starting\n{TRACEBACK}db.Error: refused", "db.Error: refused", id="a traceback"),
        pytest.param(f"{TRACEBACK}A: 1\n\nDuring it:\n\n{TRACEBACK}B: {SECRET}", f"B: {BLANK}", id="two of them"),
        pytest.param('{"level": "error", "message": "cannot bind"}', "ERROR cannot bind", id="a JSON log line"),
        pytest.param('ok\n{"level": "error", "message": "no"}', "ERROR no", id="behind another line"),
        pytest.param(PAGE, "502 Bad Gateway", id="a page"),
        pytest.param("first " + "x" * 400 + "\nthe error", "first " + "x" * 400 + " the error", id="all fits"),
        pytest.param("y" * 400 + "\n" + "x" * 200 + "\nthe error", "x" * 200 + " the error", id="the end counts"),
        pytest.param("", "", id="silence"),
    ],
)
def test_what_counts_at_the_end_of_an_output(output: str, said: str) -> None:
    with knows(SECRET):
        assert last_said(output) == said


def test_a_message_is_short_whatever_a_command_prints() -> None:
    assert len(last_said("z" * 100_000)) <= 500
    assert len(last_said("z " * 100_000)) <= 500
