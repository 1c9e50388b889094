# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The images of a release on a cluster: built and pushed, or as the registry has them; then its manifests, rendered."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _checkout, _confined
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _command
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import RELEASE_IMAGES
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import (
    GOOD,
    Config,
    Image,
    Record,
    images_as_data,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import last_said

from ..manifests import _registry
from ..manifests._references import HUB, parse
from ..target._drift import replicas
from ..target._target import MANIFESTS, KubeTarget
from . import _version

#: under this name docker keeps the login of the public registry
_HUB_LOGIN = "https://index.docker.io/v1/"
_PUSHED = re.compile(r"digest: (sha256:[0-9a-f]{64}) size: \d+")


def pushed_digest(said: str) -> str:
    """The digest in what ``docker push`` said last; raises where it said none."""
    found = _PUSHED.findall(said)
    if not found:
        raise OpsError(
            f"docker push named no digest: {last_said(said)}", reason="command_failed", hint="Check the registry."
        )
    return str(found[-1])


def built_before(records: Sequence[Record], commit: str, builds: Mapping[str, str]) -> dict[str, Image]:
    """The images that a good release has built of the same commit in the same way."""
    for other in reversed(records):
        if other.status == GOOD and other.source.commit == commit:
            images = {name: image for name, image in other.images.items() if name in builds}
            if {name: image.build for name, image in images.items()} == builds:
                return images
    return {}


def run(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Get the images of a pending release and keep its manifests with it."""
    if check_mode:
        return {"changed": True, "msg": f"Would get the images of {', '.join(target.app.images)}."}
    with target.phase("images", params["token"]):
        target.digests.keep(target.store, params["token"])
        record = target.record(params["release"])
        folder = _checkout.kept(target.app, target.files.root, record.source.commit)
        images = {**_resolved(target, record), **_built(target, record, folder)}
        given = {name: image.reference for name, image in images.items()}
        objects = _version.render(target, folder, record.version, given)
        _version.refuse_missing_workloads(target, objects)
        target.store.write(f"releases/{record.id}/{MANIFESTS}", {"objects": objects}, token=params["token"])
        digests = _version.config(target, folder)
        config = Config(digests["env"], digests["inputs"], _version.services(objects), replicas(objects))
        target.save(replace(record, images=images, config=config), params["token"])
    return {"changed": True, "images": images_as_data(images), "release": record.id}


def _resolved(target: KubeTarget, record: Record) -> dict[str, Image]:
    digests = record.source.digests
    return {name: Image(digest, f"{target.app.images[name]}@{digest}") for name, digest in digests.items()}


def _built(target: KubeTarget, record: Record, folder: Path) -> dict[str, Image]:
    app = target.app
    if not app.build:
        return {}
    kept = built_already(target, record.source.commit)
    if kept:
        return kept
    builds = _builds(target)
    with logged_in(app.images.values(), app.registry_username, target.registry_password) as config:
        return {
            name: replace(_build(target, folder, name, record.version, config), build=builds[name]) for name in builds
        }


def built_already(target: KubeTarget, commit: str) -> dict[str, Image]:
    """The images of a commit that need no building, empty where they do."""
    kept = built_before(target.records(), commit, _builds(target))
    return kept if all(_registry.has(image.reference, target.login) for image in kept.values()) else {}


def _builds(target: KubeTarget) -> dict[str, str]:
    app = target.app
    return {name: target.digests.of([app.images[name], dict(options)]) for name, options in app.build.items()}


def _build(target: KubeTarget, folder: Path, name: str, version: str, config: Mapping[str, str]) -> Image:
    app = target.app
    options = app.build[name]
    context = _confined.inside(folder, str(options.get("context") or "."), f"app_build.{name}.context")
    file = context / str(options.get("dockerfile") or "Dockerfile")
    dockerfile = str(_confined.inside(folder, file, f"app_build.{name}.dockerfile"))
    tag = f"{app.images[name]}:{_version.tag_of(version)}"
    arguments = [f"--build-arg={key}={value}" for key, value in (options.get("args") or {}).items()]
    docker = ["docker", "build", "--quiet", "--tag", tag, "--file", dockerfile, *arguments, "--", str(context)]
    env = {"DOCKER_BUILDKIT": "1", **config}
    _command.run(docker, doing=f"Building {name}", timeout=app.fetch_timeout, env=env)
    said = _command.run(["docker", "push", "--", tag], doing=f"Pushing {tag}", timeout=app.fetch_timeout, env=config)
    digest = pushed_digest(said)
    return Image(digest, f"{app.images[name]}@{digest}")


@contextlib.contextmanager
def logged_in(repositories: Any, user: str, password: str) -> Iterator[dict[str, str]]:
    """What makes docker log in, by a file of its owner alone that is gone after the block; empty without a user."""
    if not user:
        yield {}
        return
    auth = {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
    registries = {parse(one).registry for one in repositories}
    ours = {_HUB_LOGIN if registry == HUB else registry: auth for registry in registries}
    users = Path(os.environ.get("DOCKER_CONFIG") or "~/.docker").expanduser()
    with tempfile.TemporaryDirectory(prefix="doppelganger-ops-") as folder:
        for name in ("cli-plugins", "contexts", "buildx"):
            if (users / name).is_dir():
                (Path(folder) / name).symlink_to(users / name)
        path = Path(folder) / "config.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(_with_login(users / "config.json", ours)), encoding="utf-8")
        yield {"DOCKER_CONFIG": folder}


def _with_login(path: Path, ours: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The user's own configuration, which knows the registries of base images, with our logins.

    Where it keeps logins in a store, docker asks that one alone: from now on only for those that are in it.
    """
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    theirs, store = config.get("auths") or {}, config.pop("credsStore", "")
    helpers = {**(dict.fromkeys(theirs, store) if store else {}), **(config.get("credHelpers") or {})}
    helpers = {registry: helper for registry, helper in helpers.items() if registry not in ours}
    return {**config, "auths": {**theirs, **ours}, "credHelpers": helpers}


IMAGES = Step(spec=RELEASE_IMAGES, run=run)
