# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The images of a release: built from a commit or pulled by digest, then pinned by their ids.

What is pinned is the rendered configuration of the release: nothing in it needs a registry, a source or an env file
any more, so that going back to it is the same at any later time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...app import _checkout, _env_files, _secret_sources
from ...app._model import GIT
from ...core._errors import OpsError
from ...operations._specs import RELEASE_IMAGES
from ...operations._step import Step
from ...state._record import GOOD, Config, Image, Record, images_as_data
from ...text._secret_values import private
from ..engine import _cli
from ..engine._registries import is_public, registry_of
from ..files import _builds, _mounts, _rendered, _source
from ..target import _sealed
from ..target._contents import Contents
from ..target._data import Data
from ..target._target import ComposeTarget, keep_tag


def kept_images(
    records: Sequence[Record], record: Record, builds: Mapping[str, str], services: Sequence[str]
) -> dict[str, Image] | None:
    """The images that a good release built from the same commit in the same way, if there is one."""
    for other in reversed(records):
        if other.status == GOOD and other.source == record.source and other.version == record.version:
            images = {service: image for service, image in other.images.items() if service in services}
            if {service: image.build for service, image in images.items()} == {
                service: builds.get(service) for service in services
            }:
                return images
    return None


class _Images:
    def __init__(self, target: ComposeTarget, record: Record, auth: dict[str, str] | None) -> None:
        self.target = target
        self.app = target.app
        self.record = record
        self.auth = auth

    def build(self, compose: _cli.Compose, config: Mapping[str, Any], directory: Path) -> dict[str, Image]:
        """The release's images from the source, built unless a good release has built the same."""
        services = _builds.built(self.app, config)
        if not services:
            return {}
        wanted = {service: config["services"][service]["build"] for service in services}
        of = self.target.digests.of
        builds = {name: of(_cli.inputs(build, directory)) for name, build in wanted.items()}
        kept = kept_images(self.target.records(), self.record, builds, services)
        if kept and all(self.target.project.has_image(image.id) for image in kept.values()):
            return kept
        log = self.target.store.root / "releases" / self.record.id / "build.log"
        compose.run("build", *services, doing="Building the images", timeout=self.app.fetch_timeout, log=log,
                    clean=self.target.redactor.text)  # fmt: skip
        result: dict[str, Image] = {}
        for service in services:
            reference = _builds.reference_of(self.app, config, service)
            result[service] = replace(self._local(service, reference), build=builds[service])
        return result

    def pull(self) -> dict[str, Image]:
        """The release's images from the registry, by digest."""
        result: dict[str, Image] = {}
        for service, digest in self.record.source.digests.items():
            reference = f"{self.app.images[service]}@{digest}"
            image = self.target.project.image_id(reference) or self.target.project.pull(reference, self.auth)
            result[service] = Image(image, reference)
        return result

    def other(self, config: Mapping[str, Any], ours: Mapping[str, Image]) -> dict[str, Image]:
        """The images of the other services: one of ours by its name, or as they are here, pulled where they are
        missing."""
        # not by what the name means now: another version may have been built since
        built = {image.reference: Image(image.id, image.reference) for image in ours.values()}
        result: dict[str, Image] = {}
        for service in config["services"]:
            if service not in ours:
                reference = _builds.reference_of(self.app, config, service)
                result[service] = built.get(reference) or self._there(config, service, reference)
        return result

    def _there(self, config: Mapping[str, Any], service: str, reference: str) -> Image:
        project = self.target.project
        if project.image_id(reference) is None and _builds.may_pull(self.app, config, service):
            project.pull(reference, self._login_for(reference))
        return self._local(service, reference)

    def _login_for(self, reference: str) -> dict[str, str] | None:
        """The login only for the registries of the application's own images: it is none of the others' business.

        Where it has none, as its images are built, for each that is not the public one.
        """
        registry = registry_of(reference)
        ours = {registry_of(image) for image in self.app.images.values()}
        return self.auth if (registry in ours if ours else not is_public(registry)) else None

    def _local(self, service: str, reference: str) -> Image:
        found = self.target.project.image_id(reference)
        if found is None:
            raise OpsError(
                f"The image {reference} of service {service} is not on the engine after it was built or pulled.",
                reason="image_not_found",
                hint=f"Give {service} build: in the compose files, or an image: that names its registry.",
            )
        return Image(found, reference)


