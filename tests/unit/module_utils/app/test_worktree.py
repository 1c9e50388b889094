"""What git knows of a work tree, and what else lies in it: with real repositories."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _git, _worktree
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _command
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused

SETTINGS = ("user.name=a", "user.email=a@b.example", "commit.gpgsign=false", "protocol.file.allow=always")


def git(folder: Path, *arguments: str) -> str:
    options = [part for setting in SETTINGS for part in ("-c", setting)]
    argv = ["git", "-C", str(folder), *options, *arguments]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def make(folder: Path, **files: str) -> Path:
    folder.mkdir()
    git(folder, "init", "--quiet")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a repository, and a work tree of it beside a mirror, with a submodule."""
    folder = tmp_path_factory.mktemp("made")
    theirs = make(folder / "theirs", **{"lib.py": "1\n"})
    git(theirs, "add", ".")
    git(theirs, "commit", "--quiet", "--message", "one")
    files = {"compose.yml": "1\n", "site/index": "1\n", "data/.gitkeep": "", ".gitignore": "*.log\n"}
    ours = make(folder / "ours", **files, näme="1\n")
    (ours / "link").symlink_to("/srv/link")
    git(ours, "add", ".")
    git(ours, "submodule", "--quiet", "add", str(theirs), "lib")
    git(ours, "commit", "--quiet", "--message", "one")
    with pytest.MonkeyPatch.context() as patched:
        local_submodules(patched)
        _git.checkout(str(ours), git(ours, "rev-parse", "HEAD"), folder / "source", 60)
    return folder


def local_submodules(patched: pytest.MonkeyPatch) -> None:
    """Have git take submodules from a folder, which it does not by itself."""
    patched.setenv("GIT_CONFIG_COUNT", "1")
    patched.setenv("GIT_CONFIG_KEY_0", "protocol.file.allow")
    patched.setenv("GIT_CONFIG_VALUE_0", "always")
    patched.setattr(_command, "INHERITED", tuple(os.environ))


@pytest.fixture
def tree(made: Path, tmp_path: Path) -> Path:
    """The work tree, for one test."""
    shutil.copytree(made / "source", tmp_path / "state/source", symlinks=True)
    return next(path for path in (tmp_path / "state/source").iterdir() if len(path.name) == 12)


def write(name: str, text: str = "2\n") -> Callable[[Path], None]:
    def act(tree: Path) -> None:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)

    return act


def hostile(tree: Path) -> None:
    """What a container could do that has all of it mounted: another repository, with commands of its own."""
    other = make(tree.parent / "other")
    git(other, "config", "core.fsmonitor", f"touch {tree.parent}/executed")
    (tree / ".git").write_text(f"gitdir: {other}/.git\n")
    (tree / "site/index").write_text("2\n")


@pytest.mark.parametrize(
    ("act", "unknown"),
    [
        pytest.param(lambda tree: None, [], id="as it was made"),
        pytest.param(write("site/upload"), ["site/upload"], id="a new file"),
        pytest.param(write("x.log"), ["x.log"], id="one that git ignores"),
        pytest.param(write("data/a/b"), ["data/a/"], id="a new folder"),
        pytest.param(write("lib/upload"), ["lib/upload"], id="a new file in a submodule"),
        pytest.param(write("site/index"), ["site/index"], id="another content"),
        pytest.param(write("lib/lib.py", "2 and more\n"), ["lib/lib.py"], id="another content in a submodule"),
        pytest.param(write("data/clone/.git/config"), ["data/clone/"], id="a repository that a container made"),
        pytest.param(lambda tree: (tree / "site/index").unlink(), [], id="a file that is gone"),
        pytest.param(lambda tree: (tree / "site/index").chmod(0o755), [], id="other rights"),
        pytest.param(lambda tree: (tree / "uploads/a").mkdir(parents=True), [], id="folders without a file"),
        pytest.param(write("site/__pycache__/x.pyc"), [], id="what is made again"),
        pytest.param(lambda tree: (tree / "db").symlink_to(tree.parent / "data/db"), [], id="a link of ours"),
        pytest.param(lambda tree: (tree / "db").symlink_to("/srv/db"), [], id="a link to a place of the host"),
        pytest.param(
            lambda tree: (tree / "uploads").mkdir() or (tree / "uploads/db").symlink_to("/srv/db"),
            [],
            id="one in a folder",
        ),
        pytest.param(lambda tree: (tree / "db").symlink_to("site/index"), ["db"], id="a link within the tree"),
        pytest.param(lambda tree: (tree / "db").symlink_to(tree / "x"), ["db"], id="a whole one within the tree"),
        pytest.param(
            lambda tree: (tree / "link").unlink() or (tree / "link").symlink_to("/srv/db"),
            ["link"],
            id="another one in the place of git's",
        ),
        pytest.param(hostile, ["site/index"], id="another repository in its place"),
    ],
)
def test_what_git_does_not_know(tree: Path, act: Callable[[Path], None], unknown: list[str]) -> None:
    known = _worktree.kept(tree)
    act(tree)
    assert known.unknown() == unknown
    assert not (tree.parent / "executed").exists()


def test_a_folder_that_cannot_be_read_is_unknown(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(folder: str | Path) -> object:
        if Path(folder) == tree / "site":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return scandir(folder)

    known = _worktree.kept(tree)
    write("lib/upload")(tree)
    monkeypatch.setattr(os, "scandir", refuse)
    assert known.unknown() == ["site/", "lib/upload"]


def test_what_cannot_be_told_is_no_nothing(tree: Path) -> None:
    (tree.parent / "mirror.git/worktrees").rename(tree.parent / "gone")
    with pytest.raises(Refused):
        _worktree.kept(tree)


def test_a_state_folder_that_was_moved_is_known_still(tree: Path) -> None:
    moved = tree.parent.with_name("elsewhere")
    tree.parent.rename(moved)
    write("site/upload")(moved / tree.name)
    assert _worktree.kept(moved / tree.name).unknown() == ["site/upload"]


@pytest.mark.parametrize(
    ("path", "is_tracked"),
    [
        (".", True),
        ("site", True),
        ("site/index", True),
        ("site/uploads", False),
        ("data", False),
        ("data/sub", False),
        ("lib", True),
        ("lib/lib.py", True),
        ("lib/data", False),
        ("link/below", True),
        ("n\u00e4me", True),
        ("si", False),
    ],
)
def test_what_git_knows(tree: Path, path: str, is_tracked: bool) -> None:
    assert _worktree.is_tracked(path, _worktree.kept(tree).tracked()) == is_tracked


def test_a_checkout_for_looking_knows_the_same(made: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local_submodules(monkeypatch)
    commit = git(made / "ours", "rev-parse", "HEAD")
    with _git.temporary_checkout(str(made / "ours"), commit, commit, 60) as folder:
        assert _worktree.cloned(folder).tracked() == _worktree.kept(tree).tracked()
        assert folder.parent.name == "source"
