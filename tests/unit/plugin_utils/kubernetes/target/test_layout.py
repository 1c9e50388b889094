"""Leases and files as objects of a cluster: conversions over plain data, and a store over a cluster that is a dict."""

from __future__ import annotations

import json
import os
import random
import re
from dataclasses import replace

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import (
    LeaseHeld,
    LeaseLost,
    OpsError,
    Refused,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.state._lease import MAINTENANCE, OPERATION, Lease
from ansible_collections.doppelganger.ops.plugins.module_utils.state._schema import BadState
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target import _layout as state
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._store import KubeStore
from tests.unit.support.kube import FakeCluster

HELD = Lease("ana@console", "deploy v2", OPERATION, 7, acquired=1000.25, renewed=1040.5, expires=1100.5)
LOCK = Lease("bo@console", "new disks", MAINTENANCE, 7, acquired=1000.0, renewed=1000.0, expires=None)


@pytest.mark.parametrize(
    "lease",
    [
        pytest.param(HELD, id="held"),
        pytest.param(replace(HELD, released=True), id="released"),
        pytest.param(LOCK, id="a maintenance lock"),
        pytest.param(replace(LOCK, released=True), id="a released maintenance lock"),
        pytest.param(replace(HELD, expires=1041.3), id="a part of a second"),
        pytest.param(replace(HELD, expires=1040.5), id="expired at once"),
    ],
)
def test_a_lease_survives_the_cluster(lease: Lease) -> None:
    found = state.lease_object(lease, "studio")
    assert state.lease_from(json.loads(json.dumps(found))) == lease


def test_a_lease_is_one_that_other_tools_understand() -> None:
    assert state.lease_object(HELD, "studio")["spec"] == {
        "holderIdentity": "ana@console", "leaseDurationSeconds": 60, "leaseTransitions": 7,
        "acquireTime": "1970-01-01T00:16:40.250000Z", "renewTime": "1970-01-01T00:17:20.500000Z",
    }  # fmt: skip
    assert "holderIdentity" not in state.lease_object(replace(HELD, released=True), "studio")["spec"]
    assert "leaseDurationSeconds" not in state.lease_object(LOCK, "studio")["spec"]
    assert state.lease_object(replace(HELD, expires=1041.3), "studio")["spec"]["leaseDurationSeconds"] == 1


def test_what_other_tools_write_counts_and_what_they_added_stays() -> None:
    found = state.lease_object(HELD, "studio")
    found["spec"]["leaseDurationSeconds"] = 90
    found["metadata"]["annotations"]["theirs"] = "x"
    assert state.lease_from(found).expires == 1130.5
    assert state.lease_from({"metadata": {}, "spec": {}}) == Lease("", "", OPERATION, 0, 0.0, 0.0, 0.0, released=True)
    after = state.lease_object(replace(LOCK, token=8), "studio", found)
    assert after["metadata"]["annotations"]["theirs"] == "x"
    assert state.lease_from(after) == replace(LOCK, token=8)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("current.json", ("state", "", "current.json")),
        ("operation.json", ("state", "", "operation.json")),
        ("audit.jsonl", ("audit", "", "audit.jsonl")),
        ("releases/0001-v1/record.json", ("release", "0001-v1", "record.json")),
        ("backups/b/backup.json", ("backup", "b", "backup.json")),
        ("evidence/e/manifest.json", ("evidence", "e", "manifest.json")),
    ],
)
def test_where_a_file_is(name: str, place: tuple[str, str, str]) -> None:
    assert state.place_of(name) == place


