# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One application on one compose host: its state is a folder there, its containers are the engine's."""

from __future__ import annotations

import contextlib
import functools
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from ...app import _env_files, _secret_sources
from ...app._model import App
from ...core import _command, _files
from ...core._errors import NotThere, OpsError
from ...core._log_reading import LogEnd, end_of_file
from ...databases._postgres import Database
from ...operations import _plan
from ...operations._target import Target
from ...running._containers import Container
from ...state._folder import Store
from ...state._record import Config, Image, Record
from ...state._schema import BadState
from ...text._document import readable
from ...text._redaction import Redactor
from ..engine import _actions, _cli, _strangers
from ..engine._project import Project
from ..files import _rendered
from . import _contents, _data, _found, _sealed

#: of the log of each container
LOG_BYTES = 512 * 1024


class ComposeTarget(Target):
    """A compose host."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.store = self.files = Store(app.state_dir)

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> ComposeTarget:
        return cls(App.from_dict(params["app"]))

    @functools.cached_property
    def project(self) -> Project:
        """The containers, through the engine."""
        return Project(self.app.name)

    @functools.cached_property
    def redactor(self) -> Redactor:
        """Blanks out the values of the env files and what else is secret, of today and of each kept release."""
        values: list[str | None] = [*self.learned, *_sealed.unseal(self.store, self.app.env_public_keys)]
        values += _secret_sources.of_headers([*self.app.checks, *self.app.metric_sources.values()])
        known = _cli.surroundings(self.app)
        for path in self.app.env_paths:
            with contextlib.suppress(OSError):
                values += _env_files.secrets_of(path, known, self.app.env_public_keys)
        return Redactor(values)

    @property
    def database(self) -> Database:
        return Database(self.app, DatabaseContainer(self.project, self.app.database_service))

    def drift(self, record: Record) -> list[str]:
        return self.drift_of(record, self.project.containers())

    def drift_of(self, record: Record, containers: Sequence[Container]) -> list[str]:
        """Where these containers are not what the release recorded."""
        parted = _rendered.parted(self._known_config(record.id), containers)
        return _plan.drift(record, containers, self.completed(record.id)) + parted

    def altered(self, record: Record) -> list[str]:
        containers = self.project.containers()
        return _plan.altered(record, containers) + _rendered.parted(self._known_config(record.id), containers)

    def completed(self, release: str | None) -> Collection[str]:
        return self.app.completed | _rendered.may_end(self._known_config(release))

    def wake(self) -> None:
        _actions.wake(self.project)

    def lacks(self, record: Record) -> list[str]:
        images = record.image_ids
        missing = {image: not self.project.has_image(image) for image in images.values()}
        gone = [f"the image of {service} ({image[:19]})" for service, image in images.items() if missing[image]]
        try:
            self.config_of(record.id)
        except OpsError:
            gone.append("the rendered configuration")
        for place, path in sorted(_contents.copies(self._known_config(record.id)).items()):
            if not self._has_copy(Path(place), Path(path)):
                gone.append(f"the copy of {path}")
        return gone

    def _has_copy(self, place: Path, origin: Path) -> bool:
        try:
            return _contents.is_there(place, origin, self.digests)
        except BadState:  # a key that is damaged keeps nobody from going back
            return place.exists()

    def tidy(self) -> None:
        _actions.remove_migration(self.project)

    def forget(self, record: Record, kept: Sequence[Record]) -> None:
        needed = {image for other in kept for image in other.image_ids.values()}
        for image in record.images.values():
            if image.id not in needed:
                kept_as = ":".join(keep_tag(self.app.name, image.id))
                # the name that somebody else gave is not ours to take
                reference = kept_as if record.is_found else image.reference
                _actions.forget_image(self.project, kept_as, reference, image.id)

    def collectors(self, params: Mapping[str, Any]) -> dict[str, Callable[[], str | Sequence[LogEnd]]]:
        project = self.project
        services = sorted({container.service for container in project.containers(include_oneoff=True)})
        since = params["since"]

        def log(service: str) -> list[LogEnd]:
            return project.log_ends(service, since=since, limit_bytes=LOG_BYTES)

        return {
            "containers.json": lambda: readable([_shown(c) for c in project.containers(include_oneoff=True)]),
            "usage.txt": lambda: _command.run(
                ["docker", "stats", "--no-stream", *[c.id for c in project.containers() if c.state == "running"]],
                doing="docker stats", timeout=10),
            "disk.json": lambda: readable(shutil.disk_usage(self.store.root)._asdict()),
            "build.log": lambda: self._build_log(params["release"]),
            **{f"{service}.log": functools.partial(log, service) for service in services},
        }  # fmt: skip

    def keep_evidence(self, name: str, files: Mapping[str, str], manifest: Mapping[str, Any], token: int) -> None:
        folder = self.store.path_of(f"evidence/{name}")
        try:
            self.store.create()
            for file, text in files.items():
                _files.write_text(folder / file, text)
            self.store.write(f"evidence/{name}/manifest.json", manifest, token=token)
        except OSError:
            # a disk that it has filled has room for the rest of the undo again
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _build_log(self, release: str) -> list[LogEnd]:
        if not release:  # the operation was about none
            raise FileNotFoundError
        return [end_of_file(self.store.path_of(f"releases/{release}/build.log"), LOG_BYTES)]

    def evidence_path(self, name: str) -> str:
        return str(self.store.path_of(f"evidence/{name}"))

    def remove_source(self, name: str, token: int) -> None:
        _data.refuse_removal(self.files.path_of(f"source/{name}"), self.files.root)
        super().remove_source(name, token)

    def spare_contents(self) -> list[str]:
        kept, unreadable = self.store.readable("releases", "compose.json")
        return [] if unreadable else _contents.spare(self.store.root, kept.values())

    def remove_contents(self, name: str, token: int) -> None:
        _contents.refuse_removal(self.store.root / _contents.FOLDER / name, self.digests)
        super().remove_contents(name, token)

    def found(self) -> list[str]:
        return sorted({_found.service_of(one) for one in self.strangers() if _found.is_alive(one)})

    def keep_found(self, release: str, token: int) -> tuple[dict[str, Image], Config]:
        alive = [one for one in self.strangers() if _found.is_alive(one)]
        newest = _found.newest(alive)
        images = {name: Image(str(seen["Image"]), str((seen.get("Config") or {}).get("Image", "")))
                  for name, seen in newest.items()}  # fmt: skip
        for image in images.values():
            self.project.tag(image.id, *keep_tag(self.app.name, image.id))
        config = _found.configuration(self.app.name, alive)
        self.store.write(f"releases/{release}/compose.json", config, token=token)
        hashes = {service: _found.hash_of(seen) for service, seen in newest.items()}
        return images, Config(self.digests.of({}), self.digests.of(config), hashes, _cli.replicas(config))

    # what compose alone has

    def strangers(self) -> list[dict[str, Any]]:
        """The containers of the project, as the engine inspects them, that no release started: where there is no record
        at all, the state is lost."""
        has_records = any(self.history())
        return _strangers.of_project(self.project, str(self.store.root) if has_records else None)

    def rendered(self, release: str) -> Path:
        """Where a release's rendered configuration is."""
        return self.store.path_of(f"releases/{release}/compose.json")

    def config_of(self, release: str) -> dict[str, Any]:
        """The rendered configuration of a release."""
        config = self.store.read(f"releases/{release}/compose.json")
        if config is None:
            raise OpsError(
                f"Release {release} has no configuration in {self.store.where}.",
                reason="release_incomplete",
                hint="Deploy it again.",
            )
        return config

    def _known_config(self, release: str | None) -> dict[str, Any]:
        """The same as far as it can be read: without it there is less to tell."""
        with contextlib.suppress(OpsError):
            if release:
                return self.config_of(release)
        return {"services": {}}

    def shared(self, release: str) -> dict[str, set[str]]:
        """The services of a release that are made with the ids of others' containers, with those others."""
        return _rendered.shared(self._known_config(release))

    def work_tree(self, record: Record | None) -> Path | None:
        """Where the files of a release are, where it has a work tree."""
        commit = record.source.commit if record else ""
        return self.files.path_of(f"source/{commit[:12]}") if commit else None

    def compose_of(self, release: str) -> _cli.Compose:
        """The compose project as a release recorded it."""
        return _cli.of_release(self.app, self.rendered(release), _sealed.environment_of(self.config_of(release)))


