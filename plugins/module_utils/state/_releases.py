# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Release records and the choices made from them, as pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..core._errors import Refused
from ..core._times import moment_of
from ._record import BAD, GOOD, LEFT, PENDING, RETURNABLE, Record

#: what a rollback may name beside an id or a version
LAST_GOOD, PREVIOUS = "last good", "previous"
#: the release that is made of what ran before the first one
FOUND = "0000-found"
#: in the id of a backup that was taken before there was any
NO_RELEASE = "0000-none"


def taken_of(backup: str) -> str:
    """Which release ran when a backup was taken, by its id."""
    return backup.partition("-")[2]


def moved(before: str | None, after: str | None, can_tell: bool) -> bool | None:
    """Whether a migration moved the schema from one head to another, None where nobody can tell."""
    return before != after if can_tell and (before or after) else None


def next_id(existing: Iterable[str], version: str) -> str:
    """``0003-v0.2.0``: numbers order the releases, the version makes them readable."""
    numbers = [int(found[1]) for name in existing if (found := re.match(r"([0-9]{1,12})-", name))]
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", version)[:60]
    return f"{1 + max(numbers, default=0):04d}-{safe}"


def current_facts(record: Record | None) -> dict[str, Any]:
    """Of the release that should run: its services, and since when it does, in seconds since 1970."""
    if record is None:
        return {"services": [], "since": 0.0}
    since = moment_of(record.activated) if record.activated else 0.0
    return {"services": sorted(record.config.services), "since": since}


def last_good(records: Sequence[Record], current: str | None) -> Record | None:
    """What to return to: the current release while it is good, else the one that was activated last."""
    good = [record for record in records if record.status == GOOD]
    for record in good:
        if record.id == current:
            return record
    return _newest(good)


def previous(records: Sequence[Record], current: str | None) -> Record | None:
    """What ran before the current release, so that one can go there and back again."""
    return _newest(record for record in records if record.status in RETURNABLE and record.id != current)


def _newest(records: Iterable[Record]) -> Record | None:
    """The one that was activated last."""
    return max(records, key=lambda record: (record.activated or "", record.id), default=None)


def choices(records: Sequence[Record], lacks: Callable[[Record], Sequence[str]]) -> list[str]:
    """The ids that a rollback may name: good or left, and nothing gone that they need."""
    return [record.id for record in records if record.status in RETURNABLE and not lacks(record)]


def resolve(
    name: str, records: Sequence[Record], current: str | None, lacks: Callable[[Record], Sequence[str]]
) -> Record:
    """The record that ``name`` means: an id, a version, ``last good`` or ``previous``; refuses what cannot be returned
    to.

    ``lacks`` says what a release needs to come back and is gone.
    """
    allowed = choices(records, lacks)
    hint = f"Choose one of: {', '.join(reversed(allowed))}." if allowed else "No release on this target can be chosen."
    if name.replace("_", " ") == LAST_GOOD:
        found = last_good(records, current)
        if found is None:
            raise Refused(
                "There is no good release to roll back to.",
                reason="release_not_found",
                hint="Deploy a version that works.",
            )
    elif name == PREVIOUS:
        found = previous(records, current)
        if found is None:
            raise Refused(f"No release ran before {current or 'this'}.", reason="release_not_found", hint=hint)
    else:
        named = [record for record in records if name in (record.id, record.version)]
        if not named:
            raise Refused(f"Release {name!r} was not found on this target.", reason="release_not_found", hint=hint)
        found = next((record for record in reversed(named) if record.status in RETURNABLE), named[-1])
    if found.status not in RETURNABLE:
        why = found.message or "it was never verified"
        raise Refused(f"Release {found.id} is marked {found.status}: {why}", reason="release_bad", hint=hint)
    if found.id not in allowed:
        raise Refused(
            f"Release {found.id} cannot be restored; missing: {', '.join(lacks(found))}.",
            reason="release_incomplete",
            hint=hint,
        )
    return found


def to_prune(records: Sequence[Record], current: str | None, keep_good: int, keep_bad: int) -> list[str]:
    """The ids whose records may go, those first that ran the longest ago; never the current one, the last good one, a
    pending one, or the one that was left last: whoever rolled back may want to go forward again."""
    good, left = last_good(records, current), _newest(record for record in records if record.status == LEFT)
    protected = {current, good.id if good else None, left.id if left else None}
    doomed: list[str] = []
    by_age = sorted(records, key=lambda record: (record.activated or record.created, record.id))
    for statuses, keep in ((RETURNABLE, keep_good), ((BAD,), keep_bad)):
        of_status = [record.id for record in by_age if record.status in statuses]
        doomed += of_status[: max(0, len(of_status) - keep)]
    return sorted(set(doomed) - protected)


def backups_to_prune(
    backups: Sequence[str], records: Sequence[Record], current: str | None, keep: int, restored: str | None = None
) -> list[str]:
    """The backup ids that may go; those of the last good release and of each kept pending one stay.

    So do the one that was restored last, and the first that was taken while the current release ran: what damaged the
    data may have been the first of many attempts.
    """
    ordered = sorted(backups)
    good = last_good(records, current)
    needed = {good.backup if good else None, restored}
    needed |= {record.backup for record in records if record.status == PENDING}
    needed.add(next((name for name in ordered if taken_of(name) == (current or NO_RELEASE)), None))
    return [name for name in ordered[: max(0, len(ordered) - keep)] if name not in needed]
