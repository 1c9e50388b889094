"""The store of a cluster over a cluster that is a dictionary: who may write, and who is kept from it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import LeaseLost
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import Conflict
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target import _layout as layout
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._store import KubeStore
from tests.unit.support import making

RECORD = "releases/0001-v1/record.json"


class Cluster:
    """One namespace. ``before_write`` is called once, between what a writer read and what it writes."""

    namespace = "shop"

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.version = 0
        self.clock = 1_764_000_000.0
        self.before_write: Callable[[], Any] | None = None

    def now(self) -> float:
        return self.clock

    def get(self, _api: str, kind: str, name: str) -> dict[str, Any] | None:
        return copy.deepcopy(self.objects.get((kind, name)))

    def list(self, _api: str, kind: str, **_options: Any) -> tuple[list[dict[str, Any]], str]:
        return [copy.deepcopy(one) for (each, _), one in self.objects.items() if each == kind], ""

    def create(self, thing: dict[str, Any]) -> None:
        self._meanwhile(thing)
        self._put(thing)

    def replace(self, thing: dict[str, Any]) -> None:
        self._meanwhile(thing)
        there = self.objects[(thing["kind"], thing["metadata"]["name"])]
        if there["metadata"]["resourceVersion"] != thing["metadata"]["resourceVersion"]:
            raise Conflict("somebody else was faster")
        self._put(thing)

    def patch(self, _api: str, kind: str, name: str, change: dict[str, Any]) -> None:
        found = self.objects[(kind, name)]
        found["metadata"].setdefault("annotations", {}).update(change["metadata"]["annotations"])
        self._put(found)

    def delete(self, _api: str, _kind: str, name: str, **_options: Any) -> None:
        del self.objects[("Secret", name)]

    def _put(self, thing: dict[str, Any]) -> None:
        self.version += 1
        about = {"uid": "u", **thing["metadata"], "resourceVersion": str(self.version)}
        self.objects[(thing["kind"], about["name"])] = {**copy.deepcopy(thing), "metadata": about}

    def _meanwhile(self, thing: dict[str, Any]) -> None:
        if self.before_write and thing["kind"] == "Secret":
            call, self.before_write = self.before_write, None
            call()


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def store(cluster: Cluster) -> KubeStore:
    return KubeStore(cluster, "shop")  # type: ignore[arg-type]  # as much of a cluster as a store needs


def take(store: KubeStore) -> int:
    return store.try_acquire(holder="ana@console", purpose="deploy v2", ttl=60).token


def expire(cluster: Cluster) -> None:
    cluster.clock += 61


def test_whoever_holds_the_lease_writes(store: KubeStore) -> None:
    token = take(store)
    store.write(RECORD, making.record_file(), token=token)
    assert store.read(RECORD) == making.record_file()


def test_a_write_that_was_begun_fails_once_somebody_else_holds_the_lease(cluster: Cluster, store: KubeStore) -> None:
    old = take(store)
    store.write(RECORD, making.record_file(operator="old"), token=old)
    expire(cluster)
    cluster.before_write = lambda: take(store)

    with pytest.raises(LeaseLost):
        store.write(RECORD, making.record_file(operator="old, and late"), token=old)

    assert store.read(RECORD) == making.record_file(operator="old")


def test_the_next_holder_marks_what_is_there(cluster: Cluster, store: KubeStore) -> None:
    old = take(store)
    store.write(RECORD, making.record_file(), token=old)
    expire(cluster)

    new = take(store)

    name = layout.object_name("shop", *layout.place_of(RECORD)[:2])
    assert new > old
    assert layout.written_by(cluster.objects[("Secret", name)]) == new


def test_the_mark_of_a_newer_holder_counts_where_the_lease_seems_to_be_ones_own(
    cluster: Cluster, store: KubeStore
) -> None:
    token = take(store)
    store.write(RECORD, making.record_file(operator="old"), token=token)
    name = layout.object_name("shop", *layout.place_of(RECORD)[:2])
    cluster.patch("v1", "Secret", name, {"metadata": {"annotations": {layout.TOKEN: str(token + 1)}}})

    with pytest.raises(LeaseLost):
        store.write(RECORD, making.record_file(operator="old, and late"), token=token)

    assert store.read(RECORD) == making.record_file(operator="old")


def test_what_a_late_holder_has_made_is_taken_back(cluster: Cluster, store: KubeStore) -> None:
    old = take(store)
    expire(cluster)
    cluster.before_write = lambda: take(store)

    with pytest.raises(LeaseLost):
        store.write(RECORD, making.record_file(operator="old, and late"), token=old)

    assert store.read(RECORD) is None
