"""What is recorded of a migration, however it ends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
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
