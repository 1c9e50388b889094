"""State that is damaged or newer than the program, on both stores: named, and never in the way of unlocking."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _files
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _info
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._target import Target
from ansible_collections.doppelganger.ops.plugins.module_utils.state._schema import BadState, NewerState, parsed
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target import _layout
from tests.unit.support.state_files import BACKUP, OPERATIONS, WHOLE, as_bytes, in_cluster, on_host, spoil, unlock

DAMAGED: dict[str, bytes] = {
    "nothing": b"",
    "cut off": b'{"release": ',
    "null": b"null",
    "an empty list": b"[]",
    "an empty object": b"{}",
    "text": b'"held"',
    "no UTF-8": b'{"release": "\xff"}',
    "half a surrogate pair": b'{"release": "\\ud800"}',
    "binary": bytes(range(256)),
    "nested deep": b"[" * 100_000,
    "nested deep and closed": b'{"a": ' * 500 + b"1" + b"}" * 500,
    "no number": b'{"token": NaN}',
    "a long number": b'{"token": ' + b"9" * 5000 + b"}",
    "a schema that is none": b'{"schema": "1"}',
}


@pytest.fixture(params=[on_host, in_cluster], ids=["on a host", "in a cluster"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    made: Target = request.param(tmp_path / "state")
    return made


@pytest.mark.parametrize("name", [*WHOLE, "releases/0001-v1/manifests.json"])
@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_what_is_damaged_is_named(name: str, content: bytes) -> None:
    with pytest.raises(BadState) as error:
        parsed(content, name, f"/state/{name}")
    found = error.value.as_result()
    assert (found["kind"], found["state"]) == ("refused", f"/state/{name}")
    assert found["problem"] in found["error"]
    assert found["hint"]


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_whole_is_read(name: str) -> None:
    assert parsed(as_bytes(WHOLE[name]), name, name) == WHOLE[name]


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("lease.json", "token", -1),
        ("lease.json", "token", True),
        ("lease.json", "token", 1.5),
        ("lease.json", "expires", 1e300),
        ("lease.json", "acquired", -5),
        ("lease.json", "holder", None),
        ("lease.json", "kind", "forever"),
        ("lease.json", "released", "no"),
        ("operation.json", "phases", {}),
        ("operation.json", "phases", [{"name": "apply"}]),
        ("operation.json", "release", "../../etc"),
        ("operation.json", "status", "paused"),
        ("current.json", "release", "../../../etc/x"),
        ("current.json", "release", 1),
        ("digests.json", "key", "00"),
        ("digests.json", "key", 7),
        ("releases/0001-v1/record.json", "id", "0002-v2"),
        ("releases/0001-v1/record.json", "backup", "../../../etc"),
        ("releases/0001-v1/record.json", "status", "fine"),
        ("releases/0001-v1/record.json", "activated", None),
        ("releases/0001-v1/record.json", "created", "2026-13-45T99:00:00Z"),
        ("releases/0001-v1/record.json", "source", {"type": "git", "repository": "", "commit": "--x", "digests": {}}),
        ("releases/0001-v1/record.json", "images", {"web": {"id": "../x", "reference": ""}}),
        ("releases/0001-v1/compose.json", "x-secrets", [1]),
        ("releases/0001-v1/compose.json", "x-contents", {"/state/contents/0/a": None}),
        ("releases/0001-v1/compose.json", "services", {"web": {"depends_on": ["db"]}}),
        ("releases/0001-v1/compose.json", "services", {"web": {"volumes_from": [1]}}),
        (f"backups/{BACKUP}/backup.json", "id", "20261123T204105Z-0002-v2"),
        (f"backups/{BACKUP}/backup.json", "size", "5"),
    ],
)
def test_a_field_that_is_not_as_it_should_be_is_named(name: str, field: str, value: Any) -> None:
    with pytest.raises(BadState) as error:
        parsed(as_bytes({**WHOLE[name], field: value}), name, name)
    assert field in error.value.problem
    missing = {key: each for key, each in WHOLE[name].items() if key != field}
    if field not in ("x-secrets", "x-contents"):
        with pytest.raises(BadState):
            parsed(as_bytes(missing), name, name)


@pytest.mark.parametrize("name", WHOLE)
def test_a_newer_schema_is_refused_by_its_number(name: str) -> None:
    with pytest.raises(NewerState) as error:
        parsed(as_bytes({"schema": 37, "all": "new"}), name, name)
    assert "37" in error.value.message


READS = {
    "lease.json": {"releases", "deploy", "rollback", "lock"},
    "operation.json": {"releases", "deploy", "rollback", "the end"},
    "current.json": {"releases", "deploy", "rollback", "verify", "the end"},
    "digests.json": {"planning"},
    "releases/0001-v1/record.json": {"deploy", "rollback", "verify"},
    f"backups/{BACKUP}/backup.json": {"restore"},
}


#: the lease of a cluster is an object, and no file: see below
PLACES = [
    (make, name) for make in (on_host, in_cluster) for name in READS if (make, name) != (in_cluster, "lease.json")
]


def is_refused(reads: Callable[[Target], Any], target: Target) -> bool:
    """Whether the state keeps an operation from going on; any other error is one of ours."""
    try:
        reads(target)
    except BadState:
        return True
    return False


@pytest.mark.parametrize("content", [b"null", b"[]", b'{"schema": 37}', b"\xff"])
@pytest.mark.parametrize(("make", "name"), PLACES)
def test_each_operation_that_needs_a_damaged_file_is_refused_and_no_other(
    tmp_path: Path, make: Callable[[Path], Target], name: str, content: bytes
) -> None:
    target = make(tmp_path / "state")
    spoil(target, name, content)
    assert {operation for operation, reads in OPERATIONS.items() if is_refused(reads, target)} == READS[name]


@pytest.mark.parametrize(("content", "is_newer"), [(b"null", False), (b'{"schema": 2}', True)])
def test_one_damaged_record_is_shown_and_blocks_nothing_and_a_newer_one_does(
    target: Target, content: bytes, is_newer: bool
) -> None:
    spoil(target, "releases/0002-v2/record.json", content)
    info = _info.INFO.run(target, {}, True)
    assert list(info["unreadable"]) == ["0002-v2"]
    assert [one["id"] for one in info["releases"]] == ["0001-v1"]
    assert any("0002-v2" in line for line in info["table"])
    for operation in ("deploy", "rollback"):
        assert is_refused(OPERATIONS[operation], target) is is_newer


def test_a_key_of_digests_that_cannot_be_read_is_shown_and_stays(target: Target) -> None:
    spoil(target, "digests.json", b'{"schema": 2}')
    info = _info.INFO.run(target, {}, True)
    assert list(info["unreadable"]) == ["digests.json"]
    assert [one["id"] for one in info["releases"]] == ["0001-v1", "0002-v2"]
    with pytest.raises(NewerState):
        target.digests.keep(target.store, 7)


def test_nothing_is_pruned_while_a_record_cannot_be_read(target: Target) -> None:
    spoil(target, "releases/0002-v2/record.json", b"")
    before = target.store.folders("releases")
    _, pruned = OPERATIONS["the end"](target)
    assert (pruned["releases"], pruned["backups"]) == ([], [])
    assert pruned["left"]
    assert target.store.folders("releases") == before


def test_one_damaged_backup_is_shown_and_blocks_nothing(target: Target) -> None:
    spoil(target, f"backups/{BACKUP}/backup.json", b"[]")
    info = _info.INFO.run(target, {}, True)
    assert (list(info["unreadable"]), info["backups"]) == ([BACKUP], [])


# unlocking


@pytest.mark.parametrize("content", [*DAMAGED.values(), b'{"schema": 37}', as_bytes(WHOLE["current.json"])])
def test_unlock_takes_whatever_the_lease_holds_away(tmp_path: Path, content: bytes) -> None:
    target = on_host(tmp_path)
    spoil(target, "lease.json", content)
    assert unlock(target)["changed"]
    after = target.store.lease()
    assert after is not None
    assert after.released
    assert after.token > WHOLE["operation.json"]["token"]
    assert [path.read_bytes() for path in tmp_path.glob("lease.json.*.damaged")] == [content]
    assert not unlock(target)["changed"]
    last = json.loads((tmp_path / "audit.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["by"]) == ("lease unlocked", "bo@console")


def a_folder(path: Path) -> None:
    path.mkdir()


def a_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


@pytest.mark.parametrize("make", [a_folder, a_link])
def test_unlock_takes_what_is_no_file_away(tmp_path: Path, make: Callable[[Path], None]) -> None:
    target = on_host(tmp_path)
    (tmp_path / "lease.json").unlink()
    make(tmp_path / "lease.json")
    with pytest.raises(Refused):
        target.store.lease()
    assert unlock(target)["changed"]
    assert (target.store.lease() or pytest.fail("no lease")).released


NONSENSE: dict[str, dict[str, Any]] = {
    "a duration that is none": {f"{_layout.PREFIX}seconds": "soon"},
    "an endless duration": {f"{_layout.PREFIX}seconds": "inf"},
    "no duration": {f"{_layout.PREFIX}seconds": "nan"},
    "a kind that is none": {f"{_layout.PREFIX}lease": "forever"},
}


@pytest.mark.parametrize("notes", NONSENSE.values(), ids=NONSENSE.keys())
def test_a_lease_of_a_cluster_that_says_nonsense_is_refused_and_unlocked(tmp_path: Path, notes: dict[str, Any]) -> None:
    target = in_cluster(tmp_path)
    target.cluster.objects["Lease", "ops-shop"]["metadata"]["annotations"].update(notes)
    for operation in ("releases", "deploy", "lock"):
        with pytest.raises(BadState) as error:
            OPERATIONS[operation](target)
        assert "ops-shop" in error.value.data["state"]
    assert unlock(target)["changed"]
    after = target.store.lease()
    assert after is not None
    assert (after.released, after.token > 7) == (True, True)
    assert not unlock(target)["changed"]


def test_an_audit_trail_that_cannot_be_read_does_not_keep_anybody_locked_out(tmp_path: Path) -> None:
    target = in_cluster(tmp_path)
    target.store.audit("something")
    target.cluster.objects["Secret", "ops-shop-audit"]["data"] = {"audit.jsonl.gz": "e30="}
    target.cluster.objects["Lease", "ops-shop"]["metadata"]["annotations"].update(NONSENSE["no duration"])
    assert unlock(target)["changed"]


def test_a_lease_that_was_moved_away_does_not_begin_at_the_first_token_again(tmp_path: Path) -> None:
    target = on_host(tmp_path)
    (tmp_path / "lease.json").unlink()
    lease = target.store.try_acquire(holder="bo@console", purpose="deploy v3", ttl=60)
    assert lease.token == WHOLE["operation.json"]["token"] + 1


def test_what_unpacks_to_too_much_is_damaged(tmp_path: Path) -> None:
    target = in_cluster(tmp_path)
    secret = target.cluster.objects["Secret", "ops-shop-state"]
    bomb = gzip.compress(b" " * (_files.LARGEST + 10))
    secret["data"] = {"current.json.gz": base64.b64encode(bomb).decode()}
    with pytest.raises(BadState):
        target.store.read("current.json")


def test_a_secret_that_only_says_it_is_a_release_is_none(tmp_path: Path) -> None:
    target = in_cluster(tmp_path)
    stray = _layout.empty_secret("shop", "release", "../../etc")
    stray["metadata"]["name"] = "mine"
    target.cluster.create(stray)
    assert target.store.folders("releases") == ["0001-v1", "0002-v2"]
