"""Versions of a git repository: recorded listings, and a real one in a folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _git, _git_command
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused

A, B, C, D = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)

# git 2.39.5 ls-remote --heads --tags, 2026-11-23: v0.1.0 is a lightweight tag, v0.2.0 an annotated one
LISTING = (
    f"{A}\trefs/heads/feature/login\n{B}\trefs/heads/main\n"
    f"{A}\trefs/tags/v0.1.0\n{D}\trefs/tags/v0.2.0\n{C}\trefs/tags/v0.2.0^{{}}\n"
)


@pytest.mark.parametrize(
    ("version", "commit"),
    [
        pytest.param("main", B, id="a branch"),
        pytest.param("feature/login", A, id="a branch with a slash"),
        pytest.param("v0.1.0", A, id="a lightweight tag"),
        pytest.param("v0.2.0", C, id="an annotated tag means its commit"),
        pytest.param("HEAD", None, id="nothing else"),
    ],
)
def test_a_listing_gives_the_commit_of_a_version(version: str, commit: str | None) -> None:
    assert _git.parse_refs(LISTING).get(version) == commit


def test_a_tag_wins_over_a_branch_of_the_same_name_as_with_git() -> None:
    assert _git.parse_refs(f"{A}\trefs/heads/v1\n{B}\trefs/tags/v1\n") == {"v1": B}


@pytest.mark.parametrize("listing", ["", "warning: redirecting to https://x.example/\n", f"{A}\trefs/pull/1/head\n"])
def test_a_listing_without_branches_and_tags_is_empty(listing: str) -> None:
    assert _git.parse_refs(listing) == {}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with v0.1.0 (lightweight), v0.2.0 (annotated) and main ahead of both."""
    folder = tmp_path_factory.mktemp("repository")
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "tag.gpgsign=false"]

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    for version, tag in (("1", ["v0.1.0"]), ("2", ["-a", "-m", "two", "v0.2.0"]), ("3", None)):
        (folder / "compose.yml").write_text(f"version {version}\n")
        git("add", ".")
        git("commit", "-m", version)
        if tag:
            git("tag", *tag)
    return folder


def commit_of(repository: Path, version: str) -> str:
    found = subprocess.run(
        ["git", "-C", str(repository), "rev-parse", f"{version}^{{commit}}"], check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


@pytest.mark.parametrize("version", ["v0.1.0", "v0.2.0", "main"])
def test_a_version_is_resolved_to_its_commit(repository: Path, version: str) -> None:
    assert _git.resolve(str(repository), version, 20) == commit_of(repository, version)


def test_a_whole_commit_id_means_itself(repository: Path) -> None:
    assert _git.resolve(str(repository), A, 20) == A


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        pytest.param("v0.3.0", "Did you mean one of: v0.2.0, v0.1.0?", id="those alike"),
        pytest.param("zzz", "Did you mean one of: main, v0.1.0, v0.2.0?", id="the last ones where none is alike"),
        pytest.param("abcdef1", "Did you mean one of:", id="half a commit id"),
    ],
)
def test_an_unknown_version_is_refused_with_those_there_are(repository: Path, version: str, hint: str) -> None:
    with pytest.raises(Refused) as error:
        _git.resolve(str(repository), version, 20)
    assert error.value.reason == "version_not_found"
    assert hint in error.value.hint


def test_an_empty_repository_says_so(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path)], check=True)
    with pytest.raises(Refused) as error:
        _git.resolve(str(tmp_path), "v1", 20)
    assert error.value.hint == "The repository has none yet."


def test_a_source_that_cannot_be_reached_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Cannot reach the source repository") as error:
        _git.resolve(str(tmp_path / "nowhere"), "v1", 20)
    assert "app_repository" in error.value.hint


