"""Backups on a real state folder: taken whole or not at all, given back only as they were recorded."""

from __future__ import annotations

import hashlib
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target import _target
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.databases._postgres import Database
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _backup
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from tests.unit.support.making import backup, container, journal, model, record, target

DATABASE = {"database_service": "db", "database_name": "shop", "database_user": "owner"}


class Engine:
    """A project whose web service runs or not."""

    runs = ("db", "web")

    def __init__(self, _name: str) -> None:
        pass

    def containers(self, **_options: Any) -> list[Any]:
        return [container(service) for service in self.runs]

    def close(self) -> None:
        """There is no connection."""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with a lease, a good release and a database that can be dumped."""
    made = target(tmp_path, **DATABASE)
    made.store.try_acquire(holder="ana@console", purpose="deploy v2", ttl=60)
    made.store.write("operation.json", journal(token=1))
    made.store.write("current.json", {"release": "0001-v1"})
    for number in (1, 2):
        made.save(record(number, f"v{number}"), 1)

    def dump(_database: Database, path: Path, _timeout: float) -> dict[str, Any]:
        path.write_bytes(b"PGDMP")
        return {"size": 5, "sha256": hashlib.sha256(b"PGDMP").hexdigest(), "entries": 3}

    monkeypatch.setattr(_target, "Project", Engine)
    monkeypatch.setattr(Database, "dump", dump)
    monkeypatch.setattr(Database, "migration_head", lambda _database: "7")
    return tmp_path


def call(entry: Any, state: Path, check_mode: bool = False, **params: Any) -> dict[str, Any]:
    app = model(state_dir=str(state), **{**DATABASE, **params.pop("app", {})})
    found: dict[str, Any] = entry.on(_target.ComposeTarget).run(
        {"app": app, "token": 1, "release": "", **params}, check_mode
    )
    return found


def folders(state: Path) -> list[str]:
    return sorted(path.name for path in (state / "backups").glob("*"))


def test_a_backup_is_recorded_with_its_release(state: Path) -> None:
    taken = call(_backup.BACKUP, state, release="0002-v2")["backup"]
    assert (taken["release"], taken["migration_head"], taken["database"]) == ("0001-v1", "7", "shop")
    assert folders(state) == [taken["id"]]
    assert taken["id"].endswith("-0001-v1")
    assert target(state).record("0002-v2").backup == taken["id"]
    dump = state / "backups" / taken["id"] / "dump"
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600


def test_two_backups_within_a_second_are_two(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_764_000_000.5)
    first, second = (call(_backup.BACKUP, state)["backup"] for _ in range(2))
    assert folders(state) == [first["id"], second["id"]]
    assert first["created"] < second["created"]


@pytest.mark.parametrize("error", [OpsError("The dump failed with code 1."), OSError(28, "No space left on device")])
def test_a_dump_that_fails_leaves_nothing(state: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def dump(_database: Database, path: Path, _timeout: float) -> dict[str, Any]:
        path.write_bytes(b"PG")
        raise error

    monkeypatch.setattr(Database, "dump", dump)
    with pytest.raises(OpsError):
        call(_backup.BACKUP, state)
    assert folders(state) == []


def test_the_backup_that_was_restored_last_is_known(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _backup.last_restored(target(state, **DATABASE)) is None
    monkeypatch.setattr(Engine, "runs", ("db",))
    monkeypatch.setattr(Database, "restore", lambda *_: None)
    clock = iter(range(1_764_000_000, 1_764_900_000, 60))
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    target(state).store.renew(1, 900_000)
    first, second = (call(_backup.BACKUP, state)["backup"]["id"] for _ in range(2))
    for name in (first, second, first):
        call(_backup.RESTORE, state, backup=name)
        assert _backup.last_restored(target(state, **DATABASE)) == name


def test_what_a_killed_backup_left_is_gone_with_the_next(state: Path) -> None:
    (state / "backups/.20261123T204105Z-0001-v1").mkdir(parents=True)
    (state / "backups/.20261123T204105Z-0001-v1/dump").touch()
    taken = call(_backup.BACKUP, state)["backup"]
    assert folders(state) == [taken["id"]]


@pytest.mark.parametrize(
    ("app", "message"),
    [
        pytest.param(dict.fromkeys(DATABASE, ""), "The application has no database.", id="no database"),
        pytest.param({}, "Would back shop up.", id="in check mode"),
    ],
)
def test_where_nothing_is_taken_it_says_so(state: Path, app: dict[str, str], message: str) -> None:
    found = call(_backup.BACKUP, state, check_mode=True, app=app)
    assert (found["msg"], found["backup"]) == (message, None)
    assert folders(state) == []


def test_before_the_first_deployment_there_is_nothing_to_back_up(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "runs", ())
    (state / "current.json").unlink()
    assert call(_backup.BACKUP, state)["msg"].startswith("There is no database yet")


def test_a_database_that_ought_to_run_is_missed(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(_target, "Project", Engine)
    monkeypatch.setattr(Engine, "runs", ("web",))
    with pytest.raises(OpsError, match="The database service db is not running"):
        call(_backup.BACKUP, state)


# giving it back


def taken(state: Path) -> dict[str, Any]:
    found: dict[str, Any] = call(_backup.BACKUP, state)["backup"]
    return found


def test_a_dump_that_was_changed_is_refused(state: Path) -> None:
    name = taken(state)["id"]
    (state / "backups" / name / "dump").write_bytes(b"PGDMQ")
    with pytest.raises(Refused, match=f"The dump of backup {name} is damaged: its sha256 is"):
        _backup.checked(target(state, **DATABASE), name)


def test_a_dump_that_is_gone_is_refused(state: Path) -> None:
    name = taken(state)["id"]
    (state / "backups" / name / "dump").unlink()
    with pytest.raises(Refused, match="its sha256 is missing"):
        _backup.checked(target(state, **DATABASE), name)


def test_a_backup_of_another_database_is_refused(state: Path) -> None:
    name = taken(state)["id"]
    with pytest.raises(Refused) as error:
        _backup.checked(target(state, **{**DATABASE, "database_name": "other"}), name)
    assert error.value.message == f"Backup {name} is of the database 'shop', the application's is 'other'."


def test_a_backup_without_its_record_is_not_offered(state: Path) -> None:
    (state / "backups/20261123T204105Z-half").mkdir(parents=True)
    with pytest.raises(Refused) as error:
        _backup.checked(target(state, **DATABASE), "20261123T204105Z-half")
    assert "There is none yet" in error.value.hint


def test_a_restore_needs_the_application_stopped(state: Path) -> None:
    name = taken(state)["id"]
    with pytest.raises(OpsError, match="web must be stopped before a restore and is still running"):
        call(_backup.RESTORE, state, backup=name)


def test_a_restore_gives_back_what_was_recorded_and_is_audited(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = taken(state)
    asked: list[tuple[Path, str]] = []
    monkeypatch.setattr(Engine, "runs", ("db",))
    monkeypatch.setattr(Database, "restore", lambda _database, path, side, _timeout: asked.append((path, side)))
    assert call(_backup.RESTORE, state, backup=found["id"])["migration_head"] == "7"
    assert asked == [(state / "backups" / found["id"] / "dump", "shop_restore_1")]
    assert '"event": "database restored"' in (state / "audit.jsonl").read_text()


def test_a_restore_to_another_head_is_no_success(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = taken(state)["id"]
    monkeypatch.setattr(Engine, "runs", ("db",))
    monkeypatch.setattr(Database, "restore", lambda *_arguments: None)
    monkeypatch.setattr(Database, "migration_head", lambda _database: "6")
    with pytest.raises(OpsError, match="After the restore the migration head is 6, the backup's was 7") as error:
        call(_backup.RESTORE, state, backup=name)
    assert error.value.data["changed"]


def full_after(state: Path, monkeypatch: pytest.MonkeyPatch, spared: str = "") -> None:
    """The disk is full once the data was replaced, apart from the files whose names have ``spared`` in them."""
    write = Store._write

    def full(store: Store, name: str, data: Any) -> None:
        if not spared or spared not in name:
            raise OSError(28, "No space left on device")
        write(store, name, data)

    monkeypatch.setattr(Engine, "runs", ("db",))
    monkeypatch.setattr(Database, "restore", lambda *_: monkeypatch.setattr(Store, "_write", full))


def test_a_disk_that_gets_full_after_the_data_was_replaced_does_not_hide_that(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = taken(state)["id"]
    full_after(state, monkeypatch)
    with pytest.raises(OpsError, match="No space left on device") as error:
        call(_backup.RESTORE, state, backup=name)
    assert error.value.as_result()["changed"]


def test_that_a_backup_was_restored_cannot_be_noted_is_no_failure(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = taken(state)["id"]
    full_after(state, monkeypatch, spared="operation")
    assert call(_backup.RESTORE, state, backup=name)["changed"]


def test_a_record_that_cannot_be_read_keeps_nobody_from_pruning(state: Path) -> None:
    first, second = taken(state)["id"], "20261123T204105Z-0001-v1"
    (state / "backups" / second).mkdir()
    (state / "backups" / second / "backup.json").touch()
    made = target(state, **DATABASE)
    assert _backup.last_restored(made) is None
    made.files.write(
        f"backups/{first}/backup.json", {**(_backup.read(made, first) or {}), "restored": "2026-11-27T00:00:00Z"}
    )
    assert _backup.last_restored(made) == first


def test_a_restore_in_check_mode_only_looks(state: Path) -> None:
    found = taken(state)
    assert call(_backup.RESTORE, state, check_mode=True, backup=found["id"])["msg"] == (
        f"Would restore shop from {found['id']}."
    )
    assert backup(**found) == found
