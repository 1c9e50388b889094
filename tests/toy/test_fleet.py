"""Three toys of which the second fails: the third is not touched, the first goes back."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.toy.application import Fleet


@pytest.fixture(scope="module")
def three(fleet: Callable[..., Fleet]) -> Fleet:
    """A fleet at v1."""
    made = fleet("one", "three", "two")
    assert made.deploy("v1").rc == 0
    return made


def test_a_fleet_stays_at_one_release(three: Fleet) -> None:
    # the second in the order of the inventory
    broken = three.hosts[1].machine / "registry/web/v2.json"
    good = json.loads(broken.read_text())
    broken.write_text(json.dumps({**good, "fails": "verify"}))
    for host in three.hosts:
        host.calls()

    run = three.deploy("v2")

    assert (run.rc, run.result["status"]) == (2, "rolled_back")
    states = {name: run.target(name)["status"] for name in ("one", "three", "two")}
    assert states == {"one": "rolled_back", "three": "rolled_back", "two": "skipped"}
    assert [host.runs()["web"] for host in three.hosts] == ["v1", "v1", "v1"]
    assert [host.current() for host in three.hosts] == ["0001-v1", "0001-v1", "0001-v1"]
    assert three.hosts[0].records() == {"0001-v1": "good", "0002-v2": "left"}
    assert three.hosts[2].calls() == []
    broken.write_text(json.dumps(good))


def test_a_check_of_a_fleet_goes_nowhere_and_back(three: Fleet) -> None:
    before = [host.files() for host in three.hosts]
    (three.hosts[1].machine / "registry/web/v3.json").unlink(missing_ok=True)
    for host in (three.hosts[0], three.hosts[2]):
        (host.machine / "registry/web/v3.json").write_text("{}")

    run = three.deploy("v3", "--check")

    assert run.rc == 2
    states = {name: run.target(name)["status"] for name in ("one", "three", "two")}
    assert states == {"one": "ok", "three": "refused", "two": "skipped"}
    for host in (three.hosts[0], three.hosts[2]):
        (host.machine / "registry/web/v3.json").unlink()
    assert [host.files() for host in three.hosts] == before
