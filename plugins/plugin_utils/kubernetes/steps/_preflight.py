# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looking at a namespace before anything is touched: what is allowed, what is asked for, what would change."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _checkout, _env_files
from ansible_collections.doppelganger.ops.plugins.module_utils.app._model import GIT
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _backup, _info, _plan
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import TARGET_PREFLIGHT
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step
from ansible_collections.doppelganger.ops.plugins.module_utils.state import _releases

from ..api._objects import Object, group_of
from ..changes._changes import Release
from ..login._rights import Right, rights
from ..target._target import KubeTarget
from . import _apply, _images, _version


def run(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Look at the target; with a version, plan its deployment."""
    started = time.time()
    with target.shown_safely():
        try:
            host = _check_host(target)
            # the rights come first: whatever reads the state would name the one right that it lacks, and no other
            wanted = _wanted(target, params["version"]) if params["version"] else None
            if wanted is None:
                refuse_missing_rights(target, [])
            if params["backup"]:
                _backup.checked(target, params["backup"])
            found = _info.situation(target)
            plan: dict[str, Any] = {"needed": True, "reasons": [], "services": found["services"]}
            if wanted is not None:
                decided = _plan.decide(wanted, found, target.drift)
                plan = {"wanted": wanted, "services": wanted["services"], **decided}
                if check_mode and plan["needed"]:
                    plan.update(_predicted(target, wanted, params))
        except OpsError as error:
            error.data.setdefault("phase", "preflight")
            raise
    told = {name: value for name, value in found.items() if name != "current_record"}
    return {
        "changed": False,
        "recreates": [],
        "preview": [],
        **told,
        **plan,
        "host": host,
        "seconds": round(time.time() - started, 2),
    }


def _check_host(target: KubeTarget) -> dict[str, Any]:
    """The cluster and the env files; refuses the first that is not fit."""
    app = target.app
    programs = {"git": app.source == GIT, "docker": bool(app.build)}
    for program, is_needed in programs.items():
        if is_needed and shutil.which(program) is None:
            raise Refused(
                f"{program} is not installed on the controller.",
                reason="program_missing",
                hint=f"Install {program} there.",
            )
    variables = _env_files.read_all(app.env_paths)
    _env_files.require(variables, app.env_required_keys, app.env_paths)
    return {"cluster": target.cluster.version(), "namespace": target.cluster.namespace}


def _wanted(target: KubeTarget, version: str) -> dict[str, Any]:
    """What a version comes to; refuses one that cannot be had, or that this login may not apply."""
    app = target.app
    source = _version.resolve(target, version)
    digests = source["digests"]
    with _checkout.looked_at(app, target.files.root, source["commit"], version) as folder:
        objects = _version.render(target, folder, version, _version.references(app, digests))
        config = _version.config(target, folder)
    refuse_missing_rights(target, objects)
    _version.refuse_missing_workloads(target, objects)
    return {
        "version": version,
        "source": source,
        **config,
        "services": sorted(_version.services(objects)),
    }


def _predicted(target: KubeTarget, wanted: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """What a real run changes, as far as that can be told without building: workloads, and differences to show."""
    app, source, version = target.app, wanted["source"], wanted["version"]
    kept = _images.built_already(target, source["commit"]) if app.build else {}
    digests = {**{name: image.id for name, image in kept.items()}, **source["digests"]}
    images = _version.references(app, digests)
    with _checkout.looked_at(app, target.files.root, source["commit"], version) as folder:
        objects = _version.render(target, folder, version, images)
    reason = (params["app"].get("inputs") or {}).get("reason") or ""
    marks = Release.of(app.name, _releases.next_id(target.store.folders("releases"), version), reason)
    changes = _apply.planned(target, marks, objects)
    shown = [one["prepared"].replace(_version.UNKNOWN, "(as built)") for one in _apply.shown(changes)]
    return {"recreates": _apply.workloads_in(changes), "preview": [{"prepared": text} for text in shown]}


def refuse_missing_rights(target: KubeTarget, objects: Sequence[Object]) -> None:
    """Refuse a login that may not do what is going to be done, before anything is done, naming all that is missing."""
    applied = {
        (group_of(one["apiVersion"]), target.cluster.resource(one["apiVersion"], one["kind"]).plural) for one in objects
    }
    if target.app.migration_service:
        applied.add(("batch", "jobs"))
    refuse_missing(target, rights(applied), "docs/kubernetes/rbac.yml")


def refuse_missing(target: KubeTarget, needed: Sequence[Right], page: str) -> None:
    """Refuse a login that does not have these rights, which a page of the documentation lists."""
    missing = target.cluster.missing_rights(needed)
    if missing:
        raise Refused(
            f"Forbidden: this login cannot {', '.join(map(str, missing))}, in namespace {target.cluster.namespace}.",
            reason="forbidden",
            hint=f"{page} has the rights that are needed; ask the administrator of the cluster.",
            missing=[str(one) for one in missing],
        )


PREFLIGHT = Step(spec=TARGET_PREFLIGHT, run=run)
