"""What a person reads of a log line or a page, of the loggers and servers that are met most."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import gist, quoted_by
from ansible_collections.doppelganger.ops.plugins.module_utils.text._gist import exception_line, gist_of
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import BLANK, Redactor

PYTHON = 'Traceback (most recent call last):\n  File "web.py", line 40, in respond\n    answer(request)\nOSError: disk'
CHAINED = f"{PYTHON}\n\nDuring handling of the above, another exception occurred:\n\n{PYTHON[:33]}\nKeyError: 'a'\n"
JAVA = "a.IllegalState: no pool\n\tat a.B.c(B.java:1)\nCaused by: a.Timeout: 30 s\n\tat a.D.e(D.java:2)\n\t... 9 more"
NODE = "TypeError: x is not a function\n    at handle (/app/web.js:3:1)\n    at next (/app/web.js:9:1)"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(
            {"time": "2026", "level": "ERROR", "message": "GET / failed", "exception": PYTHON},
            "ERROR GET / failed: OSError: disk", id="Python",
        ),
        pytest.param(
            {"levelname": "error", "message": f"GET / failed\n{PYTHON}", "lineno": 3},
            "ERROR GET / failed: OSError: disk", id="Python, the traceback within the message",
        ),
        pytest.param({"event": "boom", "level": "error", "exc_info": CHAINED},
                     "ERROR boom: KeyError: 'a'", id="structlog"),
        pytest.param({"level": "error", "ts": 1.5, "msg": "no answer", "error": "dial tcp: refused",
                      "stacktrace": "main.go:3"}, "ERROR no answer: dial tcp: refused", id="Go, zap"),
        pytest.param({"time": "2026", "level": "ERROR", "msg": "no answer", "err": {"msg": "EOF"}},
                     "ERROR no answer: EOF", id="Go, slog"),
        pytest.param({"level": 50, "msg": "failed", "err": {"type": "TypeError", "message": "x is not a function",
                      "stack": NODE}}, "ERROR failed: x is not a function", id="Node, pino"),
        pytest.param({"level": "error", "message": "failed", "stack": NODE},
                     "ERROR failed: TypeError: x is not a function", id="Node, winston"),
        pytest.param({"level": "error", "message": "x is not a function", "stack": NODE},
                     "ERROR x is not a function (TypeError)", id="Node, the message is the exception's"),
        pytest.param({"level": "ERROR", "message": "no pool", "stack_trace": JAVA},
                     "ERROR no pool: Caused by: a.Timeout: 30 s", id="Java, logback"),
        pytest.param({"log.level": "ERROR", "message": "down", "error.message": "30 s"},
                     "ERROR down: 30 s", id="Java, ECS"),
        pytest.param({"level": "ERROR", "message": "GET /: disk", "exception": PYTHON}, "ERROR GET /: disk (OSError)",
                     id="the message has the exception's"),
        pytest.param({"severity": "CRITICAL", "message": "down"}, "CRITICAL down", id="no exception"),
        pytest.param({"level": "ERROR", "exception": PYTHON}, "ERROR OSError: disk", id="no message"),
    ],
)  # fmt: skip
def test_the_envelopes_of_loggers(entry: dict[str, Any], expected: str) -> None:
    assert gist_of(json.dumps(entry)) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ERROR plain", id="plain text"),
        pytest.param('{"error": "no such project"}', id="an answer, not a log line"),
        pytest.param('{"level": "ERROR"}', id="nothing but a level"),
        pytest.param('{"level": ["ERROR"], "message": {}}', id="other types"),
        pytest.param('{"level": "ERROR", "message": "cut off', id="JSON that was cut"),
        pytest.param('{"level": true, "message": "x"}', id="a level that is none"),
        pytest.param("{" * 500, id="braces"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_no_envelope_stays_as_it_is(text: str) -> None:
    assert gist_of(text) == text


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body><h1>nginx", "502 Bad Gateway"),
        ("<html><title>A &amp; B\n</title>", "A & B\n"),
        ("<html><head><style>p{}</style></head><body><h1>No</h1>\n<p>not here", "No \n not here"),
        ("<html></html>", "<html></html>"),
        ("a < b, <html>", "a < b, <html>"),
    ],
)
def test_a_page_is_its_title_or_its_text(page: str, expected: str) -> None:
    assert gist_of(page) == expected


@pytest.mark.parametrize(
    ("text", "line"), [(PYTHON, "OSError: disk"), (CHAINED, "KeyError: 'a'"), (NODE, NODE.split("\n")[0]), ("", "")]
)
def test_the_line_of_an_exception(text: str, line: str) -> None:
    assert exception_line(text) == line


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        pytest.param("some words to cut", 100, "some words to cut", id="short"),
        pytest.param("some words to cut", 17, "some words to cut", id="just so"),
        pytest.param("some words to cut", 12, "some words…", id="at a word"),
        pytest.param("x" * 50, 10, f"{'x' * 9}…", id="one long word"),
    ],
)
def test_it_is_cut_at_a_word(text: str, limit: int, shown: str) -> None:
    assert gist(text, limit) == shown


def test_no_secret_and_no_part_of_one_is_left() -> None:
    secret = "canary-0123456789\nlast-line-of-it"
    redactor = Redactor([secret])
    with quoted_by(lambda: redactor):
        told = gist(json.dumps({"level": "ERROR", "message": "x", "exception": f"Error: {secret}"}), 300)
    assert told == f"ERROR x: Error: {BLANK}"
