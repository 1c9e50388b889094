"""What is recorded of a migration, however it ends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import (
    UNREACHABLE,
    LeaseLost,
    OpsError,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._migration import migrated
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Migration
from tests.unit.support.making import backup, record, target

BACKUP = "20261123T204105Z-0000-none"


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("has_backup", [False, True])
@pytest.mark.parametrize(
    ("query", "before", "after", "moved"),
    [
        ("SELECT 1", "1", "2", True),
        ("SELECT 1", "1", "1", False),
        ("SELECT 1", None, "1", True),
        ("", None, None, None),
    ],
)
def test_where_the_schema_was_and_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool, has_backup: bool, query: str, before: str | None,
    after: str | None, moved: bool | None,
) -> None:  # fmt: skip
    heads = [after] if has_backup else [before, after]
    database = SimpleNamespace(migration_head=lambda: heads.pop(0))
    monkeypatch.setattr(ComposeTarget, "database", database)
    shop = target(tmp_path, migration_head_query=query)
    token = shop.store.acquire(holder="ana", purpose="deploy", ttl=60, wait=0).token
    shop.store.write(f"backups/{BACKUP}/backup.json", backup(id=BACKUP, migration_head=before), token=token)
    pending = record(status="pending", backup=BACKUP if has_backup else None)
    seen: list[Any] = []

    def migrate() -> str:
        seen.append(shop.record(pending.id).migration)
        if fails:
            raise OpsError("code 1")
        return "one\n\ntwo\n"

    if fails:
        with pytest.raises(OpsError) as raised:
            migrated(shop, pending, token, migrate)
        assert raised.value.data["moved"] is moved
    else:
        found = migrated(shop, pending, token, migrate)
        assert found == {"changed": moved is not False, "moved": moved, "head": after, "output": "one\ntwo"}
    # where it was is there before anything moves: a run that is killed meanwhile leaves it to the next one
    assert seen == [Migration(before)]
    assert shop.record(pending.id).migration == Migration(before, after, moved)
    assert heads == []


class Away(OpsError):
    kind = UNREACHABLE


@pytest.mark.parametrize(
    ("second", "kind", "words"),
    [
        pytest.param(OpsError("psql failed"), "failed", ["code 1", "psql failed"], id="the second is a note"),
        pytest.param(Away("no route"), UNREACHABLE, ["code 1", "no route"], id="nothing can be undone any more"),
        pytest.param(LeaseLost("bo has it"), "lease_lost", ["bo has it"], id="the target is somebody else's"),
    ],
)
def test_a_head_that_cannot_be_asked_for_does_not_replace_why_the_migration_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: OpsError, kind: str, words: list[str]
) -> None:
    asked: list[bool] = []

    def head() -> str:
        if asked:
            raise second
        asked.append(True)
        return "1"

    def migrate() -> str:
        raise OpsError("It ended with code 1.", hint="Look.")

    monkeypatch.setattr(ComposeTarget, "database", SimpleNamespace(migration_head=head))
    shop = target(tmp_path, migration_head_query="SELECT 1")
    token = shop.store.acquire(holder="ana", purpose="deploy", ttl=60, wait=0).token
    with pytest.raises(OpsError) as raised:
        migrated(shop, record(status="pending"), token, migrate)
    assert raised.value.kind == kind
    assert [word for word in words if word not in raised.value.message] == []
    assert kind == "lease_lost" or (raised.value.data["moved"], raised.value.hint) == (None, "Look.")
    assert shop.record("0001-v1").migration == Migration("1")
