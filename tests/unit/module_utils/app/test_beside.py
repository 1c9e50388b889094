"""Files that a version needs and git does not have."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _beside, _worktree
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from tests.unit.support.making import app


@pytest.fixture
def there(tmp_path: Path) -> tuple[Path, Path]:
    """A work tree in which git knows a file and a link that leads nowhere, and the folder of the host."""
    for name in ("tree/.env.git", "own/.env.git", "own/.env.prod", "own/envs/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("A=b")
    (tmp_path / "own/folder").mkdir()
    (tmp_path / "tree/.env.broken").symlink_to("gone")
    (tmp_path / "own/.env.broken").write_text("A=b")
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
    for command in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "--message", "one"]):
        subprocess.run(["git", "-C", tmp_path / "tree", *command], check=True)
    return tmp_path / "tree", tmp_path / "own"


@pytest.mark.parametrize(
    ("path", "is_linked"),
    [
        (".env.prod", True),
        ("./sub/../.env.prod", True),
        ("envs/x", True),
        (".env.git", False),
        ("missing", False),
        ("folder", False),
        ("../own/.env.prod", False),
        ("/etc/hostname", False),
    ],
)
def test_a_link_is_where_compose_looks(there: tuple[Path, Path], path: str, is_linked: bool) -> None:
    tree, own = there
    _beside.link(app(directory=str(own)), tree, tree / path, is_env_file=True)
    place = tree / path.rpartition("../")[2]
    assert place.is_symlink() is is_linked
    assert not is_linked or place.resolve().is_relative_to(own)
    assert _worktree.cloned(tree).unknown() == []


def test_without_a_folder_of_the_host_nothing_is_linked(there: tuple[Path, Path]) -> None:
    tree, _ = there
    _beside.link(app(), tree, tree / ".env.prod", is_env_file=True)
    assert not (tree / ".env.prod").is_symlink()


@pytest.mark.parametrize(
    ("path", "was", "directory", "leads_to"),
    [
        pytest.param(".env.prod", "before/.env.prod", "own", "own/.env.prod", id="the folder is another one"),
        pytest.param(".env.prod", "gone/.env.prod", "own", "own/.env.prod", id="the one of before is gone"),
        pytest.param(".env.prod", "before/.env.prod", "", None, id="there is none any more"),
        pytest.param(".env.other", "before/.env.prod", "own", None, id="it does not have the file"),
        pytest.param(".env.prod", "own/.env.prod", "own", "own/.env.prod", id="nothing changed"),
        pytest.param(".env.broken", None, "own", "gone", id="a link of git's"),
        pytest.param(".env.broken", None, "", "gone", id="a link of git's alone"),
    ],
)
@pytest.mark.parametrize("is_env_file", [True, False])
def test_a_link_leads_where_the_folder_is_today(
    there: tuple[Path, Path], path: str, was: str | None, directory: str, leads_to: str | None, is_env_file: bool
) -> None:
    tree, own = there
    (own.parent / "before").mkdir()
    (own.parent / "before/.env.prod").write_text("A=before")
    if was:
        (tree / path).symlink_to(own.parent / was)
    model = app(directory=str(own.parent / directory) if directory else "")
    _beside.link(model, tree, tree / path, is_env_file=is_env_file)
    found = os.readlink(tree / path) if (tree / path).is_symlink() else None
    assert found == (str(own.parent / leads_to) if leads_to and was else leads_to)
    assert (own.parent / "before/.env.prod").read_text() == "A=before"


def test_a_link_of_a_kept_work_tree_is_of_the_state(there: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    tree, own = there
    kept = own.parent / "state/source/abc"
    kept.mkdir(parents=True)
    (kept / ".env.prod").symlink_to("/gone")
    asked = []
    monkeypatch.setattr(_worktree, "kept", lambda one: asked.append(one) or _worktree.cloned(tree))  # type: ignore[func-returns-value]
    model = app(directory=str(own), state_dir=str(own.parent / "state"))
    _beside.link(model, kept, kept / ".env.prod", is_env_file=True)
    assert (os.readlink(kept / ".env.prod"), asked) == (str(own / ".env.prod"), [kept])


def test_an_env_file_that_others_may_write_by_now_is_refused(there: tuple[Path, Path]) -> None:
    tree, own = there
    _beside.link(app(directory=str(own)), tree, tree / ".env.prod", is_env_file=True)
    (own / ".env.prod").chmod(0o666)
    with pytest.raises(Refused):
        _beside.link(app(directory=str(own)), tree, tree / ".env.prod", is_env_file=True)


def test_no_link_is_taken_away_elsewhere(there: tuple[Path, Path]) -> None:
    tree, own = there
    (own / "link").symlink_to("/gone")
    (tree / "envs").symlink_to(own)
    with pytest.raises(Refused):
        _beside.link(app(), tree, tree / "envs/link", is_env_file=True)
    assert (own / "link").is_symlink()


@pytest.mark.parametrize("is_env_file", [True, False])
def test_an_env_file_that_others_may_write_is_refused(there: tuple[Path, Path], is_env_file: bool) -> None:
    tree, own = there
    (own / ".env.prod").chmod(0o666)
    with pytest.raises(Refused) if is_env_file else contextlib.nullcontext() as error:
        _beside.link(app(directory=str(own)), tree, tree / ".env.prod", is_env_file=is_env_file)
    assert error is None or error.value.reason == "env_file_unsafe"


def test_no_folder_is_made_where_a_link_leads_out(there: tuple[Path, Path]) -> None:
    tree, own = there
    (tree / "envs").symlink_to(own.parent)
    with pytest.raises(Refused):
        _beside.link(app(directory=str(own)), tree, tree / "envs/x", is_env_file=True)
