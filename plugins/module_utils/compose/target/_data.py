# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What containers write beside the compose files of a git source: a place that outlives commits, and nothing lost.

Each commit has a work tree of its own, while whoever runs ``docker compose`` in a checkout has ``./data`` beside it for
ever. So a mount of what git does not know is of a folder ``data`` in the state folder, the same for all releases; what
git knows comes with each commit. A work tree with files of neither kind is never taken away.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ...app import _confined, _worktree
from ...app._model import GIT, App
from ...core import _files
from ...core._errors import OpsError, Refused
from ..engine._cli import Compose
from ..files import _mounts

DATA = "data"
#: what is said of a work tree with files that nobody else has
_KEEP = (
    "Mount what is written by itself, or mount the folder read-only. Move what is needed to {data}, remove the rest, "
    "then re-run."
)


class Data:
    """The mounts of one version that are not of its commit."""

    def __init__(self, app: App, root: Path, tree: Path) -> None:
        self._app, self._root = app, root
        self.tree = tree
        #: paths in the checkout, and the places that are mounted for them
        self.places: dict[str, Path] = {}

    def settle(self, compose: Compose, config: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration with each mount of what git does not know in its own place."""
        if self._app.source != GIT:
            return dict(config)
        base = compose.directory or self.tree
        within = {place: who for place, who in _mounts.named(config, base).items() if self._is_of_tree(place, who)}
        if not within:
            return dict(config)
        tracked = _worktree.of(self.tree, self._root).tracked()
        moved: dict[str, str] = {}
        for place, who in within.items():
            path = os.path.relpath(place, self.tree)
            if _worktree.is_tracked(path, tracked):
                self._refuse_taken(path, who)
            else:
                self.places[path] = self._place(path)
                moved[place] = str(self.places[path])
        return _mounts.moved(config, base, moved)

    def _is_of_tree(self, place: str, who: str) -> bool:
        """Whether a mount is of the checkout; refuses one of what lies around it, which is ours."""
        around = self.tree.parent.parent  # the state folder, or the one that a checkout for looking lies in
        if Path(place).is_relative_to(self.tree):
            return True
        if Path(place).is_relative_to(self._root / DATA):
            return False
        for ours in (around, self._root):
            if Path(place).is_relative_to(ours):
                raise Refused(
                    f"A mount of {who} leads out of the checkout: {os.path.relpath(place, self.tree)}.",
                    hint="Name a folder in the repository, or a whole path on the host outside of the state folder.",
                    path=os.path.relpath(place, self.tree),
                )
        return False

    def _place(self, path: str) -> Path:
        """Where people have put it already, or with the state."""
        ours = self._root / DATA / path
        if not self._app.directory or not os.path.lexists(beside := Path(self._app.directory, path)):
            return ours
        if _has_content(ours) and os.path.realpath(ours) != os.path.realpath(beside):
            raise Refused(
                f"The data for {path} is in two places: {ours} and {beside}.",
                reason="path_in_use",
                hint="Keep the one that is needed and move the other one away, then re-run.",
                paths=[str(ours), str(beside)],
            )
        return beside

    def _refuse_taken(self, path: str, who: str) -> None:
        """What containers wrote would be out of sight where the same path is in the repository now."""
        place = self._root / DATA / path
        if _has_content(place):
            raise Refused(
                f"{path}, which {who} mounts, is in the repository now, and containers have written to {place}.",
                hint=f"Move what is needed out of {place}, or take {path} out of the repository.",
                path=path,
                place=str(place),
            )

    def refuse_loss(self, ran: Path) -> None:
        """Refuse to leave a work tree whose containers wrote where the next commit would not have it."""
        if not ran.is_dir():
            return
        carried = [path for path, place in self.places.items() if self._is_ours(place) and _is_free(place)]
        found = [name for name in _worktree.kept(ran).unknown() if not _is_within(name, carried)]
        if ran.name == self.tree.name:  # which stays: what is mounted from elsewhere now would be out of sight
            found = [name for name in found if _is_within(name, self.places)]
        if found:
            raise Refused(
                f"Files in {ran} are not in git and would be missing in this version: {_worktree.some(found)}.",
                hint=_KEEP.format(data=self._root / DATA),
                tree=str(ran),
                paths=found[:100],
            )

    def _is_ours(self, place: Path) -> bool:
        return place.is_relative_to(self._root)

    def provide(self, ran: Path | None, mounted: Collection[str] = ()) -> None:
        """Make the places, with what the release that runs has written into its own work tree; it has ``mounted``
        these places."""
        for path, place in sorted(self.places.items()):
            if ran is not None and self._is_ours(place):
                _carry(ran, path, place, is_mounted=str(place) in mounted)
            if self._is_ours(place) and not os.path.lexists(place):
                _files.make_private(place.parent)
                place.mkdir()
            if place.is_dir() and not any(str(above) in self.places for above in Path(path).parents):
                self._make_point(path)

    def _make_point(self, path: str) -> None:
        """Where a place is mounted within a folder of the checkout, there has to be one."""
        point = _confined.inside(self.tree, os.path.dirname(path) or ".", "A mount") / os.path.basename(path)
        if not os.path.lexists(point):
            point.mkdir(parents=True)


def _is_within(name: str, paths: Collection[str]) -> bool:
    """Whether something unknown lies in one of these, or is a folder that one lies in: it is named as a whole."""
    name = name.rstrip("/")
    return any(name == path or name.startswith(f"{path}/") or path.startswith(f"{name}/") for path in paths)


def _carry(ran: Path, path: str, place: Path, *, is_mounted: bool) -> None:
    """Move what is in a work tree to its place. Containers that have it mounted have it still; releases that name it
    there find a link."""
    old = ran / path
    folder = os.path.realpath(old.parent)
    is_within = os.path.commonpath((folder, os.path.realpath(ran))) == os.path.realpath(ran)
    if old.is_symlink() or not is_within or not _has_content(old) or not _is_free(place):
        return
    _files.make_private(place.parent)
    try:
        if is_mounted and place.is_dir():  # by containers that go on with this very folder
            for entry in [*os.scandir(old)]:
                os.rename(entry.path, place / entry.name)
            old.rmdir()
        else:
            os.rename(old, place)  # over an empty folder, in one step
    except OSError as error:
        whence, whither = shlex.quote(str(old)), shlex.quote(str(place))
        raise OpsError(
            f"{old} could not be moved to {place}, where it outlives this release: {error.strerror}.",
            reason="system_error",
            hint=f"Stop what uses it, then run as root: mv -T {whence} {whither} && ln -s {whither} {whence}",
        ) from error
    old.symlink_to(place)


def _is_free(place: Path) -> bool:
    """Whether something can be moved there as a whole."""
    if not os.path.lexists(place):
        return True
    try:
        return not place.is_symlink() and not os.listdir(place)
    except OSError:  # a file, or whoever may not look cannot say
        return False


def _has_content(place: Path) -> bool:
    """Whether there is something that could be lost: more than folders and what keeps them in git."""
    return os.path.lexists(place) and not (
        place.is_dir() and _worktree.is_empty(place, ignoring=_worktree.PLACEHOLDERS)
    )


def refuse_removal(tree: Path, root: Path) -> None:
    """Refuse to take a work tree away that has files which git does not know."""
    found = [] if _worktree.is_empty(tree) else _worktree.kept(tree).unknown()
    if found:
        raise OpsError(
            f"it has files that are not in git ({_worktree.some(found)}). Move what is needed to {root / DATA}, then "
            f"remove {tree}.",
            reason="path_in_use",
            paths=found[:100],
        )


def link_again(root: Path, config: Mapping[str, Any]) -> None:
    """Where a release mounts something of its work tree that was moved since, and the move was cut off: a link."""
    for place in _mounts.named(config, root):
        parts = Path(place).relative_to(root).parts if Path(place).is_relative_to(root / "source") else ()
        if len(parts) > 2 and not os.path.lexists(place) and (moved := root.joinpath(DATA, *parts[2:])).exists():
            with contextlib.suppress(OSError):
                Path(place).symlink_to(moved)
