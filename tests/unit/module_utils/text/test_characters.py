"""Text of others loses what a terminal takes for a command, and nothing that people read."""

from __future__ import annotations

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.text._characters import (
    is_printable,
    printable,
    printable_data,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\tb\nc ö 😀 می‌خواهم", "a\tb\nc ö 😀 می‌خواهم", id="text stays"),
        pytest.param("\x1b[1;31mred\x1b[0m \x1b[2J\x1b[H", "red ", id="CSI"),
        pytest.param("\x9b31mred\x9bm", "red", id="CSI of C1"),
        pytest.param("\x1b]0;title\x07a\x1b]52;c;ZXZpbA==\x1b\\b", "ab", id="OSC 0 and 52"),
        pytest.param("\x1b]8;;http://evil\x1b\\label\x1b]8;;\x07", "label", id="OSC 8"),
        pytest.param("\x9d8;;http://evil\x9clabel", "label", id="OSC of C1"),
        pytest.param("\x1bP1$r\x1b\\a\x1b_b\x1b\\c", "ac", id="DCS and APC"),
        pytest.param(
            "\x1b]52;never ends\nnext line", "]52;never ends\nnext line", id="one without an end hides nothing"
        ),
        pytest.param("\x1b(0lqk\x1b(B\x1bc", "lqkc", id="other alphabets and a reset"),
        pytest.param("50%\r100%\r\ndone\x0b\x0c\x85\u2028x", "50%\n100%\ndone\n\n\n\nx", id="ends of lines"),
        pytest.param("a\x00\x07\x08\x7f\x80\x9fb", "ab", id="C0, DEL and C1"),
        pytest.param(
            "user\u202egnp.exe \u2066x\u2069 \u200bz\ufeff", "usergnp.exe x z", id="bidi and what cannot be seen"
        ),
        pytest.param("half \ud800 of \udfff", "half  of ", id="halves of characters"),
        pytest.param("\x1b\x1b[0m[31mx", "[31mx", id="what is left makes no new sequence"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert is_printable(shown)
    assert is_printable(text) == (text == shown)


def test_data_is_shown_likewise() -> None:
    assert printable_data({"k\x1b[0m": ["a\x9b1m", ("b\x7f",), 1, None, True]}) == {"k": ["a", ["b"], 1, None, True]}
