"""Digests that are shown depend on a key, which stays with the state."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._digests import FILE, Digests, is_comparable
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from tests.unit.support.making import app

KEY = "00" * 32


def test_the_same_data_has_the_same_digest_whatever_its_order() -> None:
    one = Digests(KEY)
    assert one.of({"A": "1", "B": "2"}) == one.of({"B": "2", "A": "1"}) == Digests(KEY).of({"A": "1", "B": "2"})
    assert one.of({"A": "1"}) != one.of({"A": "2"})


def test_nobody_without_the_key_has_it() -> None:
    plain = hashlib.sha256(json.dumps("secret").encode()).hexdigest()
    assert plain not in Digests(KEY).of("secret")
    assert Digests(KEY).of("secret") != Digests("11" * 32).of("secret")
    assert Digests().of("secret") != Digests().of("secret")


def test_the_key_is_kept_once_by_who_holds_the_lease(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "state"))
    token = store.try_acquire(holder="me", purpose="test", ttl=60).token
    first = Digests.of_store(store)
    with pytest.raises(OpsError):
        first.keep(store, token + 1)
    assert store.read(FILE) is None
    first.keep(store, token)
    second = Digests.of_store(store)
    assert second.of("x") == first.of("x")
    kept = store.read(FILE)
    second.keep(store, token)
    assert store.read(FILE) == kept
    assert (tmp_path / "state" / FILE).stat().st_mode & 0o777 == 0o600


def test_digests_of_before_cannot_be_compared() -> None:
    assert is_comparable(Digests().of("x"))
    assert not is_comparable(hashlib.sha256(b"x").hexdigest())


class Closed(Store):
    def read(self, name: str) -> dict[str, Any] | None:
        raise Refused(f"No {name} for you.")


def test_who_may_not_read_the_state_is_not_refused_for_the_key_alone() -> None:
    target = ComposeTarget(app())
    target.store = Closed("/nowhere")
    assert target.digests.of("x") != ComposeTarget(app()).digests.of("x")
