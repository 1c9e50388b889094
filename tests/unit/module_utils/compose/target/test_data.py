"""Mounts of a git source: what outlives its commits, what is carried over, what is refused."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _worktree
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._cli import Compose
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target import _data
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._data import Data
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from tests.unit.support.making import app

TRACKED = ("compose.yml", "deploy/web.conf", "site/index", "uploads/.gitkeep")


class Known:
    """A work tree of which git is not asked."""

    def __init__(self, found: Iterable[str] = ()) -> None:
        self.found = list(found)

    def tracked(self) -> frozenset[str]:
        return frozenset(TRACKED)

    def unknown(self) -> list[str]:
        return self.found


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with the work trees of two releases."""
    for name in ("old", "new"):
        (tmp_path / "state/source" / name).mkdir(parents=True)
    monkeypatch.setattr(_worktree, "kept", lambda _tree: Known())
    return tmp_path / "state"


def settled(root: Path, *sources: str, base: str = ".", **changes: Any) -> tuple[Data, list[str]]:
    """What is mounted for these, from a compose file in the folder ``base`` of the newer work tree."""
    tree = root / "source/new"
    data = Data(app(**changes), root, tree)
    mounts = [{"type": "bind", "source": str(tree / base / source), "target": "/x"} for source in sources]
    config = data.settle(Compose("shop", [], tree / base), {"services": {"web": {"volumes": mounts}}})
    return data, [mount["source"] for mount in config["services"]["web"]["volumes"]]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        pytest.param("data", "data/data", id="git knows nothing of it"),
        pytest.param("uploads", "data/uploads", id="there to be written into"),
        pytest.param("site/uploads", "data/site/uploads", id="within a folder of the repository"),
        pytest.param("site", "source/new/site", id="of the repository"),
        pytest.param("deploy/web.conf", "source/new/deploy/web.conf", id="a file of the repository"),
        pytest.param(".", "source/new", id="all of it"),
    ],
)
def test_what_is_mounted_for_a_path_of_the_checkout(root: Path, source: str, place: str) -> None:
    assert [str(Path(found)) for found in settled(root, source)[1]] == [str(root / place)]


def test_paths_of_the_host_and_of_other_sources_stay(root: Path) -> None:
    there = ["/srv/data", "/var/run/docker.sock", "/", str(root / "data/data")]
    assert settled(root, *there)[1] == there
    assert settled(root, "data", source="images")[1] == [str(root / "source/new/data")]


def test_what_people_have_put_beside_is_used_where_it_is(root: Path, tmp_path: Path) -> None:
    (tmp_path / "srv/data").mkdir(parents=True)
    found = settled(root, "data", "cache", directory=str(tmp_path / "srv"))[1]
    assert found == [str(tmp_path / "srv/data"), str(root / "data/cache")]


@pytest.mark.parametrize(
    ("has_data", "beside", "place"),
    [
        pytest.param(True, False, "state/data/db", id="with the state"),
        pytest.param(False, True, "srv/db", id="beside"),
        pytest.param(True, True, None, id="nobody can tell which"),
    ],
)
def test_data_in_two_places_is_refused(
    root: Path, tmp_path: Path, has_data: bool, beside: bool, place: str | None
) -> None:
    (root / "data/db").mkdir(parents=True)
    if has_data:
        (root / "data/db/customers").write_text("kept")
    if beside:
        (tmp_path / "srv/db").mkdir(parents=True)
    if place:
        assert settled(root, "db", directory=str(tmp_path / "srv"))[1] == [str(tmp_path / place)]
        return
    with pytest.raises(Refused) as error:
        settled(root, "db", directory=str(tmp_path / "srv"))
    assert error.value.data == {"paths": [str(root / "data/db"), str(tmp_path / "srv/db")]}


