"""The images of a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps._images import _Images
from tests.unit.support.making import record, target

LOGIN = {"username": "ana", "password": "p"}


@pytest.mark.parametrize(
    ("images", "reference", "is_given"),
    [
        ({"web": "registry.example.com/shop/web"}, "registry.example.com/tools/proxy:1", True),
        ({"web": "registry.example.com/shop/web"}, "postgres:16", False),
        ({"web": "registry.example.com/shop/web"}, "ghcr.io/x/y@sha256:0", False),
        ({"web": "registry.example.com:5000/web"}, "registry.example.com/web", False),
        ({"web": "ana/web"}, "postgres:16", True),
        ({}, "registry.example.com/tools/proxy:1", True),
        ({}, "postgres:16", False),
    ],
)
def test_the_login_is_for_the_registries_of_the_application(
    tmp_path: Path, images: dict[str, Any], reference: str, is_given: bool
) -> None:
    work = _Images(target(tmp_path, images=images), record(), LOGIN)
    assert work._login_for(reference) == (LOGIN if is_given else None)