@pytest.mark.parametrize("name", ["other/x/y", "releases/x", "releases//y", "releases/x/y/z"])
def test_a_file_without_a_place(name: str) -> None:
    with pytest.raises(OpsError, match="no place for"):
        state.place_of(name)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("studio", "state", ""), "ops-studio-state"),
        (("studio", "release", "0003-v0.2.0"), "ops-studio-release-0003-v0.2.0"),
        (("studio", "release", "0003-V1"), "ops-studio-release-0003-v1-"),
        (("studio", "release", "0003-v1"), "ops-studio-release-0003-v1"),
        (("my_app", "state", ""), "ops-my-app-state-"),
        (("studio", "release", "0003-a..b.-c_."), "ops-studio-release-0003-a-b-c-"),
        (("studio", "release", "0003-" + "x" * 300), "ops-studio-release-0003-xxx"),
    ],
)
def test_an_object_has_a_valid_name_of_its_own(parts: tuple[str, ...], name: str) -> None:
    found = state.object_name(*parts)
    assert found.startswith(name)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", found)
    assert len(found) <= 253
    assert (found == name) is not name.endswith(("-", "xxx"))


EMPTY = state.empty_secret("studio", "release", "0001-v1")


@pytest.mark.parametrize("size", [0, 10, state.COMPRESS_FROM, state.COMPRESS_FROM + 1, 3_000_000])
def test_large_content_is_compressed_and_comes_back(size: int) -> None:
    secret = state.with_file(EMPTY, "a.json", b"x" * size, 3)
    assert list(secret["data"]) == ["a.json" if size <= state.COMPRESS_FROM else "a.json.gz"]
    assert state.file_of(secret, "a.json") == b"x" * size
    assert state.written_by(secret) == 3
    assert secret == state.with_file(EMPTY, "a.json", b"x" * size, 3)
    smaller = state.with_file(secret, "a.json", b"y", None)
    assert (list(smaller["data"]), state.written_by(smaller)) == (["a.json"], 3)


def test_what_is_too_large_for_a_secret_says_so_before_it_is_sent() -> None:
    one = state.with_file(EMPTY, "a", os.urandom(700_000), 1)
    with pytest.raises(
        OpsError, match=r"b of ops-studio-release-0001-v1 is too large for a Secret: .* at most 1000000"
    ):
        state.with_file(one, "b", os.urandom(400_000), 1)
    assert state.with_file(one, "a", os.urandom(900_000), 1)


def test_the_audit_trail_forgets_its_oldest_lines() -> None:
    trail = b""
    for number in range(state.AUDIT_LINES + 3):
        trail = state.with_line(trail, str(number))
    assert trail.splitlines()[::499] == [b"3", b"502"]


# the store, over a cluster that is a dict


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def store(cluster: FakeCluster) -> KubeStore:
    return KubeStore(cluster, "studio")  # type: ignore[arg-type]  # as much of a cluster as the store uses


def take(store: KubeStore, ttl: float = 60, holder: str = "ana@console", kind: str = OPERATION) -> Lease:
    return store.try_acquire(holder=holder, purpose="deploy v2", kind=kind, ttl=ttl)


JOURNAL = {
    "operation": "deploy", "release": "0001-v1", "token": 1, "status": "running", "phases": [],
    "started": "2026-11-23T20:41:05Z",
}  # fmt: skip
RECORD = "releases/0001-v1/note.json"


def test_the_lease_is_that_of_the_other_store(store: KubeStore, cluster: FakeCluster) -> None:
    lease = take(store)
    assert lease == store.lease() == Lease("ana@console", "deploy v2", OPERATION, 1, 1000.0, 1000.0, 1060.0)
    with pytest.raises(LeaseHeld, match="held by ana@console") as error:
        take(store, holder="bo")
    assert error.value.data["lease"] == lease.as_dict()
    cluster.time = 1050
    store.renew(1, 60)
    assert store.read("lease.json") == replace(lease, renewed=1050.0, expires=1110.0).as_dict()
    store.release(1)
    assert (store.lease() or lease).released
    assert take(store, holder="bo").token == 2
    with pytest.raises(LeaseLost, match="lease number 1 and it is now held by bo"):
        store.renew(1, 60)