@pytest.mark.parametrize("source", ["../data", "../../data2", "../../releases", "../old/site", "../.."])
def test_what_lies_around_a_checkout_is_refused(root: Path, source: str) -> None:
    with pytest.raises(Refused) as error:
        settled(root, source)
    assert error.value.data == {"path": source}


def test_a_path_that_is_in_the_repository_now_does_not_hide_data(root: Path) -> None:
    (root / "data/site").mkdir(parents=True)
    settled(root, "site")
    (root / "data/site/customers").write_text("kept")
    with pytest.raises(Refused) as error:
        settled(root, "site")
    assert error.value.data == {"path": "site", "place": str(root / "data/site")}


def test_data_is_carried_over_and_found_in_both_places(root: Path) -> None:
    old = root / "source/old"
    for folder in ("data/sub", "cache", "other"):
        (old / folder).mkdir(parents=True)
    (old / "data/sub/customers").write_text("kept")
    (old / "app.db").write_text("kept")
    (old / "other/x").write_text("kept")
    data, _ = settled(root, "data", "data/sub", "cache", "app.db", "fresh")
    data.provide(old)
    assert (root / "data/data/sub/customers").read_text() == (old / "data/sub/customers").read_text() == "kept"
    assert (root / "data/app.db").read_text() == (old / "app.db").read_text() == "kept"
    assert (root / "data/fresh").is_dir()
    assert (root / "data/cache").is_dir()
    assert (root / "source/new/fresh").is_dir()
    assert not (root / "data/other").exists()
    (root / "data/data/sub/customers").write_text("newer")
    data.provide(old)
    assert (root / "data/data/sub/customers").read_text() == "newer"


def test_data_that_is_there_is_not_replaced(root: Path) -> None:
    for folder in (root / "data/data", root / "source/old/data"):
        folder.mkdir(parents=True)
        (folder / "customers").write_text(str(folder))
    data, _ = settled(root, "data")
    data.provide(root / "source/old")
    assert (root / "data/data/customers").read_text() == str(root / "data/data")
    assert (root / "source/old/data/customers").read_text() == str(root / "source/old/data")


def test_a_mount_within_another_one_is_there_also_where_that_one_was_moved(root: Path) -> None:
    (root / "source/new/data").mkdir()
    (root / "source/new/data/customers").write_text("kept")
    for _ in range(2):
        data, _ = settled(root, "data", "data/sub")
        data.provide(root / "source/new")  # the same commit
        assert (root / "source/new/data").is_symlink()
        assert (root / "data/data/sub").is_dir()


def test_placeholders_are_nothing_to_carry(root: Path) -> None:
    (root / "source/old/uploads").mkdir()
    (root / "source/old/uploads/.gitkeep").touch()
    (root / "data/uploads").mkdir(parents=True)
    mounted = (root / "data/uploads").stat().st_ino
    data, (place,) = settled(root, "uploads")
    data.provide(root / "source/old", [place])
    assert (root / "data/uploads").stat().st_ino == mounted
    assert not (root / "source/old/uploads").is_symlink()


@pytest.mark.parametrize("is_mounted", [True, False])
def test_containers_keep_the_folder_that_they_have_mounted(root: Path, is_mounted: bool) -> None:
    (root / "source/old/data/sub").mkdir(parents=True)
    (root / "source/old/data/sub/customers").write_text("kept")
    (root / "data/data").mkdir(parents=True)
    live = (root / ("data/data" if is_mounted else "source/old/data")).stat().st_ino
    data, (place,) = settled(root, "data")
    data.provide(root / "source/old", [place] if is_mounted else [])
    assert (root / "data/data").stat().st_ino == live
    assert (root / "data/data/sub/customers").read_text() == "kept"
    assert (root / "source/old/data").resolve() == root / "data/data"


