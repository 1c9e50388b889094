# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in a file or a folder of the host, as plain data to make a digest of; and a copy of it."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from ...core import _files

#: more than that is no configuration: in bytes of all files, and entries of a folder
_MOST_BYTES, _MOST_ENTRIES = 16 << 20, 1000


class _TooMuch(Exception):
    """More than is copied, or something that is no file."""


def of(path: Path, *, with_rights: bool = True) -> list[list[str]] | None:
    """Each file below a path, or the path itself, with what is in it and who may read it. None where that is more than
    a configuration has, or something else than files, or where it cannot be read."""
    path, left = Path(os.path.realpath(path)), _MOST_BYTES
    found: list[list[str]] = []
    try:
        for name, status in _entries(path):
            entry = [name, *(_rights(status) if with_rights else ())]
            if stat.S_ISREG(status.st_mode):
                content = _files.beginning(path / name, left + 1)
                left -= len(content)
                entry.append(hashlib.sha256(content).hexdigest())
            elif stat.S_ISLNK(status.st_mode):
                entry.append(os.readlink(path / name))
            elif not stat.S_ISDIR(status.st_mode):
                raise _TooMuch
            found.append(entry)
            if left < 0 or len(found) > _MOST_ENTRIES:
                raise _TooMuch
    except (OSError, _TooMuch):
        return None
    return found


def is_same(one: Path, other: Path) -> bool:
    """Whether two have the same in them, whoever may read it."""
    found = of(one, with_rights=False)
    return found is not None and found == of(other, with_rights=False)


def may_read(path: Path) -> bool:
    """Whether who reads something may read a copy of it too: whoever is not root owns each copy himself, with his own
    group."""
    mine = (os.geteuid(), os.getegid())
    try:
        return mine[0] == 0 or all(
            (status.st_uid, status.st_gid) == mine or stat.S_ISLNK(status.st_mode) or _is_for_everybody(status.st_mode)
            for _, status in _entries(path)
        )
    except OSError:  # it is gone by now
        return False


def _is_for_everybody(mode: int) -> bool:
    needed = stat.S_IROTH | stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
    return mode & needed == needed


def copy(path: Path, place: Path) -> None:
    """A copy with the same owners and rights, as far as this user may give them."""
    if path.is_dir():
        shutil.copytree(path, place, symlinks=True)
    else:
        shutil.copy2(path, place)
    for name, status in _entries(path):
        if os.geteuid() == 0:
            os.chown(place / name, status.st_uid, status.st_gid, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            os.chmod(place / name, stat.S_IMODE(status.st_mode))


def _entries(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """The path itself, without a name, and all that is below it, in one order; links are not followed."""
    yield "", os.lstat(path)
    due = [""] if path.is_dir() else []
    while due:
        above = due.pop()
        with os.scandir(path / above) as entries:  # of a folder with more than is copied some are enough
            some = list(itertools.islice(entries, _MOST_ENTRIES + 1))
        for entry in sorted(some, key=lambda one: one.name):
            name = os.path.join(above, entry.name)
            yield name, entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                due.append(name)


def _rights(status: os.stat_result) -> tuple[str, ...]:
    # whoever is not root owns each copy himself
    owner = (str(status.st_uid), str(status.st_gid)) if os.geteuid() == 0 else ()
    return (f"{stat.S_IMODE(status.st_mode):o}", *owner)
