"""Looking at a host before anything is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps import _preflight


@pytest.mark.parametrize("path", ["{here}", "{here}/not/there", "not/there", "", "../not there"])
def test_the_way_up_to_a_folder_that_is_there_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert _preflight._existing(path.format(here=tmp_path)) in (str(tmp_path), str(tmp_path.parent))
