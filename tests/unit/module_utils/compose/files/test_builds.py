"""Which images come with a version, and which of them nobody would make."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.files import _builds
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from tests.unit.support.making import app

BUILD = {"context": "."}
SERVICES = {
    "web": {"build": BUILD, "image": "shop-web:v1"},
    "worker": {"image": "shop-web:v1"},
    "proxy": {"build": BUILD},
    "mirror": {"image": "shop-proxy"},
    "db": {"image": "postgres:16"},
}


def test_what_is_built_and_who_runs_the_same_image_come_with_the_version() -> None:
    config = {"services": SERVICES}
    assert _builds.built(app(), config) == ["proxy", "web"]
    assert _builds.of_version(app(), config) == {"web", "worker", "proxy", "mirror"}


def test_nothing_is_built_without_a_checkout() -> None:
    model = app(source="images", images={"web": "registry.example/web"})
    assert _builds.built(model, {"services": SERVICES}) == []
    assert _builds.of_version(model, {"services": SERVICES}) == {"web"}


@pytest.mark.parametrize(
    ("service", "refused"),
    [
        pytest.param({"build": BUILD}, True, id="a name that compose makes up"),
        pytest.param({"build": BUILD, "image": "proxy:1"}, True, id="a name without a registry"),
        pytest.param({"build": BUILD, "image": "ana/proxy:1"}, True, id="a name that looks public"),
        pytest.param({"build": BUILD, "image": "registry.example/proxy:1"}, False, id="a registry has it"),
        pytest.param({"build": BUILD, "image": "localhost:5000/proxy"}, False, id="a registry of this machine"),
        pytest.param({"build": BUILD, "image": "docker.io/ana/proxy:1"}, False, id="the public one, by name"),
        pytest.param({"image": "proxy:1"}, False, id="nothing to build"),
    ],
)
def test_what_nobody_builds_is_refused_by_name(service: dict[str, Any], refused: bool) -> None:
    config = {"services": {"web": {"build": BUILD}, "proxy": service}}
    _builds.refuse_unbuilt(app(), config)
    model = app(source="images", images={"web": "registry.example/web"})
    if not refused:
        _builds.refuse_unbuilt(model, config)
        return
    with pytest.raises(Refused) as error:
        _builds.refuse_unbuilt(model, config)
    assert error.value.data["service"] == "proxy"
    assert "app_release_services" in error.value.hint
