# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Migrating the database with the new image, and saying whether the schema moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core._errors import OpsError
from ...operations import _plan
from ...operations._migration import migrated
from ...operations._specs import DATABASE_MIGRATE
from ...operations._step import Step
from ..engine import _actions
from ..files import _rendered
from ..target._target import ComposeTarget
from . import _apply


def _ensure_services(target: ComposeTarget, release: str) -> None:
    """Bring up what the migration needs and does not run: on the first deployment nothing does yet.

    Nothing else, as it may need the application, which comes after the migration.
    """
    app, completed = target.app, target.completed(release)
    there = {
        container.service
        for container in target.project.containers()
        if container.state == "running" or _plan.has_completed(container, completed)
    }
    needed = _rendered.with_needed(target.config_of(release), [app.migration_service, app.database_service])
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
    with target.phase("migrate", params["token"]):
        record = target.record(params["release"])
        _ensure_services(target, params["release"])
        return migrated(target, record, params["token"], lambda: _migrate(target, params["release"]))


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
        raise OpsError(error.message, reason="migration_failed", hint=hint, **error.data) from error
    finally:
        _actions.remove_migration(target.project)


MIGRATE = Step(spec=DATABASE_MIGRATE, run=run)
