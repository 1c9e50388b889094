# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looking at a compose host before anything is touched: what is there, what is asked for, what would change."""

from __future__ import annotations

import io
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...app import _checkout, _env_files, _git, _secret_sources
from ...app._model import GIT
from ...core._errors import OpsError, Refused
from ...operations import _backup, _info, _plan
from ...operations._specs import TARGET_PREFLIGHT
from ...operations._step import Step
from ...state._record import Record
from ..engine import _actions, _cli, _endpoints
from ..files import _mounts, _source
from ..target import _sealed
from ..target._contents import Contents
from ..target._data import Data
from ..target._target import ComposeTarget
from . import _first_contact, _obstacles, _prediction

#: what a run that is no check predicts
_NOTHING: Mapping[str, Any] = {"recreates": [], "preview": []}


def disk_problem(path: str, free_mb: int, wanted_mb: int) -> str | None:
    """What to say when a disk is too full."""
    if free_mb >= wanted_mb:
        return None
    expected = f"expected {wanted_mb} MiB or more (app_disk_free_mb)"
    return f"{path} has {free_mb} MiB free, {expected}. Make room, then re-run."


def _existing(path: str) -> str:
    """What there is of a path; the way up ends at the root, where a relative one would never end."""
    path = os.path.abspath(path)
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def _check_host(target: ComposeTarget) -> tuple[dict[str, Any], dict[str, str]]:
    """Engine, Compose, disk and env files, with their variables; refuses the first that is not fit."""
    info = _endpoints.one_engine(lambda: _actions.info(target.project))
    compose = _cli.version()
    target.store.refuse_unwritable()
    if target.app.source == GIT and shutil.which("git") is None:
        raise Refused(
            "git is not installed on the target.", reason="program_missing", hint="Run playbooks/prepare.yml."
        )
    for path in {_existing(str(target.store.root)), _existing(info["DockerRootDir"])}:
        problem = disk_problem(path, shutil.disk_usage(path).free >> 20, target.app.disk_free_mb)
        if problem:
            raise Refused(problem, reason="disk_full")
    variables = _env_files.read_all(target.app.env_paths, _cli.surroundings(target.app))
    _env_files.require(variables, target.app.env_required_keys, target.app.env_paths)
    return {"engine": info["ServerVersion"], "compose": compose}, variables


def _resolve(target: ComposeTarget, version: str, auth: dict[str, str] | None) -> dict[str, Any]:
    """What the version is: a commit, or a digest for each service."""
    app = target.app
    if app.source == GIT:
        commit = _git.resolve(app.repository, version, timeout=60)
        return _git.described(app.source, app.repository, commit, {})
    digests = {}
    for service, repository in app.images.items():
        reference = _plan.image_reference(repository, version)
        try:
            digests[service] = target.project.registry_digest(reference, auth)
        except OpsError as error:
            raise Refused(
                f"Version {version!r} of {service} was not found. {error.message}",
                reason=error.reason,
                hint=error.hint or "Check the version, app_images and the login of the registry.",
            ) from error
    return _git.described(app.source, "", "", digests)


def _auth(target: ComposeTarget, password: str) -> dict[str, str] | None:
    return {"username": target.app.registry_username, "password": password} if target.app.registry_username else None


def run(target: ComposeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Look at the target; with a version, plan its deployment."""
    started = time.time()
    with target.shown_safely():
        try:
            host, variables = _check_host(target)
            if params["backup"]:
                _backup.checked(target, params["backup"])
            found = {**_info.situation(target), "containers": target.project.containers()}
            plan: dict[str, Any] = {
                "needed": True,
                "reasons": [],
                **_NOTHING,
                "services": found["services"],
            }
            if params["version"]:
                plan = _plan_of(target, params, variables, found, check_mode)
        except OpsError as error:
            error.data.setdefault("phase", "preflight")
            raise
    shown = {name: value for name, value in found.items() if name not in ("current_record", "containers")}
    return {"changed": False, **shown, **plan, "host": host, "seconds": round(time.time() - started, 2)}


def _plan_of(
    target: ComposeTarget,
    params: Mapping[str, Any],
    variables: Mapping[str, str],
    found: Mapping[str, Any],
    check_mode: bool,
) -> dict[str, Any]:
    auth = _auth(target, params["registry_password"])
    source = _resolve(target, params["version"], auth)
    known, warnings = {**variables, **_cli.surroundings(target.app)}, io.StringIO()
    with _checkout.looked_at(target.app, target.files.root, source["commit"], params["version"]) as directory:
        compose, config = _source.read(target.app, directory, params["version"], warnings.write)
        data = Data(target.app, target.files.root, directory)
        config = data.settle(compose, config)
        _learn(target, compose, config, directory)
        _actions.refuse_other_folders(target.project, _mounts.devices(config))
        _sealed.seal_environment(config, known)
        contents = Contents(target.app, target.files.root, directory, target.digests)
        settled = contents.settle(config, compose.directory or directory, known)
        target.learn(_secret_sources.in_secrets(contents.secrets))
        wanted = {
            "version": params["version"],
            "source": source,
            "env": target.digests.of(dict(variables)),
            "inputs": target.digests.of(_cli.inputs(settled, directory)),
            "services": sorted(config["services"]),
        }
        strange = _first_contact.look(target, config, found, directory)
        found = {**found, **strange}
        decided = _plan.decide(wanted, found, lambda record: target.drift_of(record, found["containers"]))
        if decided["needed"]:
            _obstacles.refuse(target, config)
            _refuse_loss(target, found["current_record"], data, contents)
        does_less = not (check_mode and decided["needed"])
        predicted = _NOTHING if does_less else _prediction.of(target, wanted, settled, found, directory)
    places = {path: str(place) for path, place in sorted(data.places.items())}
    predicted = {**predicted, "recreates": sorted({*predicted["recreates"], *strange["removes"]})}
    plan = {"wanted": wanted, "services": wanted["services"], **predicted, **decided}
    shown = {"data": places if check_mode else {}, "unset": _cli.unset(warnings.getvalue())}
    return {**plan, **{name: value for name, value in shown.items() if value}}


def _learn(target: ComposeTarget, compose: _cli.Compose, config: Mapping[str, Any], directory: Path) -> None:
    """Blank out from here on what is secret in the configuration, and in the env file that compose reads by itself."""
    public = target.app.env_public_keys
    target.learn(_secret_sources.of_config(config, public))
    target.learn(_source.secrets_of_own_env(compose, directory, public))


def _refuse_loss(target: ComposeTarget, ran: Record | None, data: Data, contents: Contents) -> None:
    """Refuse to leave what containers of the release that runs have written where the next one would not see it."""
    if tree := target.work_tree(ran):
        data.refuse_loss(tree)
    if ran:
        contents.refuse_loss(target.store.read(f"releases/{ran.id}/compose.json") or {})


PREFLIGHT = Step(spec=TARGET_PREFLIGHT, run=run)
