"""What a migration brings up before it, and whose Jobs it removes after it."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import LeaseLost, Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout import _wait
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.steps import _migrate
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._target import KubeTarget
from tests.unit.plugin_utils.kubernetes.changes.test_changes import Server, cause, live, thing
from tests.unit.support.kube import template
from tests.unit.support.making import app, record

WEB, DATABASE, SERVICE = (
    thing(kind, name, version, spec={"x": 2})
    for kind, name, version in (
        ("Deployment", "web", "apps/v1"),
        ("StatefulSet", "db", "apps/v1"),
        ("Service", "web", "v1"),
    )
)
SETTINGS = thing("ConfigMap", "settings", data={"a": "2"})


def target(server: Server) -> KubeTarget:
    """As much of a target as is asked for here."""
    redactor = SimpleNamespace(text=str)
    given = SimpleNamespace(app=app(name="tides"), cluster=server, redactor=redactor)
    return cast(KubeTarget, given)


class Owned(Server):
    """A server on which somebody else has set a field of one object."""

    def apply(self, manifest: Any, *, dry_run: bool = False, force: bool = False) -> dict[str, Any]:
        self.conflicts = [cause("tuner")] if manifest["kind"] == "Deployment" else []
        return super().apply(manifest, dry_run=dry_run, force=force)


def brought_up(server: Server) -> list[str]:
    objects = [WEB, DATABASE, SERVICE, SETTINGS]
    _migrate._bring_up_what_it_needs(target(server), record(2), objects, lambda: None)
    return server.sent


def test_configuration_and_what_is_not_there_yet_come_before_a_migration_and_the_release_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_wait, "wait", lambda *_, **__: None)
    assert brought_up(Server()) == ["ConfigMap/settings", "Service/web", "StatefulSet/db"]
    there = [
        live(one["kind"], one["metadata"]["name"], one["apiVersion"]) for one in (WEB, DATABASE, SERVICE, SETTINGS)
    ]
    assert brought_up(Server(*there)) == ["ConfigMap/settings"]


def test_a_conflict_on_the_release_ends_it_before_anything_has_changed() -> None:
    server = Owned()
    with pytest.raises(Refused, match=r"Deployment/web: .* tuner"):
        brought_up(server)
    assert server.sent == []


class Taken(Server):
    """A server on which, while the first Job runs, somebody else takes the lease and migrates by a Job of its name."""

    def list(self, api_version: str, kind: str, **_: Any) -> tuple[list[dict[str, Any]], str]:
        return [one for (found, _), one in self.things.items() if found == kind], "1"

    def take(self, name: str, uid: str) -> None:
        self.things["Job", name] = live("Job", name, "batch/v1", metadata={"uid": uid})


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_migration_takes_away_its_own_jobs_and_nobody_elses(is_taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Taken(live("Job", "ops-tides-migration-7", "batch/v1"))
    given = SimpleNamespace(
        app=app(name="tides", migration_service="web", migration_command=["migrate"]), cluster=server,
        redactor=SimpleNamespace(text=str), store=SimpleNamespace(write=lambda *_, **__: None),
    )  # fmt: skip

    def wait(*_: Any, **__: Any) -> None:
        assert list(server.things) == [("Job", "ops-tides-migration-1")], "what a killed run left is gone before"
        if is_taken:
            server.take("ops-tides-migration-1", "theirs")
            raise LeaseLost("somebody else has it")

    monkeypatch.setattr(_wait, "wait", wait)
    web = thing("Deployment", "web", "apps/v1", spec={"template": template()})
    operation = cast(Any, SimpleNamespace(prove=lambda: None, token=1))
    with pytest.raises(LeaseLost) if is_taken else contextlib.nullcontext():
        _migrate._migrate(cast(KubeTarget, given), record(2), [web], 0.0, operation)
    assert len(server.things) == is_taken
