"""What is changed through the engine's API."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._actions import remove_half_made, stop
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._project import Project


@pytest.mark.parametrize(
    ("name", "state", "is_removed"),
    [
        ("ee66117dfcde_shop-app-1", "created", True),
        ("ee66117dfcde_shop-app-1", "running", False),
        ("shop-app-1", "created", False),
        ("facade_shop-app-1", "created", False),
        ("shop_ee66117dfcde_1", "created", False),
    ],
)
def test_only_what_was_never_put_in_its_place_is_half_made(name: str, state: str, is_removed: bool) -> None:
    removed: list[str] = []
    api: Any = SimpleNamespace(remove_container=removed.append)
    found = [SimpleNamespace(id="one", name=name, state=state)]
    remove_half_made(cast(Project, SimpleNamespace(api=api, containers=lambda: found)))
    assert removed == (["one"] if is_removed else [])


@pytest.mark.parametrize(("config", "seconds"), [({}, 10), ({"StopTimeout": 120}, 120), ({"StopTimeout": 0}, 0)])
def test_a_container_is_given_the_time_to_stop_that_it_was_made_with(config: dict[str, Any], seconds: int) -> None:
    asked: list[Any] = []
    api: Any = SimpleNamespace(
        inspect_container=lambda _: {"Config": config}, stop=lambda id_, timeout: asked.append((id_, timeout))
    )
    stop(cast(Project, SimpleNamespace(api=api)), "one")
    assert asked == [("one", seconds)]
