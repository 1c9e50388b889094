"""Where an image comes from."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _registries
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("ghcr.io/shop/web", "ghcr.io/shop/web:1.0"),
        ("ghcr.io/shop/web", f"ghcr.io/shop/web:1.0@{DIGEST}"),
        ("127.0.0.1:5000/web", "127.0.0.1:5000/web"),
        ("127.0.0.1:5000/shop/web", "127.0.0.1:5000/shop/web:1.0"),
        ("nginx", "docker.io/library/nginx:1"),
        ("shop/web", "index.docker.io/shop/web"),
        ("ghcr.io/shop/web", None),
    ],
)
def test_compose_files_that_name_the_same_repository(ours: str, theirs: str | None) -> None:
    _registries.refuse_other_images({"web": ours}, {"services": {"web": {"image": theirs}}})
    _registries.refuse_other_images({"web": ours}, {"services": {}})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("ghcr.io/shop/web", "ghcr.io/shop/api:1.0"),
        ("ghcr.io/shop/web", "shop/web:1.0"),
        ("127.0.0.1:5000/web", "127.0.0.1:5001/web"),
        ("shop/web", f"web@{DIGEST}"),
    ],
)
def test_compose_files_that_name_another_one(ours: str, theirs: str) -> None:
    config: dict[str, Any] = {"services": {"web": {"image": theirs}}}
    with pytest.raises(Refused) as error:
        _registries.refuse_other_images({"web": ours}, config)
    assert (error.value.reason, error.value.data["service"]) == ("invalid_input", "web")


@pytest.mark.parametrize("name", ["https://ghcr.io/web", "-a.example/web"])
def test_what_is_no_name_of_an_image_is_an_error_of_ours(name: str) -> None:
    with pytest.raises(OpsError):
        _registries.repository_of(name)
