"""The places of a host that a rendered configuration mounts."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.files import _mounts

BASE = Path("/tree/deploy")


def service(*mounts: Any) -> dict[str, Any]:
    return {"services": {"web": {"volumes": list(mounts)}}}


def bind(source: str) -> dict[str, Any]:
    return {"type": "bind", "source": source, "target": "/x"}


def volume(**options: Any) -> dict[str, Any]:
    return {"services": {}, "volumes": {"named": {"name": "shop_named", "driver_opts": options}}}


@pytest.mark.parametrize(
    ("config", "found"),
    [
        pytest.param({"services": {}}, {}, id="no services"),
        pytest.param({"services": {"web": {}}}, {}, id="no mounts"),
        pytest.param(service(bind("/tree/deploy/data")), {"/tree/deploy/data": "web"}, id="a bind mount"),
        pytest.param(service(bind("/tree/deploy/../data/.")), {"/tree/data": "web"}, id="as it is"),
        pytest.param(service({"type": "volume", "source": "named", "target": "/x"}), {}, id="a volume"),
        pytest.param(service({"type": "tmpfs", "target": "/x"}), {}, id="memory"),
        pytest.param(service({"type": "bind", "target": "/x"}, "odd"), {}, id="odd mounts"),
        pytest.param(
            volume(type="none", o="bind", device="./named"), {"/tree/deploy/named": "the volume named"}, id="a device"
        ),
        pytest.param(volume(o="rw,rbind", device="/srv/named"), {"/srv/named": "the volume named"}, id="a whole path"),
        pytest.param(volume(type="nfs", o="addr=10.0.0.1", device=":/x"), {}, id="a share"),
        pytest.param(volume(type="tmpfs", device="tmpfs"), {}, id="a device that is no folder"),
        pytest.param({"services": {}, "volumes": {"named": None}}, {}, id="a volume without options"),
    ],
)
def test_the_places_that_are_mounted(config: dict[str, Any], found: dict[str, str]) -> None:
    assert _mounts.named(config, BASE) == found


def test_other_places_come_in_their_stead() -> None:
    config = {**service(bind("/tree/deploy/data"), bind("/tree/deploy/conf")), "x-note": 1}
    config["volumes"] = volume(o="bind", device="./named")["volumes"]
    before = copy.deepcopy(config)
    places = {"/tree/deploy/data": "/state/data", "/tree/deploy/named": "/state/named"}
    moved = _mounts.moved(config, BASE, places)
    assert config == before
    assert set(_mounts.named(moved, BASE)) == {"/state/data", "/tree/deploy/conf", "/state/named"}
    assert moved["x-note"] == 1
    assert _mounts.devices(moved) == {"shop_named": "/state/named"}
