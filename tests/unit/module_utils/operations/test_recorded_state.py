"""What earlier versions wrote is read and carried on, on both stores."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import LeaseHeld, LeaseLost
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import (
    _backup,
    _info,
    _lifecycle,
    _plan,
    _prune,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._target import Target
from ansible_collections.doppelganger.ops.plugins.module_utils.state import _releases
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._store import KubeStore
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._target import Files
from doppelganger_ops.schemas import schema
from tests.unit.support import recorded
from tests.unit.support.kube import FakeCluster
from tests.unit.support.making import app
from tests.unit.support.state_files import WANTED, InCluster, OnHost

#: of 0.1.0: a good release, one that was rolled back from, one that failed, a good one, and one whose run was killed
RELEASES = {"0001-v0.1.0": "good", "0002-v0.2.0": "bad", "0003-v0.3.0": "bad", "0004-v0.2.0": "good"}
KILLED, CURRENT = "0005-v0.2.1", "0004-v0.2.0"
DESCRIBED = {"record.json": "release", "backup.json": "backup", "manifest.json": "evidence"}


class Host(OnHost):
    def tidy(self) -> None:
        """Nothing: there is no engine."""

    def forget(self, record: Any, kept: Any) -> None:
        """Nothing: there are no images."""


class Namespace(InCluster):
    def __init__(self, folder: Path) -> None:
        self.app = model(folder, platform="kubernetes")
        self.cluster = FakeCluster()
        self.cluster.time = time.time()
        self.state = self.store = KubeStore(self.cluster, self.app.name)
        self.files = Files(str(folder), self.state)

    def tidy(self) -> None:
        """Nothing: there are no Jobs."""


def model(folder: Path, **changes: Any) -> Any:
    """The application as far as its state is concerned; without a service, as no database runs here."""
    return app(name=recorded.NAME, state_dir=str(folder), database_name="doppelganger", **changes)


def on_host(folder: Path, version: str) -> Target:
    recorded.put(version, folder, {recorded.FOLDER: str(folder)})
    return Host(model(folder))


def in_cluster(folder: Path, version: str) -> Target:
    target = Namespace(folder)
    for one in recorded.objects(version):
        target.cluster.create(one)
    recorded.put(version, folder, {}, platform="kubernetes")
    return target


@pytest.fixture(params=[on_host, in_cluster], ids=["on a host", "in a cluster"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    made: Target = request.param(tmp_path / "state", "0.1.0")
    return made


def call(step: Any, target: Target, check_mode: bool = True, **params: Any) -> Any:
    """Do a step with the defaults of its options."""
    defaults = {name: option.get("default") for name, option in step.spec.items()}
    return step.run(target, {**defaults, "operator": "bo@console", "reason": "a test", **params}, check_mode)


def start(target: Target) -> dict[str, Any]:
    """Begin a deployment."""
    found: dict[str, Any] = call(_lifecycle.START, target, False, operation="deploy", subject="v3", wanted=WANTED)
    return found


def test_everything_that_is_there_is_named(target: Target) -> None:
    found = call(_info.INFO, target)
    assert {one["id"]: one["status"] for one in found["releases"]} == {**RELEASES, KILLED: "pending"}
    assert (found["current"], found["unreadable"]) == (CURRENT, {})
    assert len(found["backups"]) == len(target.files.folders("backups")) >= 4
    assert (found["interrupted"]["operation"], found["interrupted"]["release"]) == ("deploy", KILLED)
    assert found["interrupted"]["phase"] == "soak"


def test_what_was_recorded_is_as_the_schemas_of_today_say(target: Target) -> None:
    stores = [(target.store, "releases", "record.json"), (target.store, "evidence", "manifest.json")]
    for store, kind, file in [*stores, (target.files, "backups", "backup.json")]:
        found = store.folders(kind)
        assert found
        for name in found:
            jsonschema.validate(store.read(f"{kind}/{name}/{file}"), schema(DESCRIBED[file]))


def test_a_deployment_recovers_and_fences_off_whoever_was_killed(target: Target) -> None:
    before = target.store.lease()
    assert before is not None
    found = start(target)
    assert (found["interrupted"]["release"], found["previous"]) == (KILLED, CURRENT)
    assert (found["token"], found["release"]) == (before.token + 1, "0006-v3")
    assert target.record(KILLED).status == "bad"
    with pytest.raises(LeaseLost):
        target.save(target.record(CURRENT), before.token)


def test_a_deployment_ends_and_keeps_what_may_be_needed(target: Target) -> None:
    began = start(target)
    release, token = began["release"], began["token"]
    call(_lifecycle.FINISH, target, False, token=token, release=release, good=release, activate=release)
    jsonschema.validate(target.record(KILLED).as_data(), schema("release"))
    assert target.current() == release
    kept = {one.id: one.status for one in target.records()}
    assert kept == {**RELEASES, KILLED: "bad", release: "good"}
    lease = target.store.lease()
    assert lease is not None
    assert lease.released


def test_old_releases_and_backups_go_by_the_rules_of_today(target: Target) -> None:
    target.app = model(
        Path(target.app.state_dir), platform=target.app.platform, keep_good=1, keep_bad=1, keep_backups=1
    )
    backups, token = target.files.folders("backups"), start(target)["token"]
    restored = _backup.last_restored(target)
    assert restored in backups
    pruned = _prune.prune(target, token)
    assert pruned["left"] == []
    assert pruned["releases"] == ["0001-v0.1.0", "0002-v0.2.0", "0003-v0.3.0"]
    kept = target.files.folders("backups")
    assert {restored, target.record(CURRENT).backup} <= set(kept) < set(backups)
    assert target.store.folders("evidence") == []


def test_releases_can_be_returned_to_and_are_refused_as_they_were(target: Target) -> None:
    records, current = target.records(), target.current()
    found = [_releases.resolve(name, records, current, lambda _: ()) for name in ("v0.1.0", "last good", "v0.2.0")]
    assert [one.id for one in found] == ["0001-v0.1.0", CURRENT, CURRENT]
    assert _releases.choices(records, lambda _: ()) == ["0001-v0.1.0", CURRENT]


def test_backups_are_the_ones_that_were_taken(target: Target) -> None:
    for name in target.files.folders("backups"):
        assert _backup.checked(target, name)["id"] == name


def test_whoever_holds_the_lease_still_holds_it(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = target.store.lease()
    assert lease is not None
    clock = time.time
    offset = lease.renewed + 1 - clock()
    monkeypatch.setattr(time, "time", lambda: clock() + offset)
    if isinstance(target, Namespace):
        target.cluster.time = time.time()
    with pytest.raises(LeaseHeld):
        start(target)
    found = call(_info.LOCK, target, False, state="absent")
    assert found["was"] == lease.as_dict()
    assert start(target)["token"] == lease.token + 1


def test_the_digests_of_then_make_one_release_and_no_more(target: Target) -> None:
    record = target.record(CURRENT)
    wanted = {"version": record.version, "source": record.source.as_data(), "env": "hmac:1", "inputs": "hmac:2"}
    found = {"interrupted": None, "lease": None, "current_record": record}
    assert _plan.decide(wanted, found, lambda _: [])["needed"]
    carried_on = replace(record, config=replace(record.config, env="hmac:1", inputs="hmac:2"))
    assert not _plan.decide(wanted, {**found, "current_record": carried_on}, lambda _: [])["needed"]


@pytest.mark.parametrize("published", recorded.results("0.1.0"), ids=lambda one: str(one["name"]))
def test_what_was_published_is_as_the_schema_of_today_says(published: dict[str, Any]) -> None:
    jsonschema.validate(published["result"], schema("result"))


@pytest.mark.parametrize("version", recorded.VERSIONS)
def test_no_recording_has_a_password(version: str) -> None:
    texts = [content for name, content in recorded.files(version) if name.endswith("compose.json")]
    values = [
        value
        for text in texts
        for service in json.loads(text)["services"].values()
        for name, value in (service.get("environment") or {}).items()
        if name in ("POSTGRES_PASSWORD", "SECRET_KEY")
    ]
    assert set(values) == {"recorded-postgres-password", "recorded-secret-key"}
