# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What git knows of a work tree, and what else lies in it.

Containers may write into a work tree, its ``.git`` included. So git is asked in the folder that it keeps elsewhere,
where nobody but us writes, and never in the tree itself.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core import _command
from ..core._errors import Refused

#: a folder in git has one of these where it is there to be written into
PLACEHOLDERS = frozenset((".gitkeep", ".gitignore", ".keep"))
#: what is made again from what is there
_MADE_AGAIN = frozenset(("__pycache__", "node_modules"))
#: entries that are looked at; whoever fills a tree with more is not waited for
_MOST = 200_000
_TIMEOUT = 120


@dataclass(frozen=True)
class WorkTree:
    """A checkout, and the folder in which git keeps what it knows of it."""

    path: Path
    git_dir: Path

    def tracked(self) -> frozenset[str]:
        """The files that git knows, those of submodules included. OpsError where it cannot say."""
        found: set[str] = set()
        for prefix, git_dir in self._repositories():
            names = _git(git_dir, self.path / prefix, "ls-files", "-z").split("\0")
            found |= {os.path.join(prefix, name) for name in names if name}
            found.discard(prefix)
        return frozenset(found)

    def unknown(self) -> list[str]:
        """What git does not know: files that were added or changed."""
        tracked = self.tracked()
        folders = {part for name in tracked for part in _above(name)}
        roots = {prefix for prefix, _ in self._repositories()}
        found = self._changed()
        for count, (name, entry) in enumerate(_walk(self.path, folders)):
            if count > _MOST:
                return [*found, "more files than are counted"]
            if name not in tracked and not _is_of_no_account(name, entry, roots, self.path):
                found.append(f"{name}/" if entry.is_dir(follow_symlinks=False) else name)
        return found

    def _changed(self) -> list[str]:
        """Files that git knows with another content. A file that is gone is nothing that could be lost."""
        found: list[str] = []
        for prefix, git_dir in self._repositories():
            asked = ("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=all")
            for entry in _git(git_dir, self.path / prefix, *asked).split("\0"):
                if entry and "D" not in entry[:2]:
                    found.append(os.path.join(prefix, entry[3:]))
        return found

    def _repositories(self) -> Iterator[tuple[str, Path]]:
        """The repository itself and its submodules: where each begins, and its folder."""
        yield "", self.git_dir
        for head in sorted(self.git_dir.glob("modules/**/HEAD")):
            if not (head.parent / "config").is_file():  # a log of the same name
                continue
            named = _git(head.parent, None, "config", "core.worktree").strip()
            place = os.path.relpath(os.path.realpath(head.parent / named), os.path.realpath(self.path))
            if not place.startswith(".."):
                yield place, head.parent


def kept(tree: Path) -> WorkTree:
    """A work tree of the mirror beside it; refuses one that the mirror does not know."""
    for admin in sorted((tree.parent / "mirror.git" / "worktrees").glob("*/gitdir")):
        # by its name: the folder that all of them lie in may have been moved
        if Path(admin.read_text(encoding="utf-8").strip()).parent.name == tree.name:
            return WorkTree(tree, admin.parent)
    raise Refused(
        f"The mirror in {tree.parent} does not know the work tree {tree.name}, so nobody can tell what lies in it.",
        hint=f"Check {tree} for files that are needed, then move it away.",
        tree=str(tree),
    )


def of(tree: Path, root: Path) -> WorkTree:
    """The one that a version has: kept in the state folder ``root``, or made for looking."""
    return kept(tree) if tree.parent == root / "source" else cloned(tree)


def cloned(tree: Path) -> WorkTree:
    """A work tree with a repository of its own, into which nobody else writes."""
    return WorkTree(tree, tree / ".git")


def is_tracked(path: str, tracked: Collection[str]) -> bool:
    """Whether a path belongs to what git knows: a file, a folder with more than placeholders, or what a link of git's
    leads to."""
    if path in tracked or any(part in tracked for part in _above(path)):
        return True
    below = (name for name in tracked if path in ("", ".") or name.startswith(f"{path}/"))
    return any(os.path.basename(name) not in PLACEHOLDERS for name in below)


def _git(git_dir: Path, tree: Path | None, *arguments: str) -> str:
    # what is recorded of the rights of files is one bit of them, which a chown of a whole folder may change
    safe = ("-c", "core.fileMode=false", "-c", "core.fsmonitor=false", "--no-optional-locks")
    where = [f"--git-dir={git_dir}", *([f"--work-tree={tree}"] if tree else [])]
    return _command.run(["git", *safe, *where, *arguments], doing="Asking git what it knows", timeout=_TIMEOUT)


def _walk(tree: Path, folders: Collection[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Each file by its path, and each folder of which git knows nothing; those that it knows are gone into, as far as
    they can be read."""
    due = [("", _entries(tree))]
    while due:
        above, entries = due.pop()
        for entry in entries:
            # as what git says is read, where a name is no text
            name = os.path.join(above, os.fsencode(entry.name).decode("utf-8", "replace"))
            if entry.is_dir(follow_symlinks=False) and name in folders:
                try:
                    due.append((name, _entries(entry.path)))
                    continue
                except OSError:  # a container made it its own: nobody can say what is in there
                    pass
            yield name, entry


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(itertools.islice(entries, _MOST + 2), key=lambda entry: entry.name)


def _is_of_no_account(name: str, entry: os.DirEntry[str], roots: Collection[str], tree: Path) -> bool:
    """Whether nothing is lost where an entry is: it is git's own, made again, empty, or a link that leads out."""
    folder, last = os.path.split(name)
    if last in _MADE_AGAIN or (last == ".git" and folder in roots):
        return True
    if entry.is_symlink():
        return _leads_out(entry, tree)
    return entry.is_dir(follow_symlinks=False) and is_empty(entry.path, tree=tree)


def _leads_out(entry: os.DirEntry[str], tree: Path) -> bool:
    """Whether an entry is a link to a place of the host, as ours are: there is no data in it."""
    target = os.readlink(entry.path) if entry.is_symlink() else ""
    return os.path.isabs(target) and not Path(os.path.normpath(target)).is_relative_to(tree)


def is_empty(folder: str | Path, ignoring: Collection[str] = (), tree: Path | None = None) -> bool:
    """Whether there is no file in a folder nor in those below, as in one that is there to be mounted; ``ignoring``
    files of these names, and links that lead out of the work tree that it is in."""
    due: list[str] = [str(folder)]
    for _ in range(_MOST):
        if not due:
            return True
        try:
            with os.scandir(due.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        due.append(entry.path)
                    elif entry.name not in ignoring and not (tree and _leads_out(entry, tree)):
                        return False
        except OSError:  # whoever may not look cannot say
            return False
    return False


def _above(path: str) -> Iterator[str]:
    """The folders that a path lies in."""
    parts = path.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count])


def some(names: Sequence[str], most: int = 4) -> str:
    """The first of some names, for people."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
