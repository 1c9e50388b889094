"""What nobody sees in a text."""

from __future__ import annotations

import sys

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.text._characters import is_printable
from ansible_collections.doppelganger.ops.plugins.module_utils.text._visible import hidden

HIDDEN = {
    "a line break": "\n", "a carriage return": "\r", "a tab": "\t", "NUL": "\x00", "escape": "\x1b", "delete": "\x7f",
    "CSI": "\x9b", "next line": "\x85", "line separator": "\u2028", "paragraph separator": "\u2029",
    "right to left override": "\u202e", "right to left isolate": "\u2067", "right to left mark": "\u200f",
    "arabic letter mark": "\u061c", "zero width space": "\u200b", "joiner": "\u200d", "word joiner": "\u2060",
    "byte order mark": "\ufeff", "soft hyphen": "\xad", "a tag": "\U000e0041", "a selector": "\U000e0101",
    "a filler": "\u3164", "half a character": "\ud800", "private": "\ue000", "no character": "\uffff",
    "an annotation": "\ufff9",
}  # fmt: skip


@pytest.mark.parametrize("char", HIDDEN.values(), ids=HIDDEN)
def test_what_cannot_be_seen_is_named(char: str) -> None:
    assert hidden(f"a{char}b") == f"U+{ord(char):04X}"


@pytest.mark.parametrize("text", ["", "Größe", "e\u0301", "日本語\u3000です", "⚠️ now", "😀", "a\xa0b", "שלום", "नमस्ते"])
def test_what_can_be_seen_is_fine(text: str) -> None:
    assert hidden(text) == ""


def test_what_would_be_taken_out_of_a_text_is_not_taken_in() -> None:
    every = map(chr, range(sys.maxunicode + 1))
    assert [hex(ord(char)) for char in every if not is_printable(char) and not hidden(char)] == []
