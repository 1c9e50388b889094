# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a checkout names stays in it: a repository may not make us read what else the host has.

A checkout lies in a folder that nobody else may write, so what was checked is what is read afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..core._errors import Refused


def inside(tree: Path, path: str | Path, what: str, granted: Sequence[str] = ()) -> Path:
    """Where a path really is; refuses one that leads out of the tree: by a link, by ``..`` or as it is absolute.

    ``what`` names it for people. ``granted`` are the places elsewhere that the inventory names itself.
    """
    given = os.path.join(tree, os.path.expanduser(path))
    real = os.path.realpath(given)
    roots = [os.path.realpath(tree), *(os.path.realpath(one) for one in granted)]
    if not any(os.path.commonpath((real, root)) == root for root in roots):
        raise Refused(
            f"{what} points outside the checkout: {_shown(path, tree)} is {real}.",
            reason="path_outside_checkout",
            hint="Put it into the repository, or let the inventory name that place: app_directory or app_environment.",
            path=_shown(path, tree),
            target=real,
        )
    return Path(real)


def _shown(path: str | Path, tree: Path) -> str:
    """The path as the repository has it."""
    text = str(path)
    return text[len(str(tree)) + 1 :] if text.startswith(f"{tree}{os.sep}") else text