@pytest.mark.parametrize("user", ["user:canary-1234", "ghp_canary-1234canary-1234", "glpat-canary-1234canary"])
def test_a_secret_in_the_repository_is_refused_and_not_shown(user: str) -> None:
    with pytest.raises(Refused, match="password or a token") as error:
        _git.resolve(f"https://{user}@git.example/x.git", "v1", 20)
    assert "canary-1234" not in str(error.value.as_result())


def test_what_may_be_a_token_is_neither_shown_nor_recorded() -> None:
    with pytest.raises(Refused) as error:
        _git.resolve("https://canary-1234@127.0.0.1:1/x.git", "v1", 20)
    recorded = _git.described("git", "https://canary-1234@git.example/x.git", A, {})
    assert "canary-1234" not in f"{error.value.as_result()} {recorded}"


def test_a_checkout_is_whole_made_once_and_beside_the_others(repository: Path, tmp_path: Path) -> None:
    trees = {}
    for version in ("v0.1.0", "v0.2.0"):
        commit = commit_of(repository, version)
        trees[version] = _git.checkout(str(repository), commit, tmp_path / "source", 20)
        assert _git.checkout("/gone", commit, tmp_path / "source", 20) == trees[version]
    contents = [(tree / "compose.yml").read_text() for tree in trees.values()]
    assert contents == ["version 1\n", "version 2\n"]
    assert sorted(path.name for path in (tmp_path / "source").iterdir()) == sorted(
        ["mirror.git", *(name for tree in trees.values() for name in (tree.name, f".{tree.name}.whole"))]
    )


def test_a_checkout_that_was_killed_is_made_anew(repository: Path, tmp_path: Path) -> None:
    commit, folder = commit_of(repository, "v0.1.0"), tmp_path / "source"
    tree = _git.checkout(str(repository), commit, folder, 20)
    # as a kill in the middle of it leaves it: half a tree under its unfinished name
    shutil.move(tree, folder / f".{tree.name}")
    (folder / f".{tree.name}" / "compose.yml").unlink()
    assert (_git.checkout(str(repository), commit, folder, 20) / "compose.yml").read_text() == "version 1\n"
    assert not (folder / f".{tree.name}").exists()


@pytest.mark.parametrize("by", ["tag", "commit"])
def test_a_look_at_a_version_leaves_nothing(repository: Path, by: str) -> None:
    commit = commit_of(repository, "v0.2.0")
    with _git.temporary_checkout(str(repository), "v0.2.0" if by == "tag" else commit, commit, 20) as tree:
        assert (tree / "compose.yml").read_text() == "version 2\n"
    assert not tree.exists()


def test_a_commit_that_is_on_no_branch_is_checked_out(repository: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "--quiet", "--mirror", str(repository), str(bare)], check=True)
    commit = commit_of(bare, "main")
    subprocess.run(["git", "-C", str(bare), "update-ref", "refs/pull/1/head", commit], check=True)
    subprocess.run(["git", "-C", str(bare), "update-ref", "refs/heads/main", f"{commit}^"], check=True)
    tree = _git.checkout(f"file://{bare}", commit, tmp_path / "source", 20)
    assert (tree / "compose.yml").read_text() == "version 3\n"


def with_submodule(folder: Path, name: str, url: str) -> str:
    """A bare repository ``name`` that has ``lib`` as a submodule; its last commit."""
    whole = folder / f"{name}.whole"
    subprocess.run(["git", "clone", "--quiet", str(folder / name), str(whole)], check=True)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    add = ["submodule", "--quiet", "add", "--", url, "lib"]
    for command in (add, [*identity, "commit", "--quiet", "-m", "lib"], ["push", "--quiet"]):
        subprocess.run(["git", "-C", str(whole), *command], check=True, capture_output=True)
    return commit_of(whole, "main")


