"""Compose files, whatever is in them: as the content of a key they stay its content."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.files import _source
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _files

PIECES = st.sampled_from(
    ["---", "...", "\n", "\r", "\r\n", " ", "a: 1", "x-file-0:", "services:", "}", '"', "\t", "%YAML 1.1", "\ufeff"]
)


@given(st.lists(PIECES | st.text(max_size=4)))
def test_no_text_gets_out_of_its_wrapping(pieces: list[str]) -> None:
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_files, "write_text", lambda _, text: lines.extend(text.split("\n")))
        count = _source.wrap("".join(pieces), Path("wrapper"))
    outer = [line for line in lines if line and not line.startswith("  ")]
    assert outer == [*(f"x-file-{number}:" for number in range(count)), f"x-files: {count}"]
    assert not any("\r" in line for line in lines)
