"""Env files, whatever is in them: reading ends, and gives values of text alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.app._env_files import parse

PIECES = st.sampled_from(
    ["A", "B_2", "=", ": ", "export ", "'", '"', "\\", "\n", "\r\n", "#", " ", "$", "${", "}", ":-", "?", "é", "\x00"]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_any_text_is_read(text: str) -> None:
    assert all(isinstance(value, str) for value in parse(text).values())
