"""JSON of others: what is read, and what is refused without a word of its content."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.text import _foreign as foreign

DEEP = 200_000


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("null", None),
        ('{"a": [1, 2.5, true, null, "\\u00e9"]}', {"a": [1, 2.5, True, None, "é"]}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('"\\ud83d\\ude00"', "😀"),
        (f"[{'9' * 300}]", [int("9" * 300)]),
        ("[1e308]", [1e308]),
        ("[" * 100 + "]" * 100, json.loads("[" * 100 + "]" * 100)),
    ],
)
def test_what_is_json_is_read(text: str | bytes, data: Any) -> None:
    assert foreign.read(text) == data


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("secret", "not JSON (line 1, column 1"),
        ('{"secret": secret}', "not JSON (line 1, column 12"),
        ("[" * 101 + "]" * 101, "deeper than 100"),
        ("[" * DEEP + "]" * DEEP, "deeper than 100"),
        ('{"a":' * DEEP + "1" + "}" * DEEP, "deeper than 100"),
        ("[" * DEEP, ""),
        ("9" * 301, "digits"),
        ("9" * 1_000_000, "digits"),
        ("-" + "9" * 301, "digits"),
        ("NaN", "not finite"),
        ("[-Infinity]", "not finite"),
        ("1e999", "not finite"),
        ('"\\ud800"', "UTF-8"),
        ('{"\\uDFFF secret": 1}', "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b"\xff\xfe\x00", "UTF-8"),
        ('"a"'.encode("utf-16"), "UTF-8"),
        ('["' + "a" * foreign.LIMIT + '"]', "longer than"),
    ],
)
def test_what_is_none_or_out_of_bounds_is_refused(text: str | bytes, why: str) -> None:
    with pytest.raises(foreign.Unreadable) as caught:
        foreign.read(text)
    assert why in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["null", "[]", '"text"', "7", "true"])
def test_what_is_no_object_is_refused_where_one_is_expected(text: str) -> None:
    with pytest.raises(foreign.Unreadable, match="expected an object"):
        foreign.read_object(text)
