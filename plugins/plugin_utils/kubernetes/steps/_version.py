# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a version is on a cluster: a commit, digests, and the objects that its manifests come to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _env_files, _git
from ansible_collections.doppelganger.ops.plugins.module_utils.app._model import GIT, App
from ansible_collections.doppelganger.ops.plugins.module_utils.app._service_names import (
    of_check,
    refuse_missing_services,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused

from ..api._objects import Object, keeps_running, template_of
from ..manifests import _registry, _render, _secrets
from ..manifests._files import Context
from ..target._target import KubeTarget

#: stands for the digest of an image that is not built yet
UNKNOWN = f"sha256:{'0' * 64}"


def tag_of(version: str) -> str:
    """The version as an image's tag: a branch may have a slash in it."""
    return "".join(char if char.isalnum() or char in "._-" else "-" for char in version)[:128]


def resolve(target: KubeTarget, version: str) -> dict[str, Any]:
    """What the version is now: a commit, and a digest for each image that is not built."""
    app = target.app
    commit = _git.resolve(app.repository, version, timeout=60) if app.source == GIT else ""
    digests = {}
    for name, repository in app.images.items():
        if name not in app.build:
            digests[name] = _digest(target, name, repository, version)
    return _git.described(app.source, app.repository if commit else "", commit, digests)


def _digest(target: KubeTarget, name: str, repository: str, version: str) -> str:
    reference = f"{repository}@{version}" if version.startswith("sha256:") else f"{repository}:{tag_of(version)}"
    try:
        return _registry.digest_of(reference, target.login)
    except OpsError as error:
        raise Refused(
            f"Version {version!r} of {name} was not found. {error.message}",
            reason=error.reason,
            hint=error.hint or "Check the version, app_images and the login of the registry.",
        ) from error


def render(target: KubeTarget, folder: Path, version: str, images: Mapping[str, str]) -> list[Object]:
    """The objects of a version; ``images`` has a reference with a digest for each of app_images."""
    app = target.app
    context = Context(
        name=app.name,
        namespace=target.cluster.namespace,
        version=version,
        images=dict(images),
        environment=dict(app.environment),
        env=_env_files.read_all(app.env_paths),
        digests=target.digests,
    )
    tree = folder if app.source == GIT else None
    objects = _render.render([folder / path for path in app.manifests], context, tree, target.places)
    target.learn([value for one in objects for value in _secrets.of_object(one)])
    return objects


def config(target: KubeTarget, folder: Path) -> dict[str, str]:
    """Digests of what a version is made from, which differ where another release would come of the same version."""
    app = target.app
    neutral = render(target, folder, "", references(app, {}))
    return {
        "env": target.digests.of(_env_files.read_all(app.env_paths)),
        "inputs": target.digests.of([neutral, {name: dict(build) for name, build in app.build.items()}]),
    }


def references(app: App, digests: Mapping[str, str]) -> dict[str, str]:
    """Each image of the release by its digest."""
    return {name: f"{repository}@{digests.get(name, UNKNOWN)}" for name, repository in app.images.items()}


def services(objects: Sequence[Object]) -> dict[str, str]:
    """Each workload that keeps running, and a digest of its manifest."""
    return {str(one["metadata"]["name"]): digest_of(one) for one in objects if keeps_running(one)}


def refuse_missing_workloads(target: KubeTarget, objects: Sequence[Object]) -> None:
    """Refuse a model that names workloads which the manifests do not have, or Services that nobody has."""
    hint = "Fix the inventory or app_manifests."
    have = {str(one["metadata"]["name"]) for one in objects if template_of(one) is not None}
    answering = {str(one["metadata"]["name"]) for one in objects if one["kind"] == "Service"}
    asked = {name for check in target.app.checks if check.get("kind") == "http" for name in of_check(check)}
    if asked - answering - have:  # it may be in front of the application, and somebody else's
        answering |= {one["metadata"]["name"] for one in target.cluster.list("v1", "Service", only_metadata=True)[0]}
    refuse_missing_services(target.app, have, "the workload", "the manifests", hint, answering)


def digest_of(value: Any) -> str:
    """A digest of plain data."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
