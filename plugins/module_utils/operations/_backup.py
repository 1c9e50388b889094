# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Backups: taken before anything moves, proven readable, recorded by id, size and sum; restored only as recorded."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..core._errors import OpsError, Refused
from ..core._files import make_private, sync_folder
from ..core._times import iso
from ..databases import _postgres
from ..state import _releases
from ._step import Step
from ._target import APP_SPEC, PHASE_SPEC, Target

SCHEMA = 1


def backup_id(moment: float, release: str) -> str:
    """``20261123T204105Z-0002-v0.2.0``: when, and which release ran."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment)) + "-" + release


def _take(target: Target, token: int) -> dict[str, Any]:
    now, release = time.time(), target.current() or _releases.NO_RELEASE
    # ids have whole seconds, and a restore may take a backup in the second in which the one that it restores was taken
    while (target.files.root / "backups" / backup_id(now, release)).exists():
        now += 1
    name = backup_id(now, release)
    database = target.database
    folder = target.files.root / "backups" / name
    unfinished = target.files.root / "backups" / f".{name}"
    make_private(unfinished)
    try:
        facts = database.dump(unfinished / "dump", target.app.backup_timeout)
        (unfinished / "dump").chmod(0o600)
        record = {"schema": SCHEMA, "id": name, "created": iso(now), "database": target.app.database_name,
                  "release": target.current(), "migration_head": database.migration_head(), **facts}  # fmt: skip
        target.files.write(f"backups/.{name}/backup.json", record, token=token)
    except (OpsError, OSError):
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    # a backup is there as a whole or not at all
    unfinished.rename(folder)
    sync_folder(folder.parent)
    return record


def run_backup(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Take a backup, where there is a database that runs."""
    if not target.app.database_service:
        return {"changed": False, "backup": None, "msg": "The application has no database."}
    if not target.database.is_running() and target.current() is None:
        return {"changed": False, "backup": None, "msg": "There is no database yet, so there is nothing to back up."}
    if check_mode:
        return {"changed": True, "backup": None, "msg": f"Would back {target.app.database_name} up."}
    with target.phase("backup", params["token"]):
        forget_unfinished(target)
        record = _take(target, params["token"])
        if params["release"]:
            release = target.record(params["release"])
            target.save(replace(release, backup=record["id"]), params["token"])
    return {"changed": True, "backup": record}


def forget_unfinished(target: Target) -> None:
    """Remove the dumps that a killed run did not bring to an end."""
    for name in target.files.folders("backups"):
        if name.startswith("."):
            shutil.rmtree(target.files.root / "backups" / name)


def known_backups(target: Target) -> list[str]:
    """The ids of all whole backups, oldest first."""
    names = target.files.folders("backups")
    return [
        name for name in names if (target.files.root / "backups" / name / "backup.json").exists() and name[0] != "."
    ]


def read(target: Target, name: str) -> dict[str, Any] | None:
    """A backup's record, None where there is none."""
    return target.files.read(f"backups/{name}/backup.json")


def checked(target: Target, name: str) -> dict[str, Any]:
    """A backup's record, after the dump was found to be the one that was recorded; refuses everything else."""
    _postgres.refuse_unknown_backup(name, known_backups(target))
    record = read(target, name) or {}
    path = target.files.root / "backups" / name / "dump"
    if record["database"] != target.app.database_name:
        raise Refused(
            f"Backup {name} is of the database {record['database']!r}, "
            f"the application's is {target.app.database_name!r}.",
            reason="backup_unusable",
            hint="Choose a backup of this database.",
        )
    problem = _postgres.sum_problem(_postgres.sha256(path) if path.exists() else "missing", record["sha256"])
    if problem:
        raise Refused(
            f"The dump of backup {name} is damaged: {problem}.",
            reason="backup_unusable",
            hint="Choose another backup.",
        )
    return record


def run_restore(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Restore a backup; the application must be stopped and the database must run."""
    with target.shown_safely():
        record = checked(target, params["backup"])
    if check_mode:
        return {"changed": True, "backup": record, "msg": f"Would restore {record['database']} from {record['id']}."}
    is_replaced = False
    try:
        with target.phase("restore", params["token"]):
            _refuse_running(target)
            database = target.database
            path = target.files.root / "backups" / record["id"] / "dump"
            database.restore(path, database.side_name(params["token"]), target.app.backup_timeout)
            is_replaced = True
            head = database.migration_head()
            if head != record["migration_head"]:
                raise OpsError(
                    f"After the restore the migration head is {head}, the backup's was {record['migration_head']}.",
                    reason="restore_failed",
                )
            _mark_restored(target, record, params["token"])
    except OpsError as error:
        # whatever failed after it, the data is another now, and has to be put back
        error.data["changed"] = is_replaced
        raise
    target.store.audit("database restored", backup=record["id"], token=params["token"])
    return {"changed": True, "backup": record, "migration_head": head}


def _refuse_running(target: Target) -> None:
    running = target.running(target.app.release_services)
    if running:
        raise OpsError(
            f"{', '.join(running)} must be stopped before a restore and is still running.",
            reason="restore_failed",
            hint="Stop it, then re-run.",
        )


def _mark_restored(target: Target, record: Mapping[str, Any], token: int) -> None:
    """Only pruning reads that: a disk that is full meanwhile undoes no restore."""
    with contextlib.suppress(OSError):
        marked = {**record, "restored": iso(time.time())}
        target.files.write(f"backups/{record['id']}/backup.json", marked, token=token)


def last_restored(target: Target) -> str | None:
    """The id of the backup that was restored last, None where none of those that are there was."""
    restored: list[dict[str, Any]] = []
    for name in known_backups(target):
        with contextlib.suppress(OpsError):  # one that cannot be read keeps no operation from its end
            record = read(target, name) or {}
            restored += [record] if record.get("restored") else []
    return max(restored, key=lambda record: str(record["restored"]))["id"] if restored else None


def run_check(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Look whether all tables can be read; reads every table once."""
    del params, check_mode
    if not target.app.database_service:
        return {"changed": False, "sound": None, "not_valid": []}
    with target.shown_safely():
        unreadable = target.database.unreadable()
        not_valid = [] if unreadable else target.database.not_valid()
    if unreadable:
        raise OpsError(
            f"The database {target.app.database_name} cannot be read: {unreadable}.",
            reason="database_unsound",
            hint="Restore a backup: playbooks/restore.yml.",
            phase="integrity",
        )
    return {"changed": False, "sound": True, "not_valid": not_valid}


BACKUP = Step(spec={**PHASE_SPEC, "release": {"type": "str", "default": ""}}, run=run_backup)
RESTORE = Step(spec={**PHASE_SPEC, "backup": {"type": "str", "required": True}}, run=run_restore)
CHECK = Step(spec=APP_SPEC, run=run_check)
