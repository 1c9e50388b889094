"""Bringing a release up, with compose and an engine that are no real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils import _apply
from ansible_collections.doppelganger.ops.plugins.module_utils._compose_target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils._engine_data import Container
from tests.unit.plugins.making import container, record, target


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"restart_count": 7}, None, id="restarted long ago"),
        pytest.param({"restart_count": 7, "oom_killed": True}, None, id="killed long ago"),
        pytest.param({"restart_count": 8, "oom_killed": True}, "web was killed for want of memory", id="killed now"),
        pytest.param({"restart_count": 9}, None, id="it may yet come up"),
        pytest.param({"restart_count": 10}, "web keeps restarting (exit code 0, 3 restarts)", id="a crash loop"),
        pytest.param({"restart_count": 7, "id": "new"}, "web keeps restarting (exit code 0, 7 restarts)", id="another"),
    ],
)
def test_restarts_of_the_past_are_no_reason_to_end_the_wait(changes: dict[str, Any], reason: str | None) -> None:
    assert _apply.terminal_reason([container(**changes)], ["web"], {"id-web": 7}) == reason


class Composed:
    """Compose that makes the same of every verb: containers as they are given."""

    def __init__(self, found: list[Container]) -> None:
        self.name = "shop"
        self.found = found
        self.verbs: list[tuple[str, ...]] = []

    def run(self, *verb: str, **_options: Any) -> str:
        self.verbs.append(verb)
        return ""

    def containers(self, **_options: Any) -> list[Container]:
        return self.found

    def events(self, **_options: Any) -> Iterator[None]:
        yield None


def host(folder: Path, composed: Composed, **changes: Any) -> ComposeTarget:
    """A target whose engine and compose are no real ones."""
    made = target(folder, **changes)
    vars(made).update(project=composed, compose_of=lambda _release: composed, record=lambda _release: record())
    return made


def test_a_database_that_crashed_months_ago_does_not_fail_a_release(tmp_path: Path) -> None:
    composed = Composed([container("web"), container("db", restart_count=3, oom_killed=True)])
    assert _apply.bring_up(host(tmp_path, composed), "0001-v1", []) == []
    assert composed.verbs[0][0] == "up"
