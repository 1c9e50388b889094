"""Where the submodules of a repository may be from: real repositories, laid out as hostile ones are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _git, _submodules
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused

HUB = "https://git.example/group/app.git"
SSH = "git@git.example:group/app.git"


@pytest.mark.parametrize(
    ("url", "repository", "is_allowed"),
    [
        ("https://git.example/group/lib.git", HUB, True),
        ("https://other.example/lib.git", SSH, True),
        ("git@other.example:lib.git", HUB, True),
        ("ssh://git@other.example:2222/lib.git", HUB, True),
        ("git+ssh://other.example/lib.git", HUB, True),
        ("http://git.example/lib.git", HUB, False),
        ("http://git.example/lib.git", "http://git.example/app.git", True),
        ("http://10.0.0.1/lib.git", "http://git.example/app.git", False),
        ("git://git.example/lib.git", "git://git.example/app.git", True),
        ("git://git.example/lib.git", HUB, False),
        ("file:///srv/git/lib.git", HUB, False),
        ("/srv/git/lib.git", HUB, False),
        ("C:/lib.git", "/srv/git/app.git", True),  # to git that is a host
        ("/srv/git/lib.git", "/srv/git/app.git", True),
        ("file:///srv/git/lib.git", "file:///srv/git/app.git", True),
        ("/srv/git/../../root/private.git", "/srv/git/app.git", False),
        ("/srv/gits/lib.git", "/srv/git/app.git", False),
        ("/var/lib/other/source/mirror.git", "/srv/git/app.git", False),
        ("ext::sh -c id", HUB, False),
        ("ext::sh -c id", "ext::sh -c other", False),
        ("fd::3", HUB, False),
        ("transport::https://git.example/x", HUB, False),
        ("ftp://git.example/lib.git", HUB, False),
        ("FILE:///etc", HUB, False),
        ("", HUB, False),
    ],
)
def test_where_a_submodule_may_be_from(url: str, repository: str, is_allowed: bool) -> None:
    assert _submodules.may_come_from(url, repository) is is_allowed


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def loose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who lets git do everything: it is not git that refuses here."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text('[protocol]\n\tallow = always\n[protocol "ext"]\n\tallow = always\n')
    monkeypatch.setenv("HOME", str(home))


def made(folder: Path, modules: dict[str, str] | None = None, extra: str = "") -> str:
    """A repository with a commit that has submodules: by path, their URLs; its commit."""
    folder.mkdir(parents=True)
    git("-C", str(folder), "init", "--quiet")
    (folder / "compose.yml").write_text("services: {}\n")
    text = "".join(f'[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n' for path, url in (modules or {}).items())
    if text:
        (folder / ".gitmodules").write_text(text + extra)
    git("-C", str(folder), "add", ".")
    for number, path in enumerate(modules or {}, 1):
        git("-C", str(folder), "update-index", "--add", "--cacheinfo", f"160000,{str(number) * 40},{path}")
    git("-C", str(folder), "commit", "--quiet", "-m", "x")
    return git("-C", str(folder), "rev-parse", "HEAD")


@pytest.mark.parametrize("url", ["ext::sh -c 'touch {marker}'", "file://{theirs}", "{theirs}", "../../theirs/app"])
def test_a_submodule_of_another_place_of_the_host_is_refused_by_name(tmp_path: Path, url: str) -> None:
    marker, theirs = tmp_path / "ran", tmp_path / "theirs/app"
    made(theirs)
    repository = tmp_path / "git/app"
    commit = made(repository, {"vendor/lib": url.format(marker=marker, theirs=theirs)})
    with pytest.raises(Refused) as error:
        _git.checkout(str(repository), commit, tmp_path / "source", 20)
    assert error.value.data["submodule"] == "vendor/lib"
    assert not marker.exists()
    assert [path.name for path in (tmp_path / "source").iterdir()] == ["mirror.git"], "no half checkout is left"


def test_a_submodule_of_a_submodule_is_looked_at_as_well(tmp_path: Path) -> None:
    made(tmp_path / "theirs/app")
    deep = made(tmp_path / "git/lib", {"deep": str(tmp_path / "theirs/app")})
    repository = tmp_path / "git/app"
    made(repository, {"lib": "../lib"})
    git("-C", str(repository), "update-index", "--cacheinfo", f"160000,{deep},lib")
    git("-C", str(repository), "commit", "--quiet", "-m", "y")
    commit = git("-C", str(repository), "rev-parse", "HEAD")
    with pytest.raises(Refused) as error:
        _git.checkout(str(repository), commit, tmp_path / "source", 20)
    assert error.value.data["submodule"] == "lib/deep"


def test_a_path_that_is_text_alone_is_not_gone_to(tmp_path: Path) -> None:
    (tmp_path / "git").mkdir()
    extra = '[submodule "x"]\n\tpath = ../../../theirs\n\turl = https://127.0.0.1:1/x.git\n'
    commit = made(tmp_path / "git/app", {"lib": "https://127.0.0.1:1/lib.git"}, extra)
    with pytest.raises(OpsError):
        _git.checkout(str(tmp_path / "git/app"), commit, tmp_path / "source", 20)


def test_a_password_in_a_url_is_not_shown(tmp_path: Path) -> None:
    commit = made(tmp_path / "git/app", {"lib": "http://ana:canary-1234@other.example/lib.git"})
    with pytest.raises(Refused) as error:
        _git.checkout(str(tmp_path / "git/app"), commit, tmp_path / "source", 20)
    assert "canary-1234" not in str(error.value.as_result())