def test_nothing_is_moved_over_a_folder_that_cannot_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "source/old/data").mkdir()
    (root / "source/old/data/customers").write_text("older")
    (root / "data/data").mkdir(parents=True)
    data, _ = settled(root, "data")

    def refuse(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(os, "listdir", refuse)
    data.provide(root / "source/old")
    assert not (root / "source/old/data").is_symlink()


@pytest.mark.parametrize("code", [errno.EPERM, errno.EXDEV, errno.EBUSY])
def test_what_cannot_be_moved_stays(root: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    (root / "source/old/data").mkdir()
    (root / "source/old/data/customers").write_text("kept")
    (root / "data/data").mkdir(parents=True)
    data, _ = settled(root, "data")

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(OpsError) as error:
        data.provide(root / "source/old")
    assert error.value.reason == "system_error"
    assert (root / "source/old/data/customers").read_text() == "kept"
    assert (root / "data/data").is_dir()


def test_nothing_is_carried_from_where_a_link_leads(root: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs/data").mkdir(parents=True)
    (tmp_path / "theirs/data/file").write_text("theirs")
    (root / "source/old/sub").symlink_to(tmp_path / "theirs")
    (root / "source/old/link").symlink_to(tmp_path / "theirs/data")
    data, _ = settled(root, "sub/data", "link")
    data.provide(root / "source/old")
    assert (tmp_path / "theirs/data/file").read_text() == "theirs"
    assert _worktree.is_empty(root / "data")


@pytest.mark.parametrize(
    ("found", "taken", "refused_at"),
    [
        pytest.param([], [], [], id="nothing"),
        pytest.param(["data/"], [], [], id="it is carried over"),
        pytest.param(["data/customers"], [], [], id="a file of it"),
        pytest.param(["deploy/"], [], [], id="all of a folder in which it lies"),
        pytest.param(["site/guestbook"], [], ["old"], id="in a folder of the repository"),
        pytest.param(["data2/"], [], ["old"], id="another"),
        pytest.param(["data/customers"], ["data"], ["old", "new"], id="there is no place for it"),
        pytest.param(["beside/customers"], [], ["old", "new"], id="it is mounted from elsewhere by now"),
    ],
)
@pytest.mark.parametrize("ran", ["old", "new", "gone"])  # new is the same commit: what is not mounted stays there
def test_files_that_this_version_would_not_have(
    root: Path, monkeypatch: pytest.MonkeyPatch, found: list[str], taken: list[str], refused_at: list[str], ran: str
) -> None:
    (root.parent / "srv/beside").mkdir(parents=True)
    for path in taken:
        (root / "data" / path).mkdir(parents=True)
        (root / "data" / path / "file").write_text("newer")
    data, _ = settled(root, "data", "deploy/data", "beside", directory=str(root.parent / "srv"))
    monkeypatch.setattr(_worktree, "kept", lambda _tree: Known(found))
    if ran not in refused_at:
        data.refuse_loss(root / "source" / ran)
        return
    with pytest.raises(Refused) as error:
        data.refuse_loss(root / "source" / ran)
    assert error.value.data == {"tree": str(root / "source" / ran), "paths": found}


def test_a_work_tree_with_files_of_nobody_is_not_removed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = root / "source/old"
    monkeypatch.setattr(_worktree, "kept", lambda _tree: Known(["site/guestbook"]))
    _data.refuse_removal(tree, root)  # it is empty
    (tree / "guestbook").write_text("hello")
    with pytest.raises(OpsError) as error:
        _data.refuse_removal(tree, root)
    assert error.value.data == {"paths": ["site/guestbook"]}


@pytest.mark.parametrize("is_moved", [True, False])
def test_a_move_that_was_cut_off_is_ended(root: Path, is_moved: bool) -> None:
    if is_moved:
        (root / "data/data").mkdir(parents=True)
    place = root / "source/old/data"
    mounts = [{"type": "bind", "source": source, "target": "/x"} for source in (str(place), "/srv/data")]
    _data.link_again(root, {"services": {"web": {"volumes": mounts}}})
    assert place.is_symlink() == is_moved
