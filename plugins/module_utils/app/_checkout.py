# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the files of a version are: a checkout of its commit, or the folder that the model names."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ..core import _files
from . import _git
from ._model import GIT, App


@contextlib.contextmanager
def looked_at(app: App, root: Path, commit: str, version: str) -> Iterator[Path]:
    """The files of a version, for looking: nothing new is left below ``root``."""
    if app.source != GIT:
        yield Path(app.directory)
        return
    _files.refuse_unsafe(root, _files.STATE)
    if (root / "source" / commit[:12]).is_dir():
        yield kept(app, root, commit)  # whole, though a run may have been killed
        return
    with _git.temporary_checkout(app.repository, version, commit, app.fetch_timeout) as tree:
        yield tree


def kept(app: App, root: Path, commit: str) -> Path:
    """The files of a version, below ``root`` for as long as a release needs them."""
    if app.source != GIT:
        return Path(app.directory)
    _files.refuse_unsafe(root, _files.STATE)
    return _git.checkout(app.repository, commit, root / "source", app.fetch_timeout)
