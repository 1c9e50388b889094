# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a version comes from: a commit of a git repository, checked out on the target beside the others."""

from __future__ import annotations

import contextlib
import difflib
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..core._errors import OpsError, Refused
from ..core._files import make_private
from ..text._redaction import Redactor
from . import _submodules
from ._git_command import git

COMMIT = re.compile(r"[0-9a-f]{40}")
#: a password, or what the large hosts' tokens begin with; other users in a URL are none of a secret
_SECRET_USER = re.compile(r"[a-z+]+://(?:[^/@:]*:[^/@]*|(?:gh[a-z]|github_pat|glpat|ATBB|ATCTT)[-_A-Za-z0-9]{16,})@")


def parse_refs(listing: str) -> dict[str, str]:
    """``git ls-remote`` as version → commit; an annotated tag means the commit that it points to."""
    found: dict[str, str] = {}
    for line in listing.splitlines():
        commit, _, ref = line.partition("\t")
        for prefix in ("refs/heads/", "refs/tags/"):
            if ref.startswith(prefix):
                found[ref[len(prefix) :]] = commit
    return {**found, **{name[:-3]: commit for name, commit in found.items() if name.endswith("^{}")}}


def resolve(repository: str, version: str, timeout: float) -> str:
    """The commit of a tag, a branch or a whole commit id; refuses an unknown one, naming those that are alike."""
    if _SECRET_USER.match(repository):
        raise Refused(
            "app_repository contains a password or a token.",
            hint="Use an ssh key or a git credential helper of the target's user, and a URL without it.",
        )
    try:
        listing = git(
            "ls-remote", "--heads", "--tags", "--", repository, doing=f"Reaching {repository}", timeout=timeout
        )
    except OpsError as error:
        raise Refused(
            f"Cannot reach the source repository. {error.message}",
            reason="repository_unreachable",
            hint="Check app_repository, and that the target's user can read it.",
        ) from error
    refs = parse_refs(listing)
    if version in refs:
        return refs[version]
    if COMMIT.fullmatch(version):
        return version
    names = [name for name in refs if not name.endswith("^{}")]
    similar = difflib.get_close_matches(version, names, n=4, cutoff=0.4) or sorted(names)[-4:]
    raise Refused(
        f"Version {version!r} was not found: it is neither a tag, a branch nor a full commit id of {repository}.",
        reason="version_not_found",
        hint=f"Did you mean one of: {', '.join(similar)}?" if similar else "The repository has none yet.",
    )


def checkout(repository: str, commit: str, folder: Path, timeout: float) -> Path:
    """A work tree of ``commit`` below ``folder``, made once and kept for as long as a release needs it."""
    tree = folder / commit[:12]
    # beside the tree: containers may write into that, its configuration of git too, so git runs in none that is whole
    whole = folder / f".{tree.name}.whole"
    if (tree / ".git").exists():
        if not whole.exists():  # a run was killed, or an earlier version made it
            _submodules.check_out(tree, repository, timeout)
            whole.touch(0o600)
        return tree
    whole.unlink(missing_ok=True)
    mirror = folder / "mirror.git"
    at = ("--git-dir", str(mirror))
    _fetch(mirror, repository, commit, timeout)
    # whole or not at all: what a killed checkout left behind is never taken for a work tree
    unfinished = folder / f".{tree.name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    git(*at, "worktree", "prune", doing="Tidying the mirror", timeout=timeout)
    add = ("worktree", "add", "--quiet", "--force", "--detach", str(unfinished), commit)
    git(*at, *add, doing=f"Checking {commit[:12]} out", timeout=timeout)
    git(*at, "worktree", "move", str(unfinished), str(tree), doing=f"Keeping {commit[:12]}", timeout=timeout)
    # after the move, as a work tree with submodules cannot be moved
    try:
        _submodules.check_out(tree, repository, timeout)
    except OpsError:
        shutil.rmtree(tree)
        raise
    whole.touch(0o600)
    return tree


def _fetch(mirror: Path, repository: str, commit: str, timeout: float) -> None:
    """Bring the mirror up to date, and the commit into it."""
    if not (mirror / "HEAD").exists():
        make_private(mirror.parent)
        git("init", "--quiet", "--bare", "--", str(mirror), doing="Making the mirror", timeout=timeout)
    # the lease keeps others away, so a lock in here is what a killed run left
    for stale in mirror.rglob("*.lock"):
        stale.unlink()
    fetch = ("--git-dir", str(mirror), "fetch", "--quiet")
    heads_and_tags = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
    git(*fetch, "--prune", "--", repository, *heads_and_tags, doing="Fetching the source", timeout=timeout)
    if not _has(mirror, commit):  # it is on no branch: that of a pull request, or one that was pushed over
        git(*fetch, "--", repository, commit, doing=f"Fetching {commit[:12]}", timeout=timeout)


def _has(mirror: Path, commit: str) -> bool:
    try:
        git("--git-dir", str(mirror), "cat-file", "-e", f"{commit}^{{commit}}", doing="Looking", timeout=60)
    except OpsError:
        return False
    return True


@contextlib.contextmanager
def temporary_checkout(repository: str, version: str, commit: str, timeout: float) -> Iterator[Path]:
    """A work tree that is gone afterwards: for looking at a version without changing the target.

    It lies as deep as those that are kept, so that what a path with ``..`` leads to is in the same place of both.
    """
    with tempfile.TemporaryDirectory(prefix="doppelganger-ops-") as root:
        folder = str(Path(root) / "source" / commit[:12])
        make_private(Path(folder))
        at = ("-C", folder)
        git(*at, "init", "--quiet", doing="Making a checkout", timeout=timeout)
        fetch = ("fetch", "--quiet", "--depth", "1", "--", repository, version)
        git(*at, *fetch, doing=f"Fetching {version}", timeout=timeout)
        git(*at, "checkout", "--quiet", "--detach", commit, doing=f"Checking {commit[:12]} out", timeout=timeout)
        _submodules.check_out(Path(folder), repository, timeout)
        yield Path(folder)


def described(app_source: str, repository: str, commit: str, digests: Mapping[str, str]) -> dict[str, Any]:
    """The source of a release, as its record keeps it."""
    return {"type": app_source, "repository": Redactor(()).text(repository), "commit": commit, "digests": dict(digests)}
