# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a target knows of itself, for people and for programs; and the lock that people set."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core import _digests
from ..core._errors import OpsError, Refused
from ..state import _journal, _lease, _releases
from ..state._record import Migration, Record, shown
from ..state._schema import BadState
from ._step import Step
from ._target import APP_SPEC, Target

#: the longest note in a table; the record has the whole of it
WIDEST = 90


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned lines, which Ansible shows one below the other."""
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    lines = [headings, ["-" * width for width in widths], *rows]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]


def shortened(text: str) -> str:
    """The text as one line of a table."""
    line = " ".join(text.split())
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 1]}…"


def moved_word(migration: Migration | None) -> str:
    """Whether a release moved the schema, in a word."""
    words = {True: "yes", False: "no", None: "unknown"}
    return words[migration.moved] if migration else "no"


def backup_rows(backups: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """A row for each backup, the newest first."""
    return [
        [backup["id"], f"{backup['size'] / 1024:,.0f} KiB", str(backup["entries"]), backup["migration_head"] or ""]
        for backup in reversed(backups)
    ]


@dataclass(frozen=True)
class Look:
    """Whether what runs is what the current release recorded: ``drift`` says where it is not, ``unseen`` why nobody
    could look."""

    drift: Sequence[str] = ()
    unseen: str = ""

    def lines(self, current: str) -> list[str]:
        """The same as lines of a checklist."""
        if self.unseen:
            return [f"[!] {current} is current; what runs could not be checked: {self.unseen}"]
        if not self.drift:
            return [f"[x] {current} runs as it was recorded"]
        differences = (f"    {one}" for one in self.drift)
        return [f"[ ] {current} is current, and what runs is not as it was recorded:", *differences]


def look(target: Target, record: Record) -> Look:
    """Look at what runs, without changing anything, and whatever keeps one from looking."""
    try:
        with target.shown_safely():
            return Look(drift=[target.redactor.text(one) for one in target.differences(record)])
    except OpsError as error:
        return Look(unseen=" ".join(f"{error.message} {error.hint}".split()))


def overview(
    records: Sequence[Record],
    current: str | None,
    backups: Sequence[Mapping[str, Any]],
    lease: _lease.Lease | None,
    cut: Mapping[str, Any] | None,
    bad: Mapping[str, OpsError] | None = None,
    seen: Look | None = None,
) -> list[str]:
    """Everything that a target knows of itself, as lines; ``bad`` are the releases and backups that cannot be read."""
    rows = release_rows(records, current)
    headings = ["", "release", "status", "created", "by", "schema moved", "note"]
    lines = table(headings, rows) if rows else ["No release was made on this target yet."]
    if current and seen:
        lines += ["", *seen.lines(current)]
    if backups:
        lines += ["", *table(["backup", "size", "entries", "migration head"], backup_rows(backups))]
    if bad:
        lines += ["", *(f"cannot be read: {name}. {error.message} {error.hint}" for name, error in bad.items())]
    if lease:
        lines += ["", f"locked: {lease.described()}"]
    if cut:
        lines += [
            "",
            f"interrupted: {cut['operation']} of {cut['release']} in phase {cut['phase']}; the next run recovers it",
        ]
    return lines


def release_rows(records: Sequence[Record], current: str | None) -> list[list[str]]:
    """A row for each release, the newest first."""
    return [
        [
            "*" if record.id == current else "",
            record.id,
            record.status,
            record.created,
            record.operator,
            moved_word(record.migration),
            shortened(record.message or record.reason or ""),
        ]
        for record in reversed(records)
    ]


def situation(target: Target) -> dict[str, Any]:
    """What the target is in the middle of: the current release, the lease, an operation that was cut off."""
    current = target.current()
    records = target.records()
    lease = target.store.lease()
    now = time.time()
    good = _releases.last_good(records, current)
    record = next((record for record in records if record.id == current), None)
    return {
        "current": current,
        "current_record": record,
        **_releases.current_facts(record),
        "last_good": good.id if good else None,
        "interrupted": _journal.interrupted(target.store.read(_journal.JOURNAL), lease, now),
        "lease": lease.described() if lease and lease.is_held(now) else None,
    }


def run_info(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Releases, backups, lease and what was cut off."""
    del params, check_mode
    records, bad = target.history()
    backups, bad_backups = target.files.readable("backups", "backup.json")
    bad = {**bad, **bad_backups}
    try:
        digests = target.digests
    except BadState as error:
        digests, bad[_digests.FILE] = _digests.Digests(), error
    current = target.current()
    record = next((one for one in records if one.id == current), None)
    seen = look(target, record) if record else Look(unseen="its record cannot be read" if current else "")
    found = target.store.lease()
    lease = found if found and found.is_held(time.time()) else None
    cut = _journal.interrupted(target.store.read(_journal.JOURNAL), found, time.time())
    whole = [backup for name, backup in backups.items() if name[0] != "."]
    return {
        "changed": False,
        "current": current,
        "releases": [shown(record, digests) for record in records],
        "table": overview(records, current, whole, lease, cut, bad, seen),
        "drift": list(seen.drift),
        "unseen": seen.unseen,
        "backups": whole,
        "unreadable": {name: error.message for name, error in bad.items()},
        "lease": lease.as_dict() if lease else None,
        "interrupted": cut,
    }


def run_lock(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Set a maintenance lock, or take any lease away; both are audited."""
    if not params["reason"]:
        raise Refused(
            "A reason is required and none was given.",
            reason="reason_required",
            hint="Give it as -e 'reason=\"why\"'; it goes into the audit trail.",
        )
    act = _lock if params["state"] == "present" else _unlock
    return act(target, params, check_mode)


def _held(target: Target) -> _lease.Lease | None:
    lease = target.store.lease()
    return lease if lease and lease.is_held(time.time()) else None


def _unlock(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    try:
        found = _held(target)
    except Refused as error:  # whatever it holds: it is in everybody's way
        if not check_mode:
            target.store.unlock(by=params["operator"], reason=params["reason"])
        return {"changed": True, "was": None, "sentence": f"unlocked; its lease could not be read: {error.message}"}
    if found is None:
        return {"changed": False, "was": None, "sentence": "was not locked"}
    if not check_mode:
        target.store.unlock(by=params["operator"], reason=params["reason"])
    return {"changed": True, "was": found.as_dict(), "sentence": f"unlocked; it was {found.described()}"}


def _lock(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    found = _held(target)
    holder, purpose = params["operator"], params["reason"]
    if found and found.kind == _lease.MAINTENANCE and found.holder == holder:
        return {"changed": False, "lease": found.as_dict(), "sentence": f"is locked already, {found.described()}"}
    if check_mode:
        _lease.acquire(found, holder=holder, purpose=purpose, kind=_lease.MAINTENANCE, ttl=0, now=time.time())
        return {"changed": True, "lease": None, "sentence": "would be locked"}
    ttl = target.app.lease_ttl
    lease = target.store.try_acquire(holder=holder, purpose=purpose, kind=_lease.MAINTENANCE, ttl=ttl)
    return {"changed": True, "lease": lease.as_dict(), "sentence": f"locked, {lease.described()}"}


INFO = Step(spec=APP_SPEC, run=run_info)
LOCK = Step(
    spec={
        **APP_SPEC,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "operator": {"type": "str", "required": True},
        "reason": {"type": "str", "default": ""},
    },
    run=run_lock,
)