@pytest.fixture
def bare(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with bare repositories: app.git, lib.git, elsewhere/lib.git and elsewhere/deep.git."""
    # git reads no submodule from a folder unless its user allows that
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text('[protocol "file"]\n\tallow = always\n')
    monkeypatch.setenv("HOME", str(home))
    for name in ("app.git", "lib.git", "elsewhere/lib.git", "elsewhere/deep.git"):
        subprocess.run(["git", "clone", "--quiet", "--bare", str(repository), str(tmp_path / name)], check=True)
    return tmp_path


@pytest.mark.parametrize("url", ["../lib.git", "file://{folder}/lib.git"], ids=["relative", "absolute"])
def test_submodules_come_along(bare: Path, url: str) -> None:
    commit = with_submodule(bare, "app.git", url.format(folder=bare))
    for _ in range(2):
        tree = _git.checkout(str(bare / "app.git"), commit, bare / "source", 20)
        assert (tree / "lib/compose.yml").read_text() == "version 3\n"
        shutil.rmtree(tree / "lib")  # as a run leaves it that is killed before it has them
        (tree / "lib").mkdir()
        (bare / "source" / f".{tree.name}.whole").unlink()
    with _git.temporary_checkout(str(bare / "app.git"), "main", commit, 20) as looked_at:
        assert (looked_at / "lib/compose.yml").exists()


def test_git_does_not_run_in_a_work_tree_that_containers_may_write(bare: Path) -> None:
    commit = with_submodule(bare, "app.git", "../lib.git")
    tree = _git.checkout(str(bare / "app.git"), commit, bare / "source", 20)
    (tree / ".git").unlink()
    subprocess.run(["git", "init", "--quiet", str(tree)], check=True)
    update = f"!touch {bare}/executed"
    subprocess.run(["git", "-C", str(tree), "config", "submodule.lib.update", update], check=True)
    subprocess.run(["git", "-C", str(tree), "config", "core.fsmonitor", update[1:]], check=True)
    subprocess.run(["git", "-C", str(tree), "add", "--all"], check=True)
    (bare / "executed").unlink(missing_ok=True)
    assert _git.checkout(str(bare / "app.git"), commit, bare / "source", 20) == tree
    assert not (bare / "executed").exists()


def test_a_submodule_of_a_submodule_is_relative_to_its_own(bare: Path) -> None:
    with_submodule(bare, "elsewhere/lib.git", "../deep.git")
    commit = with_submodule(bare, "app.git", str(bare / "elsewhere/lib.git"))
    tree = _git.checkout(str(bare / "app.git"), commit, bare / "source", 20)
    assert (tree / "lib/lib/compose.yml").exists()


def test_a_submodule_that_cannot_be_had_leaves_no_half_checkout(bare: Path) -> None:
    commit = with_submodule(bare, "app.git", "../lib.git")
    (bare / "lib.git").rename(bare / "away")
    with pytest.raises(OpsError, match="Checking the submodules out failed"):
        _git.checkout(str(bare / "app.git"), commit, bare / "source", 20)
    assert [path.name for path in (bare / "source").iterdir()] == ["mirror.git"]
    (bare / "away").rename(bare / "lib.git")
    tree = _git.checkout(str(bare / "app.git"), commit, bare / "source", 20)
    assert (tree / "lib/compose.yml").exists()


def test_the_users_own_way_of_calling_ssh_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".gitconfig").write_text("[core]\n\tsshCommand = ssh -i ~/.ssh/deploy\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    _git_command.ssh.cache_clear()
    try:
        assert _git_command.ssh() == "ssh -i ~/.ssh/deploy -o BatchMode=yes"
    finally:
        _git_command.ssh.cache_clear()


def test_a_commit_that_is_not_there_fails_with_what_git_said(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="Fetching aaaaaaaaaaaa failed"):
        _git.checkout(str(repository), A, tmp_path / "source", 20)


def test_a_source_is_described_as_the_record_keeps_it() -> None:
    assert _git.described("images", "", "", {"web": "sha256:aa"}) == {
        "type": "images",
        "repository": "",
        "commit": "",
        "digests": {"web": "sha256:aa"},
    }
