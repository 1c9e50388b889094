# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that a version needs and git does not have: those of variables and secrets that lie in ``app_directory``.

Whoever runs ``docker compose`` in a checkout has them beside the compose file, ignored by git. A work tree of ours gets
a link to each where it would be, so that Compose finds it, and never a copy.
"""

from __future__ import annotations

import os
from pathlib import Path

from . import _confined, _env_files
from ._model import App


def link(app: App, tree: Path, path: Path, *, is_env_file: bool) -> None:
    """Put a link where ``path`` is missing in a work tree and ``app_directory`` has a file; refuses an env file that
    others may write, or that cannot be read."""
    place = Path(os.path.normpath(path))
    if not app.directory or not place.is_relative_to(tree) or os.path.exists(place):
        return
    own = Path(app.directory, place.relative_to(tree))
    if not own.is_file():
        return
    if is_env_file:
        _env_files.read(str(own))
    folder = _confined.inside(tree, place.parent, "The folder of a file that git does not have")
    folder.mkdir(parents=True, exist_ok=True)
    if place.is_symlink():  # what it led to is somewhere else now
        place.unlink()
    place.symlink_to(own)
