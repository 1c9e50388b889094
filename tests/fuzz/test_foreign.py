"""JSON of others, whatever it is: read to what can be written again, or refused."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.text import _foreign as foreign

PIECES = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b'"a":',
        b"\\u",
        b"d800",
        b"1e9",
        b"99",
        b"-",
        b"NaN",
        b"null",
        b"\xed\xa0\x80",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=4), max_size=60).map(b"".join))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        data = foreign.read(text)
    except foreign.Unreadable:
        return
    assert json.loads(json.dumps(data, allow_nan=False, ensure_ascii=False).encode()) == data


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)


@given(VALUES)
def test_what_was_written_as_json_is_read_back(data: object) -> None:
    assert foreign.read(json.dumps(data)) == data
