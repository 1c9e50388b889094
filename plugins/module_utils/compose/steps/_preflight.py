# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looking at a compose host before anything is touched: what is there, what is asked for, what would change."""

from __future__ import annotations

import os
import shutil
import tempfile
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
from ...state._record import Record, Source
from ...text._document import document
from ..engine import _actions, _cli, _endpoints, _mounts, _source
from ..target import _sealed
from ..target._data import Data
from ..target._target import ComposeTarget
from . import _apply, _first_contact


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
                "recreates": [],
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
    with _checkout.looked_at(target.app, target.files.root, source["commit"], params["version"]) as directory:
        compose, config = _source.read(target.app, directory, params["version"])
        data = Data(target.app, target.files.root, directory)
        config = data.settle(compose, config)
        _actions.refuse_other_folders(target.project, _mounts.devices(config))
        target.learn(_secret_sources.of_config(config, target.app.env_public_keys))
        _sealed.seal_environment(config, {**variables, **_cli.surroundings(target.app)})
        wanted = {
            "version": params["version"],
            "source": source,
            "env": target.digests.of(dict(variables)),
            "inputs": target.digests.of(_cli.inputs(config, directory)),
            "services": sorted(config["services"]),
        }
        strange = _first_contact.look(target, config, found, directory)
    places = {path: str(place) for path, place in sorted(data.places.items())}
    completed = target.app.completed
    found = {**found, **strange}
    decided = _plan.decide(wanted, found, lambda record: _plan.drift(record, found["containers"], completed))
    recreates = _recreates(target, wanted, config, found) if check_mode and decided["needed"] else []
    recreates = sorted({*recreates, *strange["removes"]})
    if decided["needed"] and (ran := target.work_tree(found["current_record"])):
        data.refuse_loss(ran)
    plan = {"wanted": wanted, "services": wanted["services"], "recreates": recreates, **decided}
    return {**plan, "data": places} if check_mode and places else plan


def _recreates(
    target: ComposeTarget, wanted: Mapping[str, Any], config: Mapping[str, Any], found: Mapping[str, Any]
) -> list[str]:
    """The services whose containers a real run is going to make again, as far as that can be told without building."""
    record: Record | None = found["current_record"]
    if record is None:
        return sorted(wanted["services"])
    images = {service: record.image_ids.get(service, "new") for service in wanted["services"]}
    if Source.of(wanted["source"]) != record.source:
        images.update(dict.fromkeys(target.app.release_services, "new"))
    with tempfile.TemporaryDirectory(prefix="doppelganger-ops-") as folder:
        path = Path(folder) / "compose.json"
        path.touch(mode=0o600)
        path.write_text(document(_cli.pinned(config, images)), encoding="utf-8")
        hashes = _cli.of_release(target.app, path).hashes()
    return _apply.to_change(found["containers"], hashes, images)


PREFLIGHT = Step(spec=TARGET_PREFLIGHT, run=run)
