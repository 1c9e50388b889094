"""What bringing a release up changes and waits for, and what counts as drift."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.changes._changes import Release
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout import _wait
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.steps import _apply
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._target import KubeTarget
from tests.unit.plugin_utils.kubernetes.changes.test_changes import Server, thing
from tests.unit.support.making import app, record

WEB = thing("Deployment", "web", "apps/v1", spec={"x": 1})
GOES, STAYS = (
    thing("Job", name, "batch/v1", spec={"x": 1, **spec})
    for name, spec in (("goes", {"ttlSecondsAfterFinished": 60}), ("stays", {}))
)


def target(server: Server, *objects: dict[str, Any], current: str = "") -> KubeTarget:
    """As much of a target as is asked for here."""
    given = SimpleNamespace(
        app=app(name="tides"), cluster=server, redactor=SimpleNamespace(text=str), current=lambda: current,
        state=SimpleNamespace(readable=lambda *_: ({}, {})), manifests=lambda release: list(objects),
    )  # fmt: skip
    return cast(KubeTarget, given)


def test_a_job_that_went_by_itself_is_no_drift_and_any_other_that_is_missing_is() -> None:
    found = KubeTarget.drift(target(Server(), WEB, GOES, STAYS), record(2))
    assert found == ["Deployment/web is missing", "Job/stays is missing"]


@pytest.mark.parametrize(
    ("current", "changed", "waited_for"),
    [
        pytest.param("0002-v1", ["web"], ["web"], id="the release that was there"),
        pytest.param("0001-v1", ["web", "goes"], ["web", "goes"], id="another one"),
    ],
)
def test_a_job_that_went_by_itself_is_not_run_again_for_the_same_release(
    current: str, changed: list[str], waited_for: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[str] = []
    monkeypatch.setattr(_wait, "wait", lambda cluster, refs, *_, **__: waits.extend(ref.name for ref in refs))
    server = Server()
    given = target(server, WEB, GOES, current=current)
    changes = _apply.planned(given, Release.of("tides", "0002-v1", ""), [WEB, GOES])
    _apply._bring_up(given, "0002-v1", changes, lambda: None)
    assert [name for _, name in server.things] == changed
    assert waits == waited_for
