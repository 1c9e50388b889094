# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looking at a toy before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _env_files, _git
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _backup, _info, _plan
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import TARGET_PREFLIGHT
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Record

from ..target._project import config_hash
from ..target._target import ToyTarget
from ._images import references


def run(target: ToyTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Look; with a version, say what its deployment would change."""
    del check_mode
    with target.shown_safely():
        if not target.machine.root.is_dir():
            raise Refused(f"There is no machine {target.machine.root}.", phase="preflight")
        if params["backup"]:
            _backup.checked(target, params["backup"])
        found = _info.situation(target)
        plan: dict[str, Any] = {"needed": True, "reasons": [], "recreates": [], "services": found["services"]}
        if params["version"]:
            plan = _plan_of(target, params["version"], found)
    return {"changed": False, **{name: found[name] for name in found if name != "current_record"}, **plan}


def _plan_of(target: ToyTarget, version: str, found: Mapping[str, Any]) -> dict[str, Any]:
    try:
        digests = {name: target.machine.digest(one) for name, one in references(target, version).items()}
    except OpsError as error:
        raise Refused(error.message, phase="preflight") from error
    wanted = {
        "version": version,
        "source": _git.described(target.app.source, "", "", digests),
        "env": target.digests.of(_env_files.read_all(target.app.env_paths)),
        "inputs": config_hash(target.app.environment),
        "services": sorted(digests),
    }
    decided = _plan.decide(wanted, found, target.drift)
    record: Record | None = found["current_record"]
    same = record.source.digests if record and record.config.inputs == wanted["inputs"] else {}
    recreates = [service for service in wanted["services"] if same.get(service) != digests[service]]
    return {"wanted": wanted, "services": wanted["services"], "recreates": recreates, **decided}


PREFLIGHT = Step(spec=TARGET_PREFLIGHT, run=run)
