"""What kept releases had of secrets: written for compose, read back whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target import _sealed
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
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


@pytest.mark.parametrize(
    ("config", "variables"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param(
            {"secrets": {"key": {"file": "/etc/key"}}, "configs": {"c": {"content": "x"}}}, {}, id="no variable"
        ),
        pytest.param({"secrets": {"token": {"environment": "TOKEN"}}}, {"TOKEN": "a$b${c}"}, id="a secret"),
        pytest.param({"configs": {"c": {"environment": "EMPTY"}}}, {"EMPTY": ""}, id="a config of an empty one"),
        pytest.param({"secrets": {"token": None, "odd": "text"}, "configs": None}, {}, id="odd ones"),
    ],
)
def test_variables_of_secrets_and_configs_come_back_as_they_were(
    config: dict[str, Any], variables: dict[str, str]
) -> None:
    sealed = _sealed.seal_environment(config, {"TOKEN": "a$b${c}", "EMPTY": "", "OTHER": "x"})
    assert "$" not in json.dumps(sealed).replace("$$", "")
    assert _sealed.environment_of({"services": {}, **sealed}) == variables


@pytest.mark.parametrize("kind", ["secrets", "configs"])
def test_a_variable_without_a_value_is_refused(kind: str) -> None:
    with pytest.raises(Refused, match="TOKEN"):
        _sealed.seal_environment({kind: {"token": {"environment": "TOKEN"}}}, {"OTHER": "x"})


@pytest.mark.parametrize("sealed", [None, [1], "text", {}])
def test_variables_that_cannot_be_read_are_none(sealed: Any) -> None:
    assert _sealed.environment_of({_sealed.ENVIRONMENT: sealed}) == {}
