# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a release reads of files beside its images: ``configs``, ``secrets``, and what is mounted of ``app_directory``.

Compose compares where such a file is and not what is in it, and a folder of the host has what it has today. So a
release has a copy of its own, in the folder ``contents`` of the state, in a place that is named after what is in it:
the same content is in one place for all releases, another content in another one. A service that uses configs or
secrets has a digest of them as a label, so that compose makes it again where they change.

What containers may write to is data and stays where it is: nobody can tell a configuration that was mounted without
``:ro`` from what a container keeps there, and a rollback must not bring back what was there before. Releases of before
had copies of files of text that containers could write to; what is in those is never left behind nor taken away.
"""

from __future__ import annotations

import copy
import os
import shlex
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...app._model import GIT, App
from ...core import _files
from ...core._digests import Digests
from ...core._errors import OpsError, Refused
from ..files import _mounts, _rendered
from . import _fingerprints

FOLDER = "contents"
#: what each service uses of configs and secrets, as a digest that says nothing of them
LABEL = "doppelganger.ops.contents"
#: in a rendered configuration: the copies that a release mounts, and what each is a copy of
KEY = "x-contents"
#: the copy stays: it is what is mounted should the release be returned to
_BRING = (
    "Stop the service that writes. Bring what is needed from the copy into {origin}, then run: cp {origin} {copy} "
    "and re-run."
)


class Contents:
    """What one version reads."""

    def __init__(self, app: App, root: Path, tree: Path, digests: Digests) -> None:
        self._app, self._root, self._digests = app, root, digests
        #: what lies in there is of one commit and stays as it is
        self._tree = tree if app.source == GIT else None
        #: the copies, and what each is a copy of
        self.places: dict[Path, Path] = {}
        #: the files of secrets
        self.secrets: list[Path] = []
        #: what this version mounts of the host, and what of it somebody may write to
        self._mounted: set[Path] = set()
        self._written: set[Path] = set()
        #: what changed while it was copied: it is in use, and stays where it is
        self._restless: set[Path] = set()

    def settle(self, config: Mapping[str, Any], base: Path, known: Mapping[str, str]) -> dict[str, Any]:
        """The configuration with each file in the place of its copy, and with what services use as labels; relative
        paths start from ``base``, variables have the values of ``known``."""
        result = copy.deepcopy(dict(config))
        self.places, self.secrets = {}, []
        self._mounted, self._written = (
            {_real(place) for place in find(result, base)} for find in (_mounts.named, _mounts.written)
        )
        services = result["services"].values()
        used = sorted({key for service in services for key in _used(service)})
        stamps = {key: self._stamp(*key, result, known) for key in used}
        for service in services:
            mine = [[*key, stamps[key]] for key in _used(service) if stamps[key]]
            if mine:
                service["labels"] = {**(service.get("labels") or {}), LABEL: self._digests.of(mine)}
            for number, file in _rendered.profiles(service):
                kept = self._kept(self._origin(Path(plain(file)), "seccomp in security_opt"))
                service["security_opt"][number] = f"seccomp={kept}"
        beside = {place for place in _mounts.named(result, base) if self._is_beside(Path(plain(place)))}
        places = {place: self._place(Path(plain(place))) for place in sorted(beside)}
        return _mounts.moved(result, base, {place: str(found) for place, found in places.items() if found})

    def made(self, config: Mapping[str, Any], base: Path, known: Mapping[str, str]) -> dict[str, Any]:
        """The same, with the copies there."""
        while True:
            result = self.settle(config, base, known)
            if self.provide():
                return result

    def _stamp(self, kind: str, name: str, config: Mapping[str, Any], known: Mapping[str, str]) -> str:
        """What is in a config or a secret, as a digest; one with a file gets the place of its copy. Empty where nobody
        can say."""
        one = (config.get(kind) or {}).get(name) or {}
        if not isinstance(one.get("file"), str):
            given = one["content"] if one.get("content") else known.get(one.get("environment") or "")
            return "" if given is None else self._digests.of(given)
        path = self._origin(Path(plain(one["file"])), f"{name} in {kind}")
        if kind == "secrets":
            self.secrets.append(path)
        one["file"] = self._kept(path)
        # a work tree has what rights it may
        found = _fingerprints.of(path, with_rights=not self._is_of_commit(path))
        return self._digests.of(found) if found else ""

    def _kept(self, path: Path) -> str:
        """Where a release has a file: in the work tree of its commit, as a copy, or where it is: that is too much."""
        place = path if self._is_of_commit(path) else self._place(path) or path
        return str(place).replace("$", "$$")

    def _is_of_commit(self, path: Path) -> bool:
        return self._tree is not None and path.is_relative_to(self._tree)

    def _origin(self, path: Path, what: str) -> Path:
        """The file itself, or the one that people have put into ``app_directory`` as it is in no repository."""
        if self._is_of_commit(path) and self._app.directory:
            beside = Path(self._app.directory, os.path.relpath(path, self._tree))
            is_link = path.is_symlink() and os.readlink(path) == str(beside)  # which Compose was given to read it
            path = beside if os.path.lexists(beside) and (is_link or not os.path.lexists(path)) else path
        try:
            path.lstat()
        except FileNotFoundError:
            raise Refused(
                f"The file of {what} was not found: {path}.",
                reason="compose_files_invalid",
                hint="Put it there, or fix the path in the compose files.",
            ) from None
        except OSError:  # nobody but the engine may look
            pass
        return path

    def _is_beside(self, path: Path) -> bool:
        """Whether a path is of ``app_directory``, and not of what we keep there ourselves."""
        is_theirs = bool(self._app.directory) and path.is_relative_to(self._app.directory)
        return is_theirs and not _overlap(path, self._root) and not self._is_of_commit(path)

    def _place(self, path: Path) -> Path | None:
        """Where the copy of a file or a folder is; None, where it is data, is in use, is too much or cannot be read."""
        path = Path(os.path.realpath(path))
        # what one of the containers writes another one may read
        is_data = any(_overlap(path, other) for other in self._written)
        if is_data or path in self._restless:
            return None
        content, with_rights = _fingerprints.of(path, with_rights=False), _fingerprints.of(path)
        if content is None or with_rights is None or not _fingerprints.may_read(path):
            return None
        name = _files.safe_name(path.name)
        # what is in it counts alone when somebody looks whether it was written to
        folder = f"{_digest(self._digests, name, content)}-{_digest(self._digests, name, with_rights)[:8]}"
        place = self._root / FOLDER / folder / name
        self.places[place] = path
        return place

    def refuse_loss(self, ran: Mapping[str, Any]) -> None:
        """Refuse to leave a copy that containers of the release ``ran`` have written to, where the file that it is a
        copy of has not the same in it."""
        wanted = {origin: place for place, origin in self.places.items()}
        mounted = {*self._mounted, *wanted}
        for name, was in copies(ran).items():
            place, path = Path(name), Path(was)
            is_left = path in mounted and wanted.get(path) != place and os.path.lexists(place)
            if is_left and not is_intact(place, self._digests) and not _fingerprints.is_same(place, path):
                raise Refused(
                    f"Containers have written to {name}, the copy of {was} that they mount, and {was} has not the same "
                    "in it.",
                    reason="path_in_use",
                    hint=_BRING.format(copy=shlex.quote(name), origin=shlex.quote(was)),
                    paths=[was, name],
                )

    def provide(self) -> bool:
        """Make the copies that are not there yet. False where something changed meanwhile: settle it again."""
        there = {place for place, path in self.places.items() if is_there(place, path, self._digests)}
        due = [(place, path) for place, path in sorted(self.places.items()) if place not in there]
        changed = {path for place, path in due if not self._copied(path, place)}
        self._restless |= changed
        return not changed

    def _copied(self, path: Path, place: Path) -> bool:
        """Make one; False where it is another one by now."""
        beside = place.parent.with_name(f".{place.parent.name}.new")
        shutil.rmtree(beside, ignore_errors=True)  # what a killed run left behind
        try:
            _files.make_private(beside)
            _fingerprints.copy(path, beside / place.name)
            if is_whole := _is_of(place, beside / place.name, self._digests):
                if place.is_dir():  # the engine's
                    place.rmdir()
                os.rename(beside, place.parent)
            return is_whole
        except OSError as error:
            if not _is_of(place, path, self._digests):
                return False
            raise OpsError(f"{path} could not be copied to {place}: {error}.", reason="system_error") from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def as_data(self) -> dict[str, Any]:
        """What joins a rendered configuration, where a single dollar would be a variable."""
        named = {str(place).replace("$", "$$"): str(path).replace("$", "$$") for place, path in self.places.items()}
        return {KEY: named} if named else {}


def copies(config: Mapping[str, Any]) -> dict[str, str]:
    """The copies that a rendered configuration mounts, and what each is a copy of."""
    named = config.get(KEY)
    return {plain(place): plain(path) for place, path in named.items()} if isinstance(named, Mapping) else {}


def is_intact(place: Path, digests: Digests) -> bool:
    """Whether a copy is there, and has in it what its place is named after."""
    return _is_of(place, place, digests)


def is_there(place: Path, origin: Path, digests: Digests) -> bool:
    """Whether a copy is there, as it was made or with what containers wrote into it. Where nothing is, the engine makes
    an empty folder."""
    if is_intact(place, digests):
        return True
    return (
        os.path.lexists(place) and not _is_hollow(place) and (not origin.exists() or place.is_dir() == origin.is_dir())
    )


def _is_hollow(place: Path) -> bool:
    return place.is_dir() and not any(place.iterdir())


def _is_of(place: Path, path: Path, digests: Digests) -> bool:
    """Whether what is at a path is what a place is named after: its content, in an earlier version with its rights."""
    named, _, rights = place.parent.name.partition("-")
    found = _fingerprints.of(path, with_rights=not rights)
    return found is not None and _digest(digests, place.name, found) == named


def spare(root: Path, configs: Iterable[Mapping[str, Any]]) -> list[str]:
    """The folders of copies that none of these configurations mounts."""
    needed = {Path(place).parent.name for config in configs for place in copies(config)}
    folder = root / FOLDER
    return sorted({one.name for one in folder.iterdir()} - needed) if folder.is_dir() else []


def refuse_removal(folder: Path, digests: Digests) -> None:
    """Refuse to take a copy away that containers have written to."""
    for place in folder.iterdir() if not folder.name.startswith(".") else ():
        if not is_intact(place, digests) and not _is_hollow(place):
            raise OpsError(
                f"containers have written to {place}. Move what is needed, then remove {folder}.",
                reason="path_in_use",
                paths=[str(place)],
            )


def plain(text: str) -> str:
    """A path of a rendered configuration, where a dollar is written twice."""
    return text.replace("$$", "$")


def _real(place: str) -> Path:
    return Path(os.path.realpath(plain(place)))


def _digest(digests: Digests, name: str, found: Any) -> str:
    return digests.of([name, found]).rpartition(":")[2][:24]


def _used(service: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The configs and secrets that a service uses."""
    named = ((kind, one) for kind in ("configs", "secrets") for one in service.get(kind) or [])
    return sorted((kind, str(one.get("source") if isinstance(one, Mapping) else one)) for kind, one in named)


def _overlap(one: str | Path, other: str | Path) -> bool:
    return Path(one).is_relative_to(other) or Path(other).is_relative_to(one)
