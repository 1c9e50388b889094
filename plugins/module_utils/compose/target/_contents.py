# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a release reads of files beside its images: ``configs``, ``secrets``, and what is mounted of ``app_directory``.

Compose compares where such a file is and not what is in it, and a folder of the host has what it has today. So a
release has a copy of its own, in the folder ``contents`` of the state, in a place that is named after what is in it:
the same content is in one place for all releases, another content in another one. A service that uses configs or
secrets has a digest of them as a label, so that compose makes it again where they change.

What containers may write to is data and stays where it is, but for a single file of text: nearly everybody mounts those
without ``:ro``. If one is written to all the same, all releases see it, and the copy is never taken away.
"""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
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

    def settle(self, config: Mapping[str, Any], base: Path, known: Mapping[str, str]) -> dict[str, Any]:
        """The configuration with each file in the place of its copy, and with what services use as labels; relative
        paths start from ``base``, variables have the values of ``known``."""
        result = copy.deepcopy(dict(config))
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
        places = {place: self._place(Path(plain(place))) for place in self._read(result, base)}
        return _mounts.moved(result, base, {place: str(found) for place, found in places.items() if found})

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

    def _read(self, config: Mapping[str, Any], base: Path) -> Iterator[str]:
        """The places of ``app_directory`` that are mounted and not there to be written into."""
        written, mounted = _mounts.written(config, base), set(_mounts.named(config, base))
        for place in sorted(mounted) if self._app.directory else ():
            # what one of them writes another one may read
            others = (mounted if place in written else written) - {place}
            path, is_shared = Path(plain(place)), any(_overlap(place, other) for other in others)
            is_read = place not in written or _fingerprints.is_short_text(path)
            if is_read and not is_shared and self._is_beside(path):
                yield place

    def _is_beside(self, path: Path) -> bool:
        """Whether a path is of ``app_directory``, and not of what we keep there ourselves."""
        is_theirs = path.is_relative_to(self._app.directory) and not _overlap(path, self._root)
        return is_theirs and not self._is_of_commit(path)

    def _place(self, path: Path) -> Path | None:
        """Where the copy of a file or a folder is; None, where it is too much or cannot be read."""
        path = Path(os.path.realpath(path))
        found = _fingerprints.of(path)
        if found is None:
            return None
        name = _files.safe_name(path.name)
        place = self._root / FOLDER / _name(self._digests, name, found) / name
        self.places[place] = path
        return place

    def refuse_loss(self, ran: Mapping[str, Any]) -> None:
        """Refuse to leave a copy that containers of the release ``ran`` have written to, where the file that it is a
        copy of is another one by now."""
        wanted = {origin: place for place, origin in self.places.items()}
        for name, was in copies(ran).items():
            place, now = Path(name), wanted.get(Path(was))
            if now not in (None, place) and place.exists() and not is_intact(place, self._digests):
                raise Refused(
                    f"{was} was changed, and containers have written to the copy of it that they mount: {place}.",
                    reason="path_in_use",
                    hint="Move what containers wrote and is needed from the copy, then take the copy away and re-run.",
                    paths=[was, name],
                )

    def provide(self) -> None:
        """Make the copies that are not there yet."""
        for place, path in sorted(self.places.items()):
            if os.path.lexists(place):
                continue
            beside = place.parent.with_name(f".{place.parent.name}.new")
            shutil.rmtree(beside, ignore_errors=True)  # what a killed run left behind
            try:
                _files.make_private(beside)
                _fingerprints.copy(path, beside / place.name)
                if not is_intact(beside / place.name, self._digests, place.parent.name):
                    raise OpsError(f"{path} was changed while it was copied.", reason="conflict", hint="Re-run.")
                os.rename(beside, place.parent)
            except OSError as error:
                raise OpsError(f"{path} could not be copied to {place}: {error}.", reason="system_error") from error

    def as_data(self) -> dict[str, Any]:
        """What joins a rendered configuration, where a single dollar would be a variable."""
        named = {str(place).replace("$", "$$"): str(path).replace("$", "$$") for place, path in self.places.items()}
        return {KEY: named} if named else {}


def copies(config: Mapping[str, Any]) -> dict[str, str]:
    """The copies that a rendered configuration mounts, and what each is a copy of."""
    named = config.get(KEY)
    return {plain(place): plain(path) for place, path in named.items()} if isinstance(named, Mapping) else {}


def is_intact(place: Path, digests: Digests, name: str = "") -> bool:
    """Whether a copy is there, and has in it what its place is named after."""
    found = _fingerprints.of(place)
    return found is not None and _name(digests, place.name, found) == (name or place.parent.name)


def spare(root: Path, configs: Iterable[Mapping[str, Any]]) -> list[str]:
    """The folders of copies that none of these configurations mounts."""
    needed = {Path(place).parent.name for config in configs for place in copies(config)}
    folder = root / FOLDER
    return sorted({one.name for one in folder.iterdir()} - needed) if folder.is_dir() else []


def refuse_removal(folder: Path, digests: Digests) -> None:
    """Refuse to take a copy away that containers have written to."""
    for place in folder.iterdir() if not folder.name.startswith(".") else ():
        if not is_intact(place, digests):
            raise OpsError(
                f"containers have written to {place}. Move what is needed, then remove {folder}.",
                reason="path_in_use",
                paths=[str(place)],
            )


def plain(text: str) -> str:
    """A path of a rendered configuration, where a dollar is written twice."""
    return text.replace("$$", "$")


def _name(digests: Digests, name: str, found: Any) -> str:
    return digests.of([name, found]).rpartition(":")[2][:24]


def _used(service: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The configs and secrets that a service uses."""
    named = ((kind, one) for kind in ("configs", "secrets") for one in service.get(kind) or [])
    return sorted((kind, str(one.get("source") if isinstance(one, Mapping) else one)) for kind, one in named)


def _overlap(one: str | Path, other: str | Path) -> bool:
    return Path(one).is_relative_to(other) or Path(other).is_relative_to(one)