def run(target: ComposeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Get the images of a pending release and write its rendered configuration."""
    if check_mode:
        return {"changed": True, "msg": f"Would get the images of {', '.join(target.app.release_services)}."}
    auth = None
    if target.app.registry_username:
        auth = {"username": target.app.registry_username, "password": params["registry_password"]}
    with target.phase("images", params["token"]):
        target.digests.keep(target.store, params["token"])
        record = target.record(params["release"])
        work = _Images(target, record, auth)
        directory = _checkout.kept(target.app, target.files.root, record.source.commit)
        compose, config = _source.read(target.app, directory, record.version)
        data = Data(target.app, target.files.root, directory)
        config = data.settle(compose, config)
        contents = Contents(target.app, target.files.root, directory, target.digests)
        config = contents.made(config, compose.directory or directory, _known(target))
        secrets = [*_secrets(target, compose, config), *_secret_sources.in_secrets(contents.secrets)]
        secrets += _source.secrets_of_own_env(compose, directory, target.app.env_public_keys)
        target.learn(secrets)
        ours = work.build(compose, config, directory) if target.app.source == GIT else work.pull()
        images = {**ours, **work.other(config, ours)}
        sealed = {**_sealed.seal(secrets), **_sealed.seal_environment(config, _known(target)), **contents.as_data()}
        _pin(target, record, config, images, directory, sealed, params["token"])
        last = target.last_good()
        data.provide(target.work_tree(last), _mounted(target, last))
    return {"changed": True, "images": images_as_data(images), "release": record.id}


def _mounted(target: ComposeTarget, last: Record | None) -> Collection[str]:
    """The places that the release which runs has mounted, as far as it says so still."""
    config = target.store.read(f"releases/{last.id}/compose.json") if last else None
    return _mounts.named(config or {}, target.files.root)


def _known(target: ComposeTarget) -> dict[str, str]:
    """What variables have a value, and which one counts."""
    around = _cli.surroundings(target.app)
    return {**_env_files.read_all(target.app.env_paths, around), **around}


def _secrets(target: ComposeTarget, compose: _cli.Compose, config: Mapping[str, Any]) -> list[str]:
    """All secrets of a release that is made now."""
    variables = _env_files.read_all(target.app.env_paths, _cli.surroundings(target.app))
    public = target.app.env_public_keys
    named = _secret_sources.in_files(compose.model(), _known(target), public)
    return [*private(variables.items(), public), *_secret_sources.of_config(config, public), *named]


def _pin(target: ComposeTarget, record: Record, config: Mapping[str, Any], images: Mapping[str, Image],
         directory: Path, sealed: Mapping[str, Any], token: int) -> None:  # fmt: skip
    for image in images.values():
        target.project.tag(image.id, *keep_tag(target.app.name, image.id))
    variables = _env_files.read_all(target.app.env_paths, _cli.surroundings(target.app))
    rendered = _cli.pinned(config, {service: image.id for service, image in images.items()})
    rendered.update(sealed)
    target.store.write(f"releases/{record.id}/compose.json", rendered, token=token)
    hashes = target.compose_of(record.id).hashes()
    target.store.write(f"releases/{record.id}/compose.json", _rendered.labelled(rendered, hashes), token=token)
    digests = Config(
        env=target.digests.of(variables),
        inputs=target.digests.of(_cli.inputs(config, directory)),
        services=hashes,
        replicas=_cli.replicas(rendered),
    )
    target.save(replace(record, images=images, config=digests), token)


IMAGES = Step(spec=RELEASE_IMAGES, run=run)
