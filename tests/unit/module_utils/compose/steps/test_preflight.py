"""Looking at a host before anything is touched."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _checkout
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _actions, _endpoints
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.files import _source
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps import (
    _first_contact,
    _obstacles,
    _prediction,
    _preflight,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target import _sealed
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _plan
from tests.unit.support.making import record, target


@pytest.mark.parametrize("path", ["{here}", "{here}/not/there", "not/there", "", "../not there"])
def test_the_way_up_to_a_folder_that_is_there_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert _preflight._existing(path.format(here=tmp_path)) in (str(tmp_path), str(tmp_path.parent))


def test_the_command_and_the_sdk_have_to_use_one_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_info: object) -> None:
        raise Refused("two engines", reason="engines_differ")

    monkeypatch.setattr(_endpoints, "one_engine", refuse)
    with pytest.raises(Refused, match="two engines"):
        _preflight._check_host(target(tmp_path))


class Looked:
    """What a version mounts or reads, and whether somebody asked what would be lost."""

    def __init__(self, calls: list[str], name: str) -> None:
        self._calls, self._name = calls, name
        self.places: dict[str, Path] = {}
        self.secrets: list[Path] = []

    def settle(self, *given: Any) -> Any:
        return next(one for one in given if isinstance(one, dict) and "services" in one)

    def refuse_loss(self, _ran: object) -> None:
        self._calls.append(f"loss of {self._name}")


@pytest.mark.parametrize(
    ("is_needed", "check_mode", "calls"),
    [
        pytest.param(False, False, [], id="nothing to do"),
        pytest.param(True, False, ["obstacles", "loss of data", "loss of contents"], id="a deployment"),
        pytest.param(
            True, True, ["obstacles", "loss of data", "loss of contents", "prediction"], id="a check of a deployment"
        ),
    ],
)
def test_what_a_deployment_passes_before_anything_is_touched(
    is_needed: bool, check_mode: bool, calls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    on = target(tmp_path)
    config: dict[str, Any] = {"services": {"web": {}}}
    on.store.write("releases/0001-v1/compose.json", config)
    vars(on).update(work_tree=lambda _ran: tmp_path)
    source = {"type": "git", "repository": "", "commit": "c" * 40, "digests": {}}

    def predict(*_: object) -> dict[str, Any]:
        told.append("prediction")
        return {"recreates": []}

    stubs: list[tuple[object, str, Any]] = [
        (_preflight, "_resolve", lambda *_: source),
        (_preflight, "_learn", lambda *_: None),
        (_preflight, "Data", lambda *_: Looked(told, "data")),
        (_preflight, "Contents", lambda *_: Looked(told, "contents")),
        (_checkout, "looked_at", lambda *_: contextlib.nullcontext(tmp_path)),
        (_source, "read", lambda *_: (SimpleNamespace(directory=tmp_path), config)),
        (_actions, "refuse_other_folders", lambda *_: None),
        (_sealed, "seal_environment", lambda *_: {}),
        (_first_contact, "look", lambda *_: {"removes": []}),
        (_plan, "decide", lambda *_: {"needed": is_needed, "reasons": []}),
        (_obstacles, "refuse", lambda *_: told.append("obstacles")),
        (_prediction, "of", predict),
    ]
    for place, name, stub in stubs:
        monkeypatch.setattr(place, name, stub)
    found: dict[str, Any] = {"containers": [], "current_record": record()}
    _preflight._plan_of(on, {"version": "v1", "registry_password": ""}, {}, found, check_mode)
    assert told == calls
