"""What kept releases had of secrets: written for compose, read back whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target import _sealed
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store


@pytest.mark.parametrize("value", ["plain", "one$dollar", "two$$dollars", "${braces}", "$$$"])
def test_a_value_comes_back_as_it_was_and_compose_sees_no_variable(value: str, tmp_path: Path) -> None:
    sealed = _sealed.seal([value])
    assert "$" not in json.dumps(sealed).replace("$$", "")
    folder = tmp_path / "releases" / "0001-v1"
    folder.mkdir(parents=True)
    (folder / "compose.json").write_text(json.dumps({"services": {}, **sealed}))
    assert _sealed.unseal(Store(str(tmp_path))) == [value]


def test_empty_and_repeated_values_are_left_out() -> None:
    assert _sealed.seal(["b", "", "a", "b"]) == {_sealed.KEY: ["a", "b"]}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"services": {}}', '{"services": {}, "x-secrets": [1]}'])
def test_a_file_that_says_nothing_seals_nothing(text: str, tmp_path: Path) -> None:
    folder = tmp_path / "releases" / "0001-v1"
    folder.mkdir(parents=True)
    (folder / "compose.json").write_text(text)
    assert _sealed.unseal(Store(str(tmp_path))) == []
