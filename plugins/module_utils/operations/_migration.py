# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A migration, however a platform runs it: the record says where the schema was before and where it is afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..core._errors import OpsError, noted_on
from ..state import _releases
from ..state._record import Migration, Record
from ..text._excerpt import last_words
from . import _backup
from ._target import Target


def migrated(target: Target, record: Record, token: int, migrate: Callable[[], str]) -> dict[str, Any]:
    """Run ``migrate``, which gives what it printed; the result of the step. An error says whether the schema moved."""
    # the backup that was just taken knows, and asking again costs a tenth of a second
    backup = _backup.read(target, record.backup) if record.backup else None
    before = backup["migration_head"] if backup else target.database.migration_head()
    target.save(replace(record, migration=Migration(before)), token)
    try:
        output = migrate()
    except OpsError as error:
        error.data["moved"] = None
        with noted_on(error):
            error.data["moved"] = _note_head(target, record, before, token).moved
        raise
    found = _note_head(target, record, before, token)
    return {
        "changed": found.moved is not False,
        "moved": found.moved,
        "head": found.after,
        "output": last_words(output),
    }


def _note_head(target: Target, record: Record, before: str | None, token: int) -> Migration:
    """Record where the schema is after the migration, however that ended."""
    after = target.database.migration_head()
    did = _releases.moved(before, after, bool(target.app.migration_head_query))
    found = Migration(before, after, did)
    target.save(replace(record, migration=found), token)
    return found
