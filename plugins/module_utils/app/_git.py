# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a version comes from: a commit of a git repository, checked out on the target beside the others."""

from __future__ import annotations

import contextlib
import difflib
import functools
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..core import _command
from ..core._errors import OpsError, Refused
from ..core._files import make_private
from ..text._redaction import Redactor

COMMIT = re.compile(r"[0-9a-f]{40}")
#: a password, or what the large hosts' tokens begin with; other users in a URL are none of a secret
_SECRET_USER = re.compile(r"[a-z+]+://(?:[^/@:]*:[^/@]*|(?:gh[a-z]|github_pat|glpat|ATBB|ATCTT)[-_A-Za-z0-9]{16,})@")


def _git(*arguments: str, doing: str, timeout: float) -> str:
    env = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "0", "GIT_SSH_COMMAND": _ssh()}
    try:
        return _command.run(["git", *arguments], doing=doing, timeout=timeout, env=env)
    except OpsError as error:
        raise OpsError(Redactor(()).text(error.message), hint=error.hint) from error


@functools.cache
def _ssh() -> str:
    """The user's own way of calling ssh, which asks nothing."""
    try:
        own = _command.run(["git", "config", "core.sshCommand"], doing="Reading git's configuration", timeout=10)
    except OpsError:  # nothing is configured
        own = "ssh"
    return f"{own.strip()} -o BatchMode=yes"


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
            "app_repository has a password or a token in it.",
            hint="Use an ssh key or a git credential helper of the target's user, and a URL without it.",
        )
    try:
        listing = _git(
            "ls-remote", "--heads", "--tags", "--", repository, doing=f"Reaching {repository}", timeout=timeout
        )
    except OpsError as error:
        raise Refused(
            f"Cannot reach the source repository. {error.message}",
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
        f"Version {version!r} is neither a tag, a branch nor a whole commit id of {repository}.",
        hint=f"Did you mean one of: {', '.join(similar)}?" if similar else "The repository has none yet.",
    )


def checkout(repository: str, commit: str, folder: Path, timeout: float) -> Path:
    """A work tree of ``commit`` below ``folder``, made once and kept for as long as a release needs it."""
    tree = folder / commit[:12]
    if (tree / ".git").exists():
        _add_submodules(tree, repository, timeout)
        return tree
    mirror = folder / "mirror.git"
    at = ("--git-dir", str(mirror))
    _fetch(mirror, repository, commit, timeout)
    # whole or not at all: what a killed checkout left behind is never taken for a work tree
    unfinished = folder / f".{tree.name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    _git(*at, "worktree", "prune", doing="Tidying the mirror", timeout=timeout)
    add = ("worktree", "add", "--quiet", "--force", "--detach", str(unfinished), commit)
    _git(*at, *add, doing=f"Checking {commit[:12]} out", timeout=timeout)
    _git(*at, "worktree", "move", str(unfinished), str(tree), doing=f"Keeping {commit[:12]}", timeout=timeout)
    # after the move, as a work tree with submodules cannot be moved
    try:
        _add_submodules(tree, repository, timeout)
    except OpsError:
        shutil.rmtree(tree)
        raise
    return tree


def _fetch(mirror: Path, repository: str, commit: str, timeout: float) -> None:
    """Bring the mirror up to date, and the commit into it."""
    if not (mirror / "HEAD").exists():
        make_private(mirror.parent)
        _git("init", "--quiet", "--bare", "--", str(mirror), doing="Making the mirror", timeout=timeout)
    # the lease keeps others away, so a lock in here is what a killed run left
    for stale in mirror.rglob("*.lock"):
        stale.unlink()
    fetch = ("--git-dir", str(mirror), "fetch", "--quiet")
    heads_and_tags = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
    _git(*fetch, "--prune", "--", repository, *heads_and_tags, doing="Fetching the source", timeout=timeout)
    if not _has(mirror, commit):  # it is on no branch: that of a pull request, or one that was pushed over
        _git(*fetch, "--", repository, commit, doing=f"Fetching {commit[:12]}", timeout=timeout)


def _has(mirror: Path, commit: str) -> bool:
    try:
        _git("--git-dir", str(mirror), "cat-file", "-e", f"{commit}^{{commit}}", doing="Looking", timeout=60)
    except OpsError:
        return False
    return True


def _add_submodules(tree: Path, repository: str, timeout: float) -> None:
    """Check the submodules out that are not yet; where theirs is a relative URL, relative to the repository."""
    if (tree / ".gitmodules").exists():
        # the repository counts for its own submodules alone: theirs are relative to them
        its_own = ("-C", str(tree), "-c", f"remote.origin.url={repository}", "submodule", "--quiet")
        for verb in ("init", "sync"):  # the second where an earlier version had another URL
            _git(*its_own, verb, doing="Finding the submodules", timeout=timeout)
        update = ("-C", str(tree), "submodule", "--quiet", "update", "--init", "--recursive")
        _git(*update, doing="Checking the submodules out", timeout=timeout)


@contextlib.contextmanager
def temporary_checkout(repository: str, version: str, commit: str, timeout: float) -> Iterator[Path]:
    """A work tree that is gone afterwards: for looking at a version without changing the target.

    It lies as deep as those that are kept, so that what a path with ``..`` leads to is in the same place of both.
    """
    with tempfile.TemporaryDirectory(prefix="doppelganger-ops-") as root:
        folder = str(Path(root) / "source" / commit[:12])
        make_private(Path(folder))
        at = ("-C", folder)
        _git(*at, "init", "--quiet", doing="Making a checkout", timeout=timeout)
        fetch = ("fetch", "--quiet", "--depth", "1", "--", repository, version)
        _git(*at, *fetch, doing=f"Fetching {version}", timeout=timeout)
        _git(*at, "checkout", "--quiet", "--detach", commit, doing=f"Checking {commit[:12]} out", timeout=timeout)
        _add_submodules(Path(folder), repository, timeout)
        yield Path(folder)


def described(app_source: str, repository: str, commit: str, digests: Mapping[str, str]) -> dict[str, Any]:
    """The source of a release, as its record keeps it."""
    return {"type": app_source, "repository": Redactor(()).text(repository), "commit": commit, "digests": dict(digests)}
