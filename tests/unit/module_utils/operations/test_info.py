"""What a target says of what runs beside its records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _info
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._target import Target
from tests.unit.support.making import container
from tests.unit.support.state_files import in_cluster, on_host, spoil


def info(target: Target) -> dict[str, Any]:
    return _info.run_info(target, {}, False)


def marks(found: dict[str, Any]) -> list[str]:
    return [line[:3] for line in found["table"] if line.startswith("[")]


def differ(found: list[str]) -> Callable[[Any], list[str]]:
    return lambda record: found


@pytest.mark.parametrize("make", [on_host, in_cluster])
@pytest.mark.parametrize(("drift", "mark"), [([], "[x]"), (["web is exited, none"], "[ ]")])
def test_what_runs_is_held_against_the_record(
    make: Callable[[Path], Target], drift: list[str], mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = make(tmp_path)
    monkeypatch.setattr(target, "differences", differ(drift))
    found = info(target)
    assert (found["drift"], found["unseen"], marks(found)) == (drift, "", [mark])


def test_a_compose_host_looks_at_its_containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = on_host(tmp_path)
    assert info(target)["drift"] == ["web has no container"]
    there = [container("web", image_id="x"), container("old")]
    monkeypatch.setattr(type(target.project), "containers", lambda *_: there)
    assert [words.split()[0] for words in info(target)["drift"]] == ["web", "old"]


@pytest.mark.parametrize("make", [on_host, in_cluster])
def test_the_records_are_shown_where_nobody_can_look(
    make: Callable[[Path], Target], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(record: Any) -> list[str]:
        raise Refused("No engine\nanswers.", hint="Start it.")

    target = make(tmp_path)
    monkeypatch.setattr(target, "differences", blind)
    found = info(target)
    assert (found["drift"], found["unseen"], marks(found)) == ([], "No engine answers. Start it.", ["[!]"])
    assert [one["id"] for one in found["releases"]] == ["0001-v1", "0002-v2"]


def test_what_runs_is_not_held_against_a_record_that_cannot_be_read(tmp_path: Path) -> None:
    target = on_host(tmp_path)
    spoil(target, "releases/0001-v1/record.json", b"{")
    found = info(target)
    assert (found["drift"], marks(found)) == ([], ["[!]"])
    assert found["unseen"]


def test_nothing_is_looked_at_where_nothing_was_deployed(tmp_path: Path) -> None:
    target = on_host(tmp_path)
    target.store.write("current.json", {"release": None})
    found = info(target)
    assert (found["drift"], found["unseen"], marks(found)) == ([], "", [])
