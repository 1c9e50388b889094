"""Files that a version needs and git does not have."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _beside, _worktree
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from tests.unit.support.making import app


@pytest.fixture
def there(tmp_path: Path) -> tuple[Path, Path]:
    """A work tree, and the folder of the host."""
    for name in ("tree/.env.git", "own/.env.git", "own/.env.prod", "own/envs/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("A=b")
    (tmp_path / "own/folder").mkdir()
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
    assert _worktree.is_empty(tree, ignoring=[".env.git"], elsewhere=[own])
    assert _worktree.is_empty(tree, ignoring=[".env.git"]) is not is_linked


def test_without_a_folder_of_the_host_nothing_is_linked(there: tuple[Path, Path]) -> None:
    tree, _ = there
    _beside.link(app(), tree, tree / ".env.prod", is_env_file=True)
    assert not (tree / ".env.prod").is_symlink()


def test_a_link_follows_a_folder_that_was_moved(there: tuple[Path, Path]) -> None:
    tree, own = there
    (tree / ".env.prod").symlink_to(own.parent / "before/.env.prod")
    _beside.link(app(directory=str(own)), tree, tree / ".env.prod", is_env_file=True)
    assert (tree / ".env.prod").read_text() == "A=b"


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
