# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Migrating the database with the new image, and saying whether the schema moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core._errors import OpsError
from ...operations import _backup, _plan
from ...operations._specs import DATABASE_MIGRATE
from ...operations._step import Step
from ...state import _releases
from ...text._excerpt import last_words
from ..engine import _actions, _cli
from ..target._target import ComposeTarget
from . import _apply


def _ensure_services(target: ComposeTarget, release: str) -> None:
    """Bring up what the migration needs and does not run: on the first deployment nothing does yet.

    Nothing else, as it may need the application, which comes after the migration.
    """
    app = target.app
    there = {
        container.service
        for container in target.project.containers()
        if container.state == "running" or _plan.has_completed(container, app.completed)
    }
    needed = _cli.with_needed(target.config_of(release), [app.migration_service, app.database_service])
    missing = sorted(needed - there - set(app.release_services))
    if missing:
        _apply.bring_up(target, release, missing)


def run(target: ComposeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Run the migration command once in a container of the new image."""
    app = target.app
    if not app.migration_service:
        return {"changed": False, "moved": False, "head": None}
    if check_mode:
        return {
            "changed": True,
            "msg": f"Would run {' '.join(app.migration_command)} in the new image of {app.migration_service}.",
        }
    with target.phase("migrate", params["token"]) as operation:
        record = target.record(params["release"])
        _ensure_services(target, params["release"])
        before = _head_before(target, record)
        record["migration"] = {"before": before, "after": None, "moved": None}
        operation.store.write(f"releases/{record['id']}/record.json", record, token=params["token"])
        try:
            output = _migrate(target, params["release"])
        except OpsError as error:
            error.data["moved"] = _note_head(target, record, before, params["token"])
            raise
        did = _note_head(target, record, before, params["token"])
        said = last_words(output)
    return {
        "changed": did is not False,
        "moved": did,
        "head": record["migration"]["after"],
        "output": said,
    }


def _head_before(target: ComposeTarget, record: Mapping[str, Any]) -> str | None:
    """Where the schema is: the backup that was just taken knows, and asking again costs a tenth of a second."""
    backup = _backup.read(target, record["backup"]) if record["backup"] else None
    head: str | None = backup["migration_head"] if backup else target.database.migration_head()
    return head


def _note_head(target: ComposeTarget, record: dict[str, Any], before: str | None, token: int) -> bool | None:
    """Record where the schema is after the migration, however that ended; says whether it moved."""
    after = target.database.migration_head()
    did = _releases.moved(before, after, bool(target.app.migration_head_query))
    record["migration"] = {"before": before, "after": after, "moved": did}
    target.save(record, token)
    return did


def _migrate(target: ComposeTarget, release: str) -> str:
    app = target.app
    name = _actions.migration_container(target.project)
    verb = ["run", "--rm", "--no-deps", "--no-TTY", "--name", name]
    compose = target.compose_of(release)
    try:
        return compose.run(
            *verb, app.migration_service, *app.migration_command, doing="The migration", timeout=app.migration_timeout
        )
    except OpsError as error:
        hint = "Each migration that was applied stays applied; the result says whether the schema moved."
        raise OpsError(error.message, hint=hint, **error.data) from error
    finally:
        _actions.remove_migration(target.project)


MIGRATE = Step(spec=DATABASE_MIGRATE, run=run)
