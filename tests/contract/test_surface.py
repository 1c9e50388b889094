"""What callers of earlier versions rely on is still there: ``tests/recorded`` holds what each version offered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.action import app_model
from tests.contract.house import ROOT
from tests.contract.surface import surface

RECORDED = sorted((ROOT / "tests/recorded").glob("*/surface.json"))
TODAY = surface()


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def lacks(then: Any, now: Any, path: str = "") -> Iterator[str]:
    """What was there then and is not now. More names and more choices are no loss; another type or default is one."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for name, value in then.items():
            if name in now:
                yield from lacks(value, now[name], f"{path}/{name}")
            else:
                yield f"{path}/{name} is gone"
    elif isinstance(then, list) and isinstance(now, list) and not path.endswith(("/type", "/default")):
        yield from (f"{path} lacks {value!r}" for value in then if value not in now)
    elif then != now:
        yield f"{path} was {then!r} and is {now!r}"


def demands(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What a caller has to give now, and did not have to then."""
    for name, option in now["variables"].items():
        if option.get("required") and not then["variables"].get(name, {}).get("required"):
            yield f"the variable {name}"
    for name, verb in now["api"].items():
        known = then["api"].get(name, {}).get("verb", {})
        needed = [word for word, may_lack in verb.get("verb", {}).items() if not may_lack]
        yield from (f"{word} of {name}" for word in needed if name in then["api"] and known.get(word, True))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.parent.name)
def test_what_a_version_offered_is_still_there(path: Path) -> None:
    then = read(path)
    for name in set(then["variables"]) & set(app_model.RENAMED):
        then["variables"].pop(name)
    assert list(lacks({name: then[name] for name in then if name != "inventories"}, TODAY)) == []


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.parent.name)
def test_nothing_is_asked_for_that_was_not_then(path: Path) -> None:
    assert list(demands(read(path), TODAY)) == []


def test_a_renamed_variable_has_a_new_name_that_there_is() -> None:
    assert set(app_model.RENAMED.values()) <= set(app_model.spec())
    assert not set(app_model.RENAMED) & set(app_model.spec())


CHANGES = {
    "a playbook": ({"playbooks": ["deploy"]}, {"playbooks": []}),
    "a variable": ({"variables": {"app_name": {}}}, {"variables": {}}),
    "a default": ({"app_keep": {"default": [1]}}, {"app_keep": {"default": [1, 2]}}),
    "a status": ({"choices": ["ok", "failed"]}, {"choices": ["ok"]}),
    "what may be nothing": ({"type": "string"}, {"type": ["string", "null"]}),
    "what is always there": ({"required": True}, {}),
    "an exit code": ({"refused": 3}, {"refused": 2}),
}


@pytest.mark.parametrize(("then", "now"), CHANGES.values(), ids=CHANGES)
def test_a_loss_is_seen(then: dict[str, Any], now: dict[str, Any]) -> None:
    assert len(list(lacks(then, now))) == 1
    assert list(lacks(then, then)) == []


def test_a_new_demand_is_seen() -> None:
    then: dict[str, Any] = {"variables": {"a": {}}, "api": {"deploy": {"verb": {"reason": True}}}}
    now: dict[str, Any] = {
        "variables": {"a": {"required": True}, "b": {"required": True}},
        "api": {"deploy": {"verb": {"reason": False, "why": False}}, "lock": {"verb": {"more": True}}},
    }
    assert list(demands(then, now)) == ["the variable a", "the variable b", "reason of deploy", "why of deploy"]
