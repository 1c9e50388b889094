"""Each state file cut off at each byte, and with another value in each of its places: every operation copes."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import LeaseHeld, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.state._schema import BadState, parsed
from tests.unit.support.state_files import OPERATIONS, WHOLE, as_bytes, on_host, spoil, unlock

#: in place of each value; a text with what no path and no terminal takes
OTHERS: list[Any] = [None, True, -1, "a\u0000\u001b[2J/../x", [None], {"": None}]
#: in place of a whole file
WHOLES = [
    b"", b"null", b"[]", b"{}", b"0", b'""', b"\0" * 4096, b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}", b"{" * 9999,
    b'{"schema": 9}',
]  # fmt: skip
Place = tuple[str | int, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """The place of each value within another."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield (*place, key)
        yield from places(item, (*place, key))


def changed(value: Any, place: Place, other: Any) -> Any:
    """The value with another one in that place."""
    found = copy.deepcopy(value)
    inner = found
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = other
    return found


@pytest.fixture(autouse=True)
def without_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has to outlive these tests."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_cut_off_at_any_byte_is_damaged(name: str) -> None:
    whole = as_bytes(WHOLE[name])
    for size in range(len(whole)):
        with pytest.raises(BadState):
            parsed(whole[:size], name, name)
        with pytest.raises(BadState):
            parsed(whole[:size] + b"\0" * (len(whole) - size), name, name)


# a file is read by the same code from a cluster: tests/fuzz does that
@pytest.mark.parametrize("name", [name for name in WHOLE if "0002" not in name])
def test_every_operation_copes_with_whatever_is_in_any_place(tmp_path: Path, name: str) -> None:
    target = on_host(tmp_path / "state")
    contents = [*WHOLES, *(changed(WHOLE[name], place, other) for place in places(WHOLE[name]) for other in OTHERS)]
    for content in contents:
        spoil(target, name, content if isinstance(content, bytes) else as_bytes(content))
        target.__dict__.pop("digests", None)
        target.__dict__.pop("redactor", None)
        for reads in OPERATIONS.values():
            with suppress(Refused, LeaseHeld):
                reads(target)
    unlock(target)
    lease = target.store.lease()
    assert lease is None or not lease.is_held(time.time())
