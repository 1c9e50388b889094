"""What a release reads of files: which are copied, where to, what is seen to have changed, what is never taken away."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target import _contents, _fingerprints
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._contents import LABEL, Contents
from ansible_collections.doppelganger.ops.plugins.module_utils.core._digests import Digests
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from tests.unit.support.making import app, record, target

DIGESTS = Digests("ab" * 32)


@pytest.fixture
def srv(tmp_path: Path) -> Path:
    """An ``app_directory`` as people have it, beside the state."""
    (tmp_path / "srv/conf.d").mkdir(parents=True)
    for name, text in {
        "web.conf": "one\n",
        "conf.d/a": "a\n",
        "acme.json": "",
        "db.sqlite": "SQLite\0",
        "token": "t",
    }.items():
        (tmp_path / "srv" / name).write_text(text)
    return tmp_path / "srv"


def read(srv: Path, config: dict[str, Any], *, source: str = "images", **known: str) -> tuple[Contents, dict[str, Any]]:
    """What a version reads that lies in ``srv``, or in a checkout of its own with ``srv`` as ``app_directory``."""
    tree = srv if source == "images" else srv.parent / "tree"
    contents = Contents(app(source=source, directory=str(srv)), srv.parent / "state", tree, DIGESTS)
    return contents, contents.settle(config, tree, known)


def mounting(*mounts: tuple[str, bool]) -> dict[str, Any]:
    volumes = [
        {"type": "bind", "source": source, "target": "/x", "read_only": read_only} for source, read_only in mounts
    ]
    return {"services": {"web": {"volumes": volumes}}}


def copied(srv: Path, *mounts: tuple[str, bool]) -> list[str]:
    """Those of the mounts that a release has a copy of."""
    _, config = read(srv, mounting(*mounts))
    sources = [one["source"] for one in config["services"]["web"]["volumes"]]
    places = [Path(one).is_relative_to(srv.parent / "state/contents") for one in sources]
    return [name for (name, _), is_copy in zip(mounts, places) if is_copy]


def test_what_is_read_of_a_folder_of_the_host_is_copied_and_data_is_not(srv: Path) -> None:
    (srv / "big").write_bytes(b"x" * (2 << 20))
    (srv / "socket").mkdir()
    os.mkfifo(srv / "socket/pipe")
    mounts = {
        "web.conf": False, "conf.d": True, "db.sqlite": True, "big": True, "/etc/hostname": True,
        "acme.json": False, "socket": True, "nothing": True,
    }  # fmt: skip
    assert copied(srv, *mounts.items()) == ["conf.d", "db.sqlite", "big"]
    # whoever may write to it keeps data there, whatever it looks like
    assert copied(srv, *dict.fromkeys(mounts, False).items()) == []
    # what others write to is not only read
    assert copied(srv, ("conf.d", True), ("conf.d/a", False)) == []
    assert copied(srv, (".", False), ("web.conf", True)) == []


def test_more_than_a_configuration_has_stays_where_it_is(srv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fingerprints, "_MOST_BYTES", 3)
    assert copied(srv, ("web.conf", True), ("conf.d", True)) == ["conf.d"]
    monkeypatch.setattr(_fingerprints, "_MOST_ENTRIES", 1)
    assert copied(srv, ("conf.d", True)) == []


def test_of_a_huge_folder_no_more_is_read_than_shows_it(srv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, scandir = [], os.scandir

    @contextlib.contextmanager
    def watched(folder: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
        with scandir(folder) as entries:
            yield (seen.append(entry.name) or entry for entry in entries)  # type: ignore[func-returns-value]

    for number in range(50):
        (srv / f"conf.d/{number}").touch()
    monkeypatch.setattr(_fingerprints, "_MOST_ENTRIES", 10)
    monkeypatch.setattr(os, "scandir", watched)
    assert _fingerprints.of(srv / "conf.d") is None
    assert len(seen) == 11


@pytest.mark.parametrize(
    ("user", "group", "mode", "is_copied"),
    [
        pytest.param(0, 1, 0o600, True, id="root gives each copy its owner"),
        pytest.param(1000, 1000, 0o640, True, id="all is one's own"),
        pytest.param(1000, 999, 0o640, False, id="another group"),
        pytest.param(999, 1000, 0o640, False, id="another owner"),
        pytest.param(999, 999, 0o644, True, id="everybody may read it"),
        pytest.param(999, 999, 0o604, True, id="but for a group that may not"),
    ],
)
@pytest.mark.parametrize("name", ["web.conf", "conf.d"])
def test_a_copy_that_the_container_could_not_read_is_not_made(
    srv: Path, monkeypatch: pytest.MonkeyPatch, user: int, group: int, mode: int, is_copied: bool, name: str
) -> None:
    """Who deploys, where the files are of user and group 1000."""
    entries = _fingerprints._entries

    def of_1000(path: Path) -> Iterator[tuple[str, os.stat_result]]:
        for below, status in entries(path):
            kind = stat.S_IFMT(status.st_mode)
            rights = mode | (mode & 0o444) >> 2 if stat.S_ISDIR(kind) else mode
            yield below, os.stat_result((kind | rights, *status[1:4], 1000, 1000, *status[6:]))

    monkeypatch.setattr(_fingerprints, "_entries", of_1000)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "getegid", lambda: group)
    assert copied(srv, (name, True)) == ([name] if is_copied else [])


def test_the_state_beside_is_none_of_it(srv: Path) -> None:
    model = app(source="images", directory=str(srv.parent))
    contents = Contents(model, srv.parent / "state", srv.parent, DIGESTS)
    contents.settle(mounting((str(srv.parent), True), (str(srv.parent / "state/data/x"), True)), srv, {})
    assert contents.places == {}


def test_a_copy_is_where_its_content_says(srv: Path) -> None:
    def place() -> Path:
        contents, config = read(srv, mounting(("conf.d", True), ("web.conf", True)))
        contents.provide()
        return Path(config["services"]["web"]["volumes"][0]["source"])

    (srv / "conf.d/link").symlink_to("a")
    (srv / "conf.d/a").chmod(0o640)
    first = place()
    assert ((first / "a").read_text(), (first / "a").stat().st_mode & 0o777) == ("a\n", 0o640)
    assert os.readlink(first / "link") == "a"
    assert place() == first
    (srv / "conf.d/a").write_text("b\n")
    second = place()
    assert second != first
    assert [(one / "a").read_text() for one in (first, second)] == ["a\n", "b\n"]
    (srv / "conf.d/a").chmod(0o600)
    assert place() != second
    (srv / "conf.d/a").write_text("a\n")
    (srv / "conf.d/a").chmod(0o640)
    assert place() == first


def test_two_files_with_the_same_content_have_two_places(srv: Path) -> None:
    (srv / "other.conf").write_text("one\n")
    contents, _ = read(srv, mounting(("web.conf", True), ("other.conf", True)))
    contents.provide()
    assert sorted(place.name for place in contents.places if place.read_text() == "one\n") == ["other.conf", "web.conf"]


def using(**configs: dict[str, Any]) -> dict[str, Any]:
    """A service that uses a config and a secret of each, and one that uses none."""
    return {
        "services": {"web": {"configs": [{"source": name, "target": f"/{name}"} for name in configs]},
                     "api": {"secrets": [{"source": name} for name in configs], "labels": {"theirs": "1"}}, "db": {}},
        "configs": configs, "secrets": {name: dict(one) for name, one in configs.items()},
    }  # fmt: skip


def change_file(srv: Path) -> None:
    (srv / "web.conf").write_text("two\n")


@pytest.mark.parametrize(
    ("one", "change", "other", "is_another"),
    [
        pytest.param({"content": "one"}, None, {"content": "two"}, True, id="another content"),
        pytest.param({"content": "one"}, None, {"content": "one"}, False, id="the same content"),
        pytest.param({"environment": "A"}, None, {"environment": "B"}, True, id="another value"),
        pytest.param({"environment": "A"}, None, {"environment": "C"}, False, id="the same value"),
        pytest.param({"file": "SRV/web.conf"}, None, {"file": "SRV/conf.d/a"}, True, id="another file"),
        pytest.param({"file": "SRV/web.conf"}, change_file, {"file": "SRV/web.conf"}, True, id="a file that changed"),
        pytest.param({"file": "SRV/web.conf"}, None, {"file": "SRV/web.conf"}, False, id="the same file"),
        pytest.param({"external": True, "name": "x"}, None, {"external": True, "name": "y"}, False, id="not ours"),
    ],
)
def test_services_have_a_label_of_what_they_use(
    srv: Path, one: dict[str, Any], change: Callable[[Path], None] | None, other: dict[str, Any], is_another: bool
) -> None:
    def labels(config: dict[str, Any]) -> list[str | None]:
        there = {key: value.replace("SRV", str(srv)) if key == "file" else value for key, value in config.items()}
        _, found = read(srv, using(c=there), A="1", B="2", C="1")
        assert LABEL not in (found["services"]["db"].get("labels") or {})
        assert found["services"]["api"]["labels"]["theirs"] == "1"
        return [(found["services"][name].get("labels") or {}).get(LABEL) for name in ("web", "api")]

    before = labels(one)
    if change:
        change(srv)
    after = labels(other)
    assert [first != second for first, second in zip(before, after)] == [is_another] * 2
    assert not any("one" in (label or "") for label in [*before, *after])


def test_a_file_of_a_commit_stays_there_and_one_of_the_host_is_copied(srv: Path) -> None:
    tree = srv.parent / "tree"
    (tree / "deploy").mkdir(parents=True)
    (tree / "web.conf").write_text("of the commit\n")
    names = {"a": tree / "web.conf", "b": srv / "token", "c": tree / "token"}
    contents, config = read(srv, using(**{name: {"file": str(path)} for name, path in names.items()}), source="git")
    contents.provide()
    files = {name: Path(one["file"]) for name, one in config["secrets"].items()}
    assert files["a"] == names["a"]
    # one that is in no repository is where people have put it beside
    assert files["b"] == files["c"] != names["b"]
    assert files["b"].read_text() == "t"
    assert sorted(contents.secrets) == sorted([names["a"], names["b"], names["b"]])
    assert contents.as_data() == {"x-contents": {str(files["b"]): str(names["b"])}}


def test_the_label_does_not_depend_on_where_a_commit_lies(srv: Path) -> None:
    found = []
    for place in ("one", "two"):
        tree = srv.parent / place
        tree.mkdir(mode=0o700 if place == "one" else 0o755)
        (tree / "c").write_text("content")
        (tree / "c").chmod(0o600 if place == "one" else 0o644)
        contents = Contents(app(directory=str(srv)), srv.parent / "state", tree, DIGESTS)
        found.append(contents.settle(using(c={"file": str(tree / "c")}), tree, {})["services"]["web"]["labels"])
    assert found[0] == found[1]


@pytest.mark.parametrize("source", ["images", "git"])
def test_a_file_that_is_missing_is_refused_by_name(srv: Path, source: str) -> None:
    with pytest.raises(Refused) as error:
        read(srv, using(key={"file": str(srv.parent / "tree/gone")}), source=source)
    assert error.value.reason == "compose_files_invalid"
    assert "tree/gone" in error.value.message
    config = using(key={"file": str(srv / "gone")})
    config["services"] = {"web": {}}
    read(srv, config, source=source)  # nobody uses it


@pytest.fixture
def ran(srv: Path) -> tuple[dict[str, Any], Path]:
    """The configuration of a release of an earlier version of ours, whose containers could write to the copy of
    web.conf; and the copy, with a name that has the rights in it."""
    found = _fingerprints.of(srv / "web.conf")
    place = srv.parent / "state/contents" / DIGESTS.of(["web.conf", found]).rpartition(":")[2][:24] / "web.conf"
    place.parent.mkdir(parents=True)
    shutil.copy2(srv / "web.conf", place)
    return {**mounting((str(place), False)), "x-contents": {str(place): str(srv / "web.conf")}}, place


@pytest.mark.parametrize("is_read_only", [True, False])
@pytest.mark.parametrize(
    ("copy", "origin", "is_refused"),
    [
        pytest.param("one\n", "one\n", False, id="nobody wrote"),
        pytest.param("one\n", "two\n", False, id="only the file was edited"),
        pytest.param("written\n", "two\n", True, id="both are others"),
        pytest.param("written\n", "written\n", False, id="it was brought there"),
        pytest.param(None, "two\n", False, id="it is gone"),
    ],
)
def test_what_containers_wrote_into_a_copy_is_not_left_behind(
    srv: Path, ran: tuple[dict[str, Any], Path], copy: str | None, origin: str, is_refused: bool, is_read_only: bool
) -> None:
    config, place = ran
    place.write_text(copy) if copy else place.unlink()
    (srv / "web.conf").write_text(origin)
    contents, _ = read(srv, mounting(("web.conf", is_read_only)))
    read(srv, {"services": {}})[0].refuse_loss(config)  # it is not mounted any more
    with pytest.raises(Refused) if is_refused else contextlib.nullcontext() as error:
        contents.refuse_loss(config)
    if error:
        assert error.value.reason == "path_in_use"
        assert error.value.data["paths"] == [str(srv / "web.conf"), str(place)]
        assert f"cp {srv / 'web.conf'} {place}" in error.value.hint


@pytest.mark.parametrize("is_edited", [True, False])
def test_other_rights_are_nothing_that_was_written(srv: Path, is_edited: bool) -> None:
    first, config = read(srv, mounting(("web.conf", True)))
    first.provide()
    [place] = first.places
    place.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(place, 999, 999)
    if is_edited:
        (srv / "web.conf").write_text("two\n")
    second, _ = read(srv, mounting(("web.conf", True)))
    second.refuse_loss({**config, **first.as_data()})
    second.provide()
    _contents.refuse_removal(place.parent, DIGESTS)
    assert len([*place.parent.parent.iterdir()]) == len({place, *second.places})


def hollow(place: Path) -> None:
    """What Docker does where nothing is to be mounted."""
    place.mkdir(parents=True)


def with_a_file(place: Path) -> None:
    hollow(place)
    (place / "x").write_text("written")


@pytest.mark.parametrize(
    ("name", "change", "is_there", "can_be_made"),
    [
        pytest.param("web.conf", None, True, True, id="as it was made"),
        pytest.param("conf.d", None, True, True, id="a folder as it was made"),
        pytest.param("web.conf", lambda place: None, False, True, id="it is gone"),
        pytest.param("web.conf", hollow, False, True, id="a folder in the place of a file"),
        pytest.param("conf.d", hollow, False, True, id="an empty folder in the place of a folder"),
        pytest.param("web.conf", with_a_file, False, False, id="a folder with what containers wrote"),
        pytest.param("web.conf", lambda place: place.write_text("x"), True, True, id="a file that was written to"),
    ],
)
def test_what_counts_as_a_copy(
    srv: Path, name: str, change: Callable[[Path], None] | None, is_there: bool, can_be_made: bool
) -> None:
    contents, _ = read(srv, mounting((name, True)))
    contents.provide()
    [(place, path)] = contents.places.items()
    if change:
        shutil.rmtree(place) if place.is_dir() else place.unlink()
        change(place)
    assert _contents.is_there(place, path, DIGESTS) is is_there
    with contextlib.nullcontext() if can_be_made else pytest.raises(OpsError):
        contents.provide()
    assert _contents.is_there(place, path, DIGESTS) is can_be_made
    assert can_be_made or (place / "x").read_text() == "written"


def test_what_the_engine_made_is_taken_away(srv: Path) -> None:
    contents, _ = read(srv, mounting(("web.conf", True)))
    [place] = contents.places
    hollow(place)
    _contents.refuse_removal(place.parent, DIGESTS)
    (place / "x").write_text("written")
    with pytest.raises(OpsError):
        _contents.refuse_removal(place.parent, DIGESTS)


@pytest.mark.parametrize("writer", ["web.conf", ".", "link"])
def test_a_secret_that_somebody_may_write_to_is_no_copy(srv: Path, writer: str) -> None:
    (srv / "link").symlink_to("web.conf")
    config = {**using(c={"file": str(srv / "web.conf")})}
    config["services"]["db"] = mounting((writer, False))["services"]["web"]
    contents, found = read(srv, config)
    assert (contents.places, found["secrets"]["c"]["file"]) == ({}, str(srv / "web.conf"))


def test_what_containers_wrote_into_a_copy_is_not_taken_away(srv: Path, ran: tuple[dict[str, Any], Path]) -> None:
    _, place = ran
    place.write_text("written\n")
    assert _contents.spare(srv.parent / "state", []) == [place.parent.name]
    with pytest.raises(OpsError):
        _contents.refuse_removal(place.parent, DIGESTS)
    place.write_text("one\n")
    _contents.refuse_removal(place.parent, DIGESTS)


def test_what_a_release_mounts_is_not_spare(srv: Path) -> None:
    contents, config = read(srv, mounting(("web.conf", True)))
    assert _contents.spare(srv.parent / "state", []) == []
    contents.provide()
    assert _contents.spare(srv.parent / "state", [{**config, **contents.as_data()}]) == []
    assert len(_contents.spare(srv.parent / "state", [config])) == 1


def log(path: Path) -> None:
    with path.open("a") as file:
        file.write("another line\n")


@pytest.mark.parametrize(
    "change", [pytest.param(log, id="it is written to"), pytest.param(Path.unlink, id="it was taken away")]
)
def test_what_changes_while_it_is_copied_stays_where_it_is(
    srv: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    copying = _fingerprints.copy

    def copy(path: Path, place: Path) -> None:
        if path.name == "web.conf":
            change(path)
        copying(path, place)

    monkeypatch.setattr(_fingerprints, "copy", copy)
    contents = Contents(app(source="images", directory=str(srv)), srv.parent / "state", srv, DIGESTS)
    config = contents.made(mounting(("web.conf", True), ("conf.d", True)), srv, {})
    sources = [Path(one["source"]) for one in config["services"]["web"]["volumes"]]
    assert sources[0] == Path("web.conf")
    assert {sources[1]: srv / "conf.d"} == contents.places
    assert (sources[1] / "a").read_text() == "a\n"
    assert [one.name for one in (srv.parent / "state/contents").iterdir()] == [sources[1].parent.name]


def test_what_cannot_be_copied_is_an_error(srv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy(path: Path, place: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(place))

    monkeypatch.setattr(_fingerprints, "copy", copy)
    contents, _ = read(srv, mounting(("web.conf", True)))
    with pytest.raises(OpsError) as error:
        contents.provide()
    assert error.value.reason == "system_error"


def test_a_dollar_in_a_name_is_written_twice(srv: Path) -> None:
    (srv / "a$b").write_text("dollar\n")
    contents, config = read(srv, mounting(("a$$b", True)))
    contents.provide()
    assert "$" not in config["services"]["web"]["volumes"][0]["source"]
    [(place, path)] = _contents.copies(contents.as_data()).items()
    assert (Path(place).read_text(), path) == ("dollar\n", str(srv / "a$b"))


def test_a_seccomp_profile_is_copied_as_well(srv: Path) -> None:
    service = {"security_opt": ["no-new-privileges", f"seccomp={srv}/token"]}
    contents, config = read(srv, {"services": {"web": service}})
    [place] = contents.places
    assert config["services"]["web"]["security_opt"] == ["no-new-privileges", f"seccomp={place}"]


def test_a_release_whose_copy_is_gone_is_not_returned_to(srv: Path) -> None:
    shop = target(srv.parent / "state")
    contents, config = read(srv, mounting(("web.conf", True)))
    contents.provide()
    token = shop.store.acquire(holder="ana", purpose="deploy", ttl=60, wait=0).token
    for release in ("0001-v1", "0002-v2"):
        shop.store.write(f"releases/{release}/compose.json", {**config, **contents.as_data()}, token=token)
    shop.project = SimpleNamespace(has_image=lambda _: True)  # type: ignore[assignment]
    assert shop.lacks(record()) == []
    assert shop.spare_contents() == []
    shop.store.remove("releases", "0001-v1", token=token)
    assert shop.spare_contents() == []
    shop.digests = DIGESTS
    [place] = contents.places
    place.unlink()
    assert len(shop.lacks(record(2, "v2"))) == 1
    contents.provide()
    shop.store.remove("releases", "0002-v2", token=token)
    place.write_text("written\n")
    with pytest.raises(OpsError):
        shop.remove_contents(place.parent.name, token)
    place.write_text("one\n")
    for name in shop.spare_contents():
        shop.remove_contents(name, token)
    assert shop.spare_contents() == []