@pytest.mark.parametrize(
    ("is_there", "way"),
    [(False, "expired"), (False, "unlocked"), (True, "expired"), (True, "unlocked"), (True, "deleted")],
)
def test_a_write_that_was_begun_before_the_lease_was_lost_fails_after_it(
    store: KubeStore, cluster: FakeCluster, is_there: bool, way: str
) -> None:
    """The old holder has passed every check when it is stopped; the new one has the lease when it goes on."""
    take(store)
    if is_there:
        store.write(RECORD, {"late": False}, token=1)

    def lose() -> None:
        if way == "expired":
            cluster.time += 100
        elif way == "unlocked":
            store.unlock(by="bo", reason="gone")
        else:
            del cluster.objects["Lease", "ops-studio"]
        assert take(store, holder="bo").token == 2

    cluster.before_write = lose
    with pytest.raises(LeaseLost):
        store.write(RECORD, {"late": True}, token=1)
    assert store.read(RECORD) == ({"late": False} if is_there else None)
    store.write(RECORD, {"late": "no"}, token=2)


def test_a_removal_that_was_begun_before_the_lease_was_lost_fails_after_it(
    store: KubeStore, cluster: FakeCluster
) -> None:
    take(store)
    store.write(RECORD, {}, token=1)

    def lose() -> None:
        cluster.time += 100
        take(store)

    cluster.before_write = lose
    with pytest.raises(LeaseLost):
        store.remove("releases", "0001-v1", token=1)
    assert store.folders("releases") == ["0001-v1"]
    store.remove("releases", "0001-v1", token=2)
    store.remove("releases", "0001-v1", token=2)
    assert store.folders("releases") == []


def test_a_lease_given_back_is_taken_without_marking_everything(store: KubeStore, cluster: FakeCluster) -> None:
    take(store)
    store.write(RECORD, {}, token=1)
    store.release(1)
    before = cluster.objects["Secret", "ops-studio-release-0001-v1"]
    take(store)
    assert cluster.objects["Secret", "ops-studio-release-0001-v1"] == before


@pytest.mark.parametrize("is_there", [False, True])
def test_a_write_whose_answer_was_lost_counts(store: KubeStore, cluster: FakeCluster, is_there: bool) -> None:
    if is_there:
        store.write("current.json", {"release": "0000-v1"})
    cluster.loses_answers = True
    store.write("current.json", {"release": "0001-v1"})
    assert store.read("current.json") == {"release": "0001-v1"}
    cluster.loses_answers = True
    assert take(store).token == 1


def test_writers_of_one_object_lose_nothing(store: KubeStore, cluster: FakeCluster) -> None:
    store.write("current.json", {"release": "0001-v1"})
    cluster.before_write = lambda: store.write("operation.json", JOURNAL)
    store.write("current.json", {"release": "0002-v1"})
    assert (store.read("current.json"), store.read("operation.json")) == ({"release": "0002-v1"}, JOURNAL)


def test_a_secret_of_somebody_else_is_neither_read_nor_written(store: KubeStore, cluster: FakeCluster) -> None:
    cluster.create({"kind": "Secret", "metadata": {"name": "ops-studio-state"}})
    with pytest.raises(Refused, match="found another"):
        store.read("current.json")
    with pytest.raises(Refused, match="found another"):
        store.write("current.json", {})


def test_names_that_no_object_can_have_come_back_as_they_were(store: KubeStore) -> None:
    take(store)
    names = ["0001-V1", "0001-v1", "0002-A_b", "0010-c"]
    for name in random.sample(names, len(names)):
        store.write(f"releases/{name}/note.json", {"id": name}, token=1)
    assert store.folders("releases") == names
    assert store.readable("releases", "note.json") == ({name: {"id": name} for name in names}, {})
    assert (store.folders("backups"), store.read("backups/x/backup.json")) == ([], None)


def test_content_that_was_broken_by_hand_is_named(store: KubeStore, cluster: FakeCluster) -> None:
    store.write("current.json", {})
    cluster.objects["Secret", "ops-studio-state"]["data"]["current.json"] = "e3s="
    with pytest.raises(BadState) as error:
        store.read("current.json")
    assert error.value.data["state"] == "current.json of the Secret ops-studio-state in studio"
