"""State files, whatever is in them: each operation goes on or is refused, and unlocking always works."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import LeaseHeld, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._files import safe_name
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._target import Target
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._layout import PREFIX
from tests.unit.support.state_files import OPERATIONS, WHOLE, as_bytes, in_cluster, on_host, spoil, unlock

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("../../x")
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner))
ANNOTATIONS = st.dictionaries(
    st.sampled_from([f"{PREFIX}{name}" for name in ("holder", "purpose", "lease", "seconds", "token", "claim")]),
    st.text(max_size=8) | st.sampled_from(["1e400", "-1", "nan", "²", "maintenance"]),
)
SPEC = st.dictionaries(
    st.sampled_from(["holderIdentity", "leaseTransitions", "leaseDurationSeconds", "renewTime", "acquireTime"]), LEAVES
)


@pytest.fixture(scope="module", autouse=True)
def without_waiting_for_the_disk() -> Iterator[None]:
    """Nothing has to outlive these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@st.composite
def contents(draw: st.DrawFn, whole: dict[str, Any]) -> bytes:
    """Bytes, or any JSON, or the file as it should be with a field that differs, or cut off."""
    kind = draw(st.sampled_from(["bytes", "json", "field", "cut"]))
    if kind == "bytes":
        return draw(st.binary(max_size=40))
    if kind == "json":
        return as_bytes(draw(VALUES))
    if kind == "field":
        return as_bytes({**whole, draw(st.sampled_from([*whole, "schema"])): draw(VALUES)})
    text = as_bytes(whole)
    return text[: draw(st.integers(0, len(text)))]


def assert_every_operation_copes(target: Target) -> None:
    for reads in OPERATIONS.values():
        with suppress(Refused, LeaseHeld):
            reads(target)
    unlock(target)
    lease = target.store.lease()
    assert lease is None or not lease.is_held(time.time())
    assert not unlock(target)["changed"]


@pytest.mark.parametrize("make", [on_host, in_cluster])
@given(st.data())
def test_any_bytes_in_any_state_file(make: Callable[[Path], Target], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(WHOLE)))
    with tempfile.TemporaryDirectory() as folder:
        target = make(Path(folder) / "state")
        if (make, name) != (in_cluster, "lease.json"):  # that is an object: see below
            spoil(target, name, data.draw(contents(WHOLE[name])))
        assert_every_operation_copes(target)


@given(ANNOTATIONS, SPEC)
def test_anything_in_the_lease_of_a_cluster(notes: dict[str, str], spec: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = in_cluster(Path(folder) / "state")
        found = target.cluster.objects["Lease", "ops-shop"]
        found["metadata"]["annotations"].update(notes)
        found["spec"].update(spec)
        assert_every_operation_copes(target)


@given(st.lists(st.text(max_size=30) | st.text("./\\x-", max_size=6), unique=True, max_size=5))
def test_any_name_becomes_the_name_of_a_file_of_its_own(names: list[str]) -> None:
    found = [safe_name(name) for name in names]
    assert len(set(found)) == len(names)
    for name in found:
        assert Path(name).name == name
        assert not name.startswith(".")
        assert len(name) < 200
