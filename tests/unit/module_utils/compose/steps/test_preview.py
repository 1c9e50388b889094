"""Two configurations as people compare them, without secrets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps import _preview
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Image
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from tests.unit.support.making import app


def differing(before: dict[str, Any], after: dict[str, Any], public: tuple[str, ...] = ()) -> list[str]:
    each = [_preview.lines({"services": {"web": one}}, public) for one in (before, after)]
    return [line.replace("services.web.", "") for line in _preview.difference(*each)]


PORT = {"target": 80, "published": "8080"}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        pytest.param({"ports": [PORT]}, {"ports": [PORT]}, [], id="nothing"),
        pytest.param(
            {"labels": {"doppelganger.ops.config": "1", "a": "b"}}, {"labels": {"a": "b"}}, [], id="our own label"
        ),
        pytest.param(
            {"ports": [PORT]},
            {"ports": [{**PORT, "published": "8081"}]},
            ['-ports[]: {"published": "8080", "target": 80}', '+ports[]: {"published": "8081", "target": 80}'],
            id="a port",
        ),
        pytest.param(
            {"command": ["a", "b"]}, {"command": ["z", "a", "b"]}, ["+command[]: z"], id="one more at the beginning"
        ),
        pytest.param(
            {"environment": {"GREETING": "one", "B": "1"}},
            {"environment": {"GREETING": "two", "B": "1"}},
            ["-environment.GREETING: one", "+environment.GREETING: two"],
            id="a word",
        ),
        pytest.param(
            {"environment": {"TOKEN": "x9-Kq2-77-aB"}},
            {"environment": {"TOKEN": "x9-Kq2-77-aC"}},
            ["-environment.TOKEN: ********", "+environment.TOKEN: ********"],
            id="a secret",
        ),
        pytest.param(
            {"environment": {"MODE": "x9Kq277aB"}},
            {"environment": {}},
            ["+environment: {}", "-environment.MODE: ********"],
            id="what may be one",
        ),
        pytest.param(
            {"environment": {"URL": "https://u:hunter22@h/"}},
            {"environment": {"URL": None}},
            ["-environment.URL: ********", "+environment.URL: null"],
            id="one within a value",
        ),
        pytest.param({"a": "x\ny"}, {"a": "x\nz"}, ["-a|: y", "+a|: z"], id="lines of a text"),
        pytest.param({"init": True}, {}, ["-init: true"], id="one that goes"),
    ],
)
def test_what_is_said_of_a_difference(before: dict[str, Any], after: dict[str, Any], found: list[str]) -> None:
    lines = differing(before, after)
    assert [line for line in lines if line not in ("+services.web: {}", "-services.web: {}")] == found


def test_a_public_key_is_readable() -> None:
    before, after = ({"environment": {"MODE": one}} for one in ("x9Kq277aB", "x9Kq277aC"))
    assert differing(before, after, ("MODE",)) == ["-environment.MODE: x9Kq277aB", "+environment.MODE: x9Kq277aC"]


def test_what_is_kept_beside_a_configuration_is_not_shown() -> None:
    assert _preview.lines({"name": "shop", "x-secrets": ["hunter22"], "x-environment": {"A": "b"}}) == []


def test_images_are_named_and_paths_begin_in_the_checkout() -> None:
    config = {"services": {"web": {"image": "x", "build": {"context": "/t/a"}, "volumes": [{"source": "/t/a/conf"}]}}}
    named = _preview.named(config, {"web": Image(f"sha256:{'a' * 64}", "shop:v1")}, "/t/a")
    assert named["services"]["web"]["image"] == "shop:v1 (sha256:aaaaaaaaaaaa)"
    assert named["services"]["web"]["volumes"] == [{"source": "./conf"}]
    assert "build" not in named["services"]["web"]


def test_known_secrets_are_blanked_out_wherever_they_are_and_what_is_long_is_cut() -> None:
    target = cast("Any", SimpleNamespace(app=app(), redactor=Redactor(["hunter22"])))
    after = {"services": {"web": {"command": ["--key", "hunter22", "y" * 1000], "many": [str(n) for n in range(999)]}}}
    [found] = _preview.shown({}, after, ("nothing", "v1"), target)
    lines = found["prepared"].splitlines()
    assert lines[:2] == ["--- nothing", "+++ v1"]
    assert "hunter22" not in found["prepared"]
    assert "+services.web.command[]: ********" in lines
    assert max(map(len, lines)) < 310
    assert len(lines) == 403
    assert _preview.shown(after, after, ("a", "b"), target) == []
