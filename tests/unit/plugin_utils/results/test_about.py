"""What a run is about."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _about

WHOLE = {"application": "shop", "environment": "production", "operator": "a@ctl", "reason": "why"}


@pytest.mark.parametrize(
    ("stage", "variables", "name"),
    [
        ("production", {"inventory_file": "/i/staging/hosts.yml"}, "production"),
        ("", {"awx_inventory_name": "Production", "inventory_file": "/runner/inventory/hosts"}, "Production"),
        ("", {"tower_inventory_name": "Production"}, "Production"),
        ("", {"inventory_file": "/i/compose_production/hosts.yml", "inventory_dir": "/i/compose_production"},
         "compose_production"),
        ("", {"inventory_file": "/i/staging.yml", "inventory_dir": "/i"}, "staging"),
        ("", {"inventory_file": "/i/inventory", "inventory_dir": "/i"}, "i"),
        ("", {"inventory_file": None, "inventory_dir": None}, ""),
        ("", {}, ""),
    ],
)  # fmt: skip
def test_what_an_environment_is_called(stage: str, variables: dict[str, Any], name: str) -> None:
    assert _about.environment(stage, variables) == name


@pytest.mark.parametrize(
    ("variables", "about"),
    [
        ({"app_model": {"about": WHOLE}}, WHOLE),
        ({"app_model": {"about": {"operator": "a@ctl", "more": 1}}}, {**dict.fromkeys(WHOLE, ""), "operator": "a@ctl"}),
        ({"app_model": {"failed": True}}, dict.fromkeys(WHOLE, "")),
        ({"app_model": None}, dict.fromkeys(WHOLE, "")),
        ({}, dict.fromkeys(WHOLE, "")),
    ],
)  # fmt: skip
def test_what_is_known_of_a_host(variables: dict[str, Any], about: dict[str, str]) -> None:
    assert _about.of_variables(variables) == about


def test_a_line_has_what_is_known() -> None:
    assert _about.line(WHOLE) == "application: shop, environment: production, operator: a@ctl, reason: why"
    assert _about.line({"application": "shop", "reason": ""}) == "application: shop"
    assert _about.line({}) == ""
