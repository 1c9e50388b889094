# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Removing what nobody can need any more; never the last good release, its images or its backup."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from ..core._errors import OpsError
from ..state import _releases
from ..state._record import Record
from . import _backup
from ._target import Target


def prune(target: Target, token: int) -> dict[str, list[str]]:
    """Take old releases with their images, evidence and sources away, and old backups; returns what went.

    What cannot be removed is ``left``, with the reason: that is no reason to undo a release that is good.
    """
    left: list[str] = []
    records, bad = target.history()
    if bad:  # nobody can tell what such a release still needs
        left = [f"everything, as a record cannot be read: {error.message}" for error in bad.values()]
        return {"releases": [], "backups": [], "left": left}
    current = target.current()
    doomed = _releases.to_prune(records, current, target.app.keep_good, target.app.keep_bad)
    kept = [record for record in records if record.id not in doomed]
    backups = _releases.backups_to_prune(
        _backup.known_backups(target), kept, current, target.app.keep_backups, _backup.last_restored(target)
    )
    for record in records:
        if record.id in doomed:
            with _noted(f"release {record.id}", left):
                target.forget(record, kept)
                target.store.remove("releases", record.id, token=token)
    for name in backups:
        with _noted(f"backup {name}", left):
            target.files.remove("backups", name, token=token)
    needed = _needed_evidence(target, kept)
    for name in target.store.folders("evidence"):
        if name not in needed:
            with _noted(f"evidence {name}", left):
                target.store.remove("evidence", name, token=token)
    for name in target.spare_sources(kept):
        with _noted(f"source {name}", left):
            target.remove_source(name, token)
    for name in target.spare_contents():
        with _noted(f"contents {name}", left):
            target.remove_contents(name, token)
    return {"releases": doomed, "backups": backups, "left": left}


@contextlib.contextmanager
def _noted(what: str, left: list[str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        left.append(f"{what}: {error}")
    except OpsError as error:
        if error.ends_the_operation:
            raise
        left.append(f"{what}: {error.message}")


def _needed_evidence(target: Target, kept: Sequence[Record]) -> set[str]:
    """That of the kept releases; of operations which were about none, as many as bad releases are kept."""
    of_operations = [name for name in target.store.folders("evidence") if name.startswith("operation-")]
    newest = of_operations[-target.app.keep_bad :] if target.app.keep_bad else []
    return {record.id for record in kept} | set(newest)
