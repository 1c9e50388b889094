# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that a version needs and git does not have: those of variables and secrets that lie in ``app_directory``.

Whoever runs ``docker compose`` in a checkout has them beside the compose file, ignored by git. A work tree of ours gets
a link to each where it would be, so that Compose finds it, and never a copy.
"""

from __future__ import annotations

import os
from pathlib import Path

from . import _confined, _env_files, _worktree
from ._model import App

_FOLDER = "The folder of a file that git does not have"


def link(app: App, tree: Path, path: Path, *, is_env_file: bool) -> None:
    """Put a link where ``path`` is missing in a work tree and ``app_directory`` has a file; take one away that leads
    elsewhere, as ``app_directory`` was another one. Refuses an env file that others may write, or that cannot be read.
    """
    place = Path(os.path.normpath(path))
    if not place.is_relative_to(tree) or (os.path.lexists(place) and not place.is_symlink()):
        return
    own = Path(app.directory, place.relative_to(tree)) if app.directory else None
    if own and not own.is_file():
        own = None
    if place.is_symlink() and os.readlink(place) != str(own) and not _unlink(app, tree, place):
        return
    if own is None:
        return
    if is_env_file:
        _env_files.read(str(own))
    if not place.is_symlink():
        folder = _confined.inside(tree, place.parent, _FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        place.symlink_to(own)


def _unlink(app: App, tree: Path, place: Path) -> bool:
    """Take a link away that git does not know; whether it is gone."""
    folder = _confined.inside(tree, place.parent, _FOLDER)
    name = os.path.relpath(folder / place.name, os.path.realpath(tree))
    if name in _worktree.of(tree, Path(app.state_dir)).tracked():
        return False
    place.unlink()
    return True