class DatabaseContainer:
    """The container of the database, in which its client programs run."""

    def __init__(self, project: Project, service: str) -> None:
        self._project = project
        self._service = service

    def _id(self) -> str | None:
        for container in self._project.containers():
            if container.service == self._service and container.state == "running":
                return container.id
        return None

    def is_running(self) -> bool:
        """Whether there is one now."""
        return self._id() is not None

    def run(
        self,
        argv: Sequence[str],
        *,
        doing: str,
        timeout: float,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
        may_repeat: bool = False,
    ) -> str:
        """Run a program; its password goes through the environment, by name, and is in no argument list."""
        del may_repeat  # there is no connection in between that could break off by itself
        container = self._id()
        if container is None:
            raise NotThere(f"No container of the database, the service {self._service}, is running.")
        docker = ["docker", "exec", "--interactive", "--env", "PGPASSWORD", container, *argv]
        password = self._project.environment_of(self._service).get("POSTGRES_PASSWORD", "")
        env = {"PGPASSWORD": password}
        return _command.run(docker, doing=doing, timeout=timeout, env=env, stdin=stdin, stdout=stdout)


def keep_tag(app_name: str, image: str) -> tuple[str, str]:
    """The tag that keeps an image from being pruned as long as a release needs it."""
    return f"doppelganger-ops/{app_name}", image.partition(":")[2][:12]


def _shown(container: Container) -> dict[str, Any]:
    """A container as evidence, without compose's digest of its variables, from which they could be guessed."""
    return {name: value for name, value in asdict(container).items() if name != "config_hash"}
