# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moving the head of the file that is the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._migration import migrated
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import DATABASE_MIGRATE
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Record

from ..target._target import ToyTarget
from . import _apply


def run(target: ToyTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Migrate to the head that the image has, if it has one."""
    if not target.app.migration_service:
        return {"changed": False, "moved": False, "head": None}
    if check_mode:
        return {"changed": True}
    with target.phase("migrate", params["token"]):
        target.machine.note(f"migrate {params['release']}")
        record = target.record(params["release"])
        if not target.database.is_running():
            _apply.bring_up(target, record, [target.app.database_service])
        return migrated(target, record, params["token"], lambda: _migrate(target, record))


def _migrate(target: ToyTarget, record: Record) -> str:
    image = target.machine.image(record.images[target.app.migration_service].id)
    if image.get("head"):
        target.database.migrate(image["head"])
    if image.get("fails") == "migrate":
        raise OpsError("The migration failed with code 1.")
    return ""


MIGRATE = Step(spec=DATABASE_MIGRATE, run=run)
