"""Which steps are loaded before the fork, and for whom."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.inventory.host import Host

from ansible_collections.doppelganger.ops.plugins.callback import preload


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    """What these tests exempt from garbage collection is collected again afterwards."""
    yield
    gc.unfreeze()


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(preload, "entry_of", lambda step, platform: found.append((step, platform)))
    return found


def told(callback: Any, platform: object, action: str = "doppelganger.ops.app_model", **variables: str) -> None:
    """A task has ended on a host with these variables."""
    host = Host("one")
    for name, value in variables.items():
        host.set_variable(name, value)
    result = {"platform": platform}
    callback.v2_runner_on_ok(SimpleNamespace(task=SimpleNamespace(action=action), result=result, host=host))


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        pytest.param("compose", {"ansible_connection": "local"}, [("release_apply", "compose")], id="this machine"),
        pytest.param("compose", {}, [], id="behind ssh the module is shipped"),
        pytest.param("kubernetes", {}, [("release_apply", "kubernetes")], id="a cluster"),
        pytest.param("nomad", {}, [], id="a platform of nobody"),
    ],
)
def test_what_is_loaded(
    loaded: list[tuple[str, str]], platform: str, variables: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    callback = preload.CallbackModule()
    callback.v2_playbook_on_task_start(SimpleNamespace(action="doppelganger.ops.release_apply"), False)
    told(callback, platform, **variables)
    callback.v2_playbook_on_task_start(SimpleNamespace(action="doppelganger.ops.release_apply"), False)
    callback.v2_playbook_on_task_start(SimpleNamespace(action="ansible.builtin.debug"), False)
    assert loaded == expected


def test_only_the_model_names_a_platform(loaded: list[tuple[str, str]]) -> None:
    callback = preload.CallbackModule()
    told(callback, "kubernetes", action="doppelganger.ops.health_check")
    callback.v2_playbook_on_task_start(SimpleNamespace(action="doppelganger.ops.release_apply"), False)
    assert loaded == []


def test_what_is_loaded_is_exempt_from_garbage_collection(loaded: list[tuple[str, str]]) -> None:
    callback = preload.CallbackModule()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()
    told(callback, "kubernetes")
    callback.v2_playbook_on_task_start(SimpleNamespace(action="ansible.builtin.debug"), False)
    assert gc.get_freeze_count() == 0
    callback.v2_playbook_on_task_start(SimpleNamespace(action="doppelganger.ops.release_apply"), False)
    assert gc.get_freeze_count() > 0
