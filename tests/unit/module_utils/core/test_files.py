"""The folder of the state and the files in it: nobody else's, no link followed, no name that leads elsewhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _files
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _evidence
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from tests.unit.support import making

#: nobody who is known here, and of what he is taken to be the owner or the group: only root could give it to him
OTHER = 54321
OWNERS: dict[str, int] = {}
GROUPS: dict[str, int] = {}


@pytest.fixture(autouse=True)
def owned(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Makes it look as if those files were his."""
    real = os.lstat

    def lstat(path: str | Path) -> os.stat_result:
        mode, node, device, links, user, group, *rest = real(path)
        owner = OWNERS.get(str(path), user), GROUPS.get(str(path), group)
        return os.stat_result((mode, node, device, links, *owner, *rest))

    monkeypatch.setattr(os, "lstat", lstat)
    yield
    OWNERS.clear()
    GROUPS.clear()


def by_its_group(folder: Path) -> None:
    folder.chmod(0o770)


def by_everybody(folder: Path) -> None:
    folder.chmod(0o1777)


def a_link(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))


def a_dangling_link(folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to("/nowhere/at/all")


def a_file(folder: Path) -> None:
    folder.rmdir()
    folder.touch()


def in_a_folder_that_everybody_may_write(folder: Path) -> None:
    folder.parent.chmod(0o777)


def far_below_one(folder: Path) -> None:
    folder.rmdir()
    folder.parent.parent.chmod(0o777)


def below_a_link_of_somebody_else(folder: Path) -> None:
    real = folder.parent.rename(folder.parent.with_name("real"))
    folder.parent.symlink_to(real)
    OWNERS[str(folder.parent)] = OTHER


def in_a_folder_of_somebody_else(folder: Path) -> None:
    OWNERS[str(folder.parent)] = OTHER


def in_a_folder_of_somebody_else_with_the_sticky_bit(folder: Path) -> None:
    folder.parent.chmod(0o1777)
    OWNERS[str(folder.parent)] = OTHER


def in_a_folder_of_a_group_with_others(folder: Path) -> None:
    GROUPS[str(folder.parent)] = OTHER
    folder.parent.chmod(0o770)


def below_a_link_into_one(folder: Path) -> None:
    real = folder.parent.rename(folder.parent.with_name("real"))
    open_to_all = real.with_name("open")
    open_to_all.mkdir()
    (open_to_all / "link").symlink_to(real)
    folder.parent.symlink_to("open/link")
    open_to_all.chmod(0o777)


UNSAFE: dict[Callable[[Path], None], str] = {
    by_its_group: "mode 0770",
    by_everybody: "mode 1777",
    a_link: "elsewhere",
    a_dangling_link: "/nowhere/at/all",
    a_file: "not a folder",
    in_a_folder_that_everybody_may_write: "mode 0777",
    far_below_one: "mode 0777",
    below_a_link_of_somebody_else: "the link",
    in_a_folder_of_somebody_else: f"the id {OTHER}",
    in_a_folder_of_somebody_else_with_the_sticky_bit: f"the id {OTHER}",
    in_a_folder_of_a_group_with_others: f"the group {OTHER}",
    below_a_link_into_one: "mode 0777",
}
USES: dict[str, Callable[[Store], object]] = {
    "reading": lambda store: store.read("current.json"),
    "listing": lambda store: store.folders("releases"),
    "writing": lambda store: store.write("current.json", {"release": None}),
    "taking the lease": lambda store: store.try_acquire(holder="a", purpose="b", ttl=60),
    "unlocking": lambda store: store.unlock(by="a", reason="b"),
    "auditing": lambda store: store.audit("x"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "above" / "in between" / "state"
    made.mkdir(parents=True, mode=0o700)
    return made


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
@pytest.mark.parametrize(("make", "says"), UNSAFE.items(), ids=[make.__name__ for make in UNSAFE])
def test_a_folder_that_others_may_change_is_refused(
    folder: Path, make: Callable[[Path], None], says: str, use: Callable[[Store], object]
) -> None:
    make(folder)
    with pytest.raises(Refused) as error:
        use(Store(str(folder)))
    assert says in error.value.message
    assert error.value.hint


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_folder_of_somebody_else_is_refused(
    folder: Path, use: Callable[[Store], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    with pytest.raises(Refused) as error:
        use(Store(str(folder)))
    assert f"the id {user}" in error.value.message
    assert f"chown -R {user + 1}" in error.value.hint


def test_a_folder_of_our_own_in_one_with_the_sticky_bit_is_sound(folder: Path) -> None:
    folder.parent.chmod(0o1777)
    for use in USES.values():
        use(Store(str(folder)))


def test_a_group_of_our_own_and_links_of_our_own_are_sound(folder: Path) -> None:
    folder.parent.chmod(0o770)
    link = folder.parent.parent / "link"
    link.symlink_to(folder.parent)
    for use in USES.values():
        use(Store(str(link / "state")))


def test_who_is_quicker_than_we_are_gets_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the making somebody puts a folder of his own, or a link, where ours is to be."""
    folder.rmdir()
    theirs = folder.parent / "theirs"
    theirs.mkdir()
    real = _files.make_private

    def a_folder() -> None:
        folder.mkdir()
        OWNERS[str(folder)] = OTHER

    for plant in (lambda: folder.symlink_to(theirs), a_folder):

        def make(path: Path, plant: Callable[[], object] = plant) -> None:
            plant()
            real(path)

        monkeypatch.setattr(_files, "make_private", make)
        with pytest.raises(Refused):
            Store(str(folder)).audit("x")
        assert list(theirs.iterdir()) == []
        OWNERS.clear()
        folder.unlink() if folder.is_symlink() else folder.rmdir()


def test_a_hard_link_is_replaced_and_not_written_through(folder: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("{}")
    os.link(theirs, folder / "current.json")
    Store(str(folder)).write("current.json", {"release": None})
    assert theirs.read_text() == "{}"


def test_what_a_link_leads_to_is_neither_read_nor_written(folder: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text('{"release": null}')
    for name in ("current.json", ".lock", "audit.jsonl", ".operation.json.new"):
        (folder / name).symlink_to(theirs)
    store = Store(str(folder))
    uses: tuple[Callable[[], object], ...] = (
        lambda: store.read("current.json"),
        lambda: store.write("operation.json", {}),
        lambda: store.audit("x"),
    )
    for use in uses:
        with pytest.raises(Refused) as error:
            use()
        assert str(theirs) in error.value.message
    (folder / ".lock").unlink()
    store.write("operation.json", {"a": 1})
    assert (folder / "operation.json").read_text() == '{\n "a": 1\n}\n'
    assert theirs.read_text() == '{"release": null}'


@pytest.mark.parametrize("name", ["current.json", ".lock"])
def test_a_pipe_in_place_of_a_file_holds_nobody_up(folder: Path, name: str) -> None:
    os.mkfifo(folder / name)
    store = Store(str(folder))
    with pytest.raises(Refused):
        store.read("current.json") if name == "current.json" else store.write("current.json", {})


def test_a_file_that_is_too_large_is_refused_and_not_read(folder: Path) -> None:
    with (folder / "current.json").open("wb") as stream:
        stream.truncate(_files.LARGEST + 1)
    with pytest.raises(Refused):
        Store(str(folder)).read("current.json")


@pytest.mark.parametrize("name", ["../x", "releases/../../x/record.json", "/etc/x", "a//b", "", ".", "a/\0/b"])
def test_a_name_that_leads_out_of_the_store_is_refused(folder: Path, name: str) -> None:
    store = Store(str(folder))
    for use in (store.read, lambda name: store.write(name, {})):
        with pytest.raises(Refused):
            use(name)


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [
        ("web.log", True),
        ("web-1.app.previous.log", True),
        ("../../../etc/cron.d/x.log", False),
        ("/etc/passwd", False),
        ("..", False),
        ("", False),
        (".hidden", False),
        ("a b.log", False),
        ("x" * 400, False),
        ("é.log", False),
        ("\ud800", False),
    ],
)
def test_the_name_of_others_becomes_the_name_of_a_file(name: str, is_kept: bool) -> None:
    found = _files.safe_name(name)
    assert (found == name) is is_kept
    assert Path(found).name == found
    assert found[0] not in ".-"
    assert len(found) < 200


def test_a_label_of_a_container_writes_no_evidence_elsewhere(tmp_path: Path) -> None:
    target = making.target(tmp_path / "state")
    lease = target.store.try_acquire(holder="ana@console", purpose="deploy v2", ttl=60)
    service = "../../../outside"
    files, manifest = _evidence.collect({f"{service}.log": lambda: "a line"}, Redactor(()), 5.0)
    target.keep_evidence("0002-v2", files, {"files": manifest}, lease.token)
    assert list(files) == list(manifest)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    kept = [path for path in (tmp_path / "state/evidence/0002-v2").iterdir() if path.name != "manifest.json"]
    assert [path.read_text() for path in kept] == ["a line"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    with pytest.raises(Refused):
        target.keep_evidence("../../outside", files, {}, lease.token)
