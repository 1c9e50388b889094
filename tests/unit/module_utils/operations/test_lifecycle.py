"""How operations start and end, on a real state folder and without an engine."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _actions
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target import _target
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import (
    LeaseHeld,
    LeaseLost,
    OpsError,
    Refused,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.databases._postgres import Database
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _info, _lifecycle
from ansible_collections.doppelganger.ops.plugins.module_utils.state import _journal
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Config, Image
from tests.unit.support.making import DB, WEB, backup, container, model, record_file

SOURCE = record_file()["source"]
WANTED = {"version": "v2", "source": SOURCE, "env": "e" * 64, "inputs": "f" * 64, "services": ["db", "web"]}


class Engine:
    """A project whose containers are as the first release recorded them."""

    name = "web"

    def __init__(self, _name: str) -> None:
        self.images = {WEB, DB}

    def has_image(self, image: str) -> bool:
        return image in self.images

    def containers(self, **_options: Any) -> list[Any]:
        return [container("web"), container("db")]

    def inspected(self) -> list[Any]:
        return []

    def read(self, seen: list[Any]) -> list[Any]:
        return seen

    def close(self) -> None:
        """There is no connection."""


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The images that pruning removed."""
    images: list[str] = []
    monkeypatch.setattr(_target, "Project", Engine)
    monkeypatch.setattr(_actions, "forget_image", lambda _project, _tag, _name, image: images.append(image))
    return images


class Host:
    """The steps of operations on one state folder."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        self.app = model(state_dir=str(folder), **changes)
        self.store = Store(str(folder))

    def call(self, entry: Any, *, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        defaults = {name: option.get("default") for name, option in entry.spec.items()}
        found: dict[str, Any] = entry.on(_target.ComposeTarget).run({**defaults, "app": self.app, **params}, check_mode)
        return found

    def start(self, version: str = "v2", **params: Any) -> dict[str, Any]:
        wanted = {**WANTED, "version": version}
        given = {"operation": "deploy", "subject": version, "wanted": wanted, "operator": "ana@console"}
        return self.call(_lifecycle.START, **{**given, **params})

    def finish(self, started: dict[str, Any], **params: Any) -> dict[str, Any]:
        given = {"token": started["token"], "release": started["release"]}
        return self.call(_lifecycle.FINISH, **{**given, **params})

    def succeed(self, version: str) -> str:
        """A whole deployment, with the images and the backup that it would have made."""
        started = self.start(version)
        release: str = started["release"]
        self.change(release, images=record_file()["images"], backup=self.back_up(release))
        self.finish(started, good=release, activate=release)
        return release

    def fail(self, version: str, **params: Any) -> str:
        started = self.start(version)
        release: str = started["release"]
        image = {"id": f"sha256:{started['token']:064x}", "reference": version}
        self.change(release, images={"web": image}, backup=self.back_up(release))
        self.finish(started, outcome="failed", bad=release, why="It answered 500.", **params)
        return release

    def back_up(self, release: str) -> str:
        name = f"20261123T204105Z-{release}"
        self.store.write(f"backups/{name}/backup.json", backup(id=name, release=release))
        return name

    def change(self, release: str, **changes: Any) -> None:
        self.store.write(f"releases/{release}/record.json", {**self.record(release), **changes})

    def record(self, release: str) -> dict[str, Any]:
        return self.store.read(f"releases/{release}/record.json") or {}

    def current(self) -> str | None:
        found: str | None = (self.store.read("current.json") or {"release": None})["release"]
        return found

    def let_expire(self) -> None:
        """As time does after a run was killed."""
        lease = self.store.read("lease.json") or {}
        self.store.write("lease.json", {**lease, "expires": time.time() - 1})

    def files(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}


@pytest.fixture
def host(tmp_path: Path, forgotten: list[str]) -> Host:
    del forgotten
    return Host(tmp_path / "state")


def test_an_operation_takes_the_lease_and_records_its_intent(host: Host) -> None:
    started = host.start("v1", reason="first")
    assert (started["token"], started["release"], started["previous"]) == (1, "0001-v1", None)
    assert started["makes_release"]
    written = host.record("0001-v1")
    assert (written["status"], written["operator"], written["reason"]) == ("pending", "ana@console", "first")
    assert (host.store.read("operation.json") or {})["status"] == "running"
    assert "ana@console" in (host.store.lease() or pytest.fail("no lease")).described()


def test_a_good_outcome_makes_the_release_the_current_one(host: Host) -> None:
    release = host.succeed("v1")
    assert host.current() == release
    assert host.record(release)["status"] == "good"
    assert host.record(release)["activated"]
    assert (host.store.read("operation.json") or {})["status"] == "done"
    assert (host.store.lease() or pytest.fail("no lease")).released


def test_a_bad_outcome_leaves_the_current_one_and_keeps_why_without_secrets(host: Host, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TOKEN=canary-1234\n")
    host.app["env_files"] = [str(tmp_path / ".env")]
    good = host.succeed("v1")
    started = host.start("v2")
    host.finish(
        started,
        outcome="failed",
        bad=started["release"],
        why="login with canary-1234 failed",
        gates=[{"name": "API", "reason": "canary-1234"}],
        evidence="/evidence/0002-v2",
    )
    written = host.record(started["release"])
    assert host.current() == good
    assert (written["status"], written["evidence"]) == ("bad", "/evidence/0002-v2")
    assert written["message"] == "login with ******** failed"
    assert "canary" not in json.dumps(written)


def test_ten_failed_deployments_keep_the_last_good_release_with_its_images_and_its_backup(
    tmp_path: Path, forgotten: list[str]
) -> None:
    host = Host(tmp_path / "state", keep_good=1, keep_bad=2, keep_backups=1)
    good = host.succeed("v1")
    bad = [host.fail(f"v{number}") for number in range(2, 12)]
    started = host.start("", operation="rollback", wanted={}, release=good)
    host.finish(started, good=good, activate=good)
    assert host.store.folders("releases") == [good, *bad[8:]]
    assert host.record(good)["backup"] in host.store.folders("backups")
    assert len(forgotten) == 8
    assert not {WEB, DB} & set(forgotten)


def test_pruning_takes_evidence_and_sources_along(tmp_path: Path, forgotten: list[str]) -> None:
    del forgotten
    host = Host(tmp_path / "state", keep_bad=1)
    good, old, new = host.succeed("v1"), host.fail("v2"), host.fail("v3")
    for name in (f"evidence/{old}", f"evidence/{new}", "source/mirror.git", f"source/{'c' * 12}", "source/0ldc0mmit",
                 "contents/needed", "contents/spare"):  # fmt: skip
        (host.folder / name).mkdir(parents=True)
    mounts = {"services": {}, "x-contents": {f"{host.folder}/contents/needed/web.conf": "/srv/web.conf"}}
    host.store.write(f"releases/{good}/compose.json", mounts)
    started = host.start("", operation="rollback", wanted={}, release=good)
    host.finish(started, good=good, activate=good)
    assert host.store.folders("evidence") == [new]
    assert host.store.folders("source") == ["c" * 12, "mirror.git"]
    assert host.store.folders("contents") == ["needed"]


def test_the_backup_that_was_restored_last_stays(tmp_path: Path, forgotten: list[str]) -> None:
    del forgotten
    host = Host(tmp_path / "state", keep_backups=1)
    for day, restored in ((1, None), (2, "2026-11-24T00:00:00Z"), (3, None)):
        name = f"2026110{day}T204105Z-0000-none"
        made = backup(id=name)
        host.store.write(f"backups/{name}/backup.json", {**made, "restored": restored} if restored else made)
    host.succeed("v1")
    kept = [name[:8] for name in host.store.folders("backups")]
    assert kept == ["20261102", "20261123"]


def test_of_operations_without_a_release_the_newest_evidence_stays(tmp_path: Path, forgotten: list[str]) -> None:
    del forgotten
    host = Host(tmp_path / "state", keep_bad=2)
    for number in range(1, 5):
        (host.folder / f"evidence/operation-{number:04d}").mkdir(parents=True)
    host.succeed("v1")
    assert host.store.folders("evidence") == ["operation-0003", "operation-0004"]


def test_a_current_release_that_turned_out_bad_is_not_the_current_one_any_more(host: Host) -> None:
    good = host.succeed("v1")
    started = host.start("", operation="rollback", wanted={}, release="")
    found = host.finish(started, release="", bad=good)
    assert (host.current(), found["current"], host.record(good)["status"]) == (None, None, "bad")


@pytest.mark.parametrize(("was", "becomes"), [("good", "left"), ("bad", "bad")])
def test_what_a_rollback_leaves_can_be_chosen_again(host: Host, was: str, becomes: str) -> None:
    old, new = host.succeed("v1"), host.succeed("v2")
    host.change(new, status=was)
    started = host.start("", operation="rollback", wanted={}, release=old)
    host.finish(started, good=old, activate=old, left=new, why="Rolled back: slow")
    left = host.record(new)
    assert (host.current(), left["status"], left["message"]) == (old, becomes, "Rolled back: slow")


def test_a_rollback_takes_nothing_of_what_it_leaves_away(tmp_path: Path, forgotten: list[str]) -> None:
    host = Host(tmp_path / "state", keep_good=2, keep_bad=1)
    old, new = host.succeed("v1"), host.succeed("v2")
    for number in range(3):
        host.fail(f"v3.{number}")
    del forgotten[:]
    started = host.start("", operation="rollback", wanted={}, release=old)
    host.finish(started, good=old, activate=old, left=new, why="Rolled back: slow")
    assert set(host.store.folders("releases")) >= {old, new}
    assert forgotten == []


def test_another_release_that_is_bad_leaves_the_current_one(host: Host) -> None:
    good = host.succeed("v1")
    host.fail("v2")
    assert host.current() == good


def test_what_cannot_be_taken_away_undoes_no_good_release(
    tmp_path: Path, forgotten: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(tmp_path, keep_good=1)
    (tmp_path / "source/0123456789ab").mkdir(parents=True)
    remove = Store.remove

    def stubborn(store: Store, kind: str, name: str, *, token: int) -> None:
        if kind == "source":
            raise PermissionError(13, "Permission denied", name)
        remove(store, kind, name, token=token)

    monkeypatch.setattr(Store, "remove", stubborn)
    host.succeed("v1")
    started = host.start("v2")
    release = started["release"]
    host.change(release, images=record_file()["images"], backup=host.back_up(release))
    found = host.finish(started, good=release, activate=release)
    assert found["pruned"]["left"] == ["source 0123456789ab: [Errno 13] Permission denied: '0123456789ab'"]
    assert found["pruned"]["releases"] == ["0001-v1"]
    assert host.store.read("current.json") == {"release": release}
    assert (host.store.read("operation.json") or {})["status"] == "done"


def test_a_lost_lease_ends_pruning(tmp_path: Path, forgotten: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path, keep_good=1)
    (tmp_path / "source/0123456789ab").mkdir(parents=True)

    def lost(*_: Any, **__: Any) -> None:
        raise LeaseLost("somebody else has it")

    monkeypatch.setattr(Store, "remove", lost)
    with pytest.raises(LeaseLost):
        host.succeed("v1")


def test_what_a_killed_run_left_is_closed_and_reported_by_the_next_start(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied: list[str] = []
    monkeypatch.setattr(_actions, "remove_migration", lambda _project: tidied.append("migration"))
    monkeypatch.setattr(Database, "drop_leftovers", lambda _database: tidied.append("database"))
    host.app.update({"database_service": "db", "database_name": "shop", "database_user": "shop"})
    good = host.succeed("v1")
    killed = host.start("v2")
    (host.folder / "backups/.20261123T204105Z-0002-v2").mkdir(parents=True)
    assert tidied == []
    operation = _journal.Operation(host.store, killed["token"], 60)
    operation.note_phase({"name": "migrate", "state": "running", "started": "2026-11-23T20:00:00Z"})
    host.let_expire()
    started = host.start("v3")
    assert started["interrupted"] is not None
    assert (started["interrupted"]["release"], started["interrupted"]["phase"]) == (killed["release"], "migrate")
    assert started["previous"] == good
    closed = host.record(killed["release"])
    assert (closed["status"], closed["message"]) == ("bad", "Its operation was interrupted in phase migrate.")
    assert host.record(started["release"])["status"] == "pending"
    assert tidied == ["migration", "database"]
    assert [name for name in host.store.folders("backups") if name.startswith(".")] == []


def test_a_run_killed_before_its_journal_leaves_no_pending_release_for_ever(host: Host) -> None:
    host.succeed("v1")
    host.store.write("releases/0002-v2/record.json", record_file(2, "v2", "pending"))
    assert host.start("v3")["interrupted"] is None
    assert host.record("0002-v2")["message"] == "Its operation was interrupted."


def test_a_killed_holder_cannot_write_any_more(host: Host) -> None:
    killed = host.start("v2")
    host.let_expire()
    host.start("v3")
    with pytest.raises(LeaseLost):
        host.finish(killed, good=killed["release"], activate=killed["release"])
    assert host.current() is None
    assert host.record(killed["release"])["status"] == "bad"


def test_a_second_operation_is_told_who_is_at_it(host: Host) -> None:
    host.start("v2")
    with pytest.raises(LeaseHeld, match=r"held by ana@console since .* for deploy v2"):
        host.start("v3", operator="bo@console")
    assert host.store.folders("releases") == ["0001-v2"]


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        pytest.param("", "expected release none, found 0001-v1", id="none was expected"),
        pytest.param("0009-x", "expected release 0009-x, found 0001-v1", id="another was expected"),
    ],
)
def test_a_plan_for_another_state_is_refused_and_gives_the_lease_back(host: Host, expected: str, found: str) -> None:
    host.succeed("v1")
    with pytest.raises(Refused) as error:
        host.start("v2", expected_current=expected)
    assert found in error.value.message
    assert (host.store.lease() or pytest.fail("no lease")).released
    assert host.store.folders("releases") == ["0001-v1"]


def test_check_mode_changes_nothing_and_predicts(host: Host) -> None:
    host.succeed("v1")
    before = host.files()
    started = host.start("v2", check_mode=True)
    assert (started["release"], started["previous"], started["changed"]) == ("0002-v2", "0001-v1", True)
    host.finish({**started, "token": 0}, check_mode=True)
    host.call(_info.LOCK, operator="bo@console", reason="x", check_mode=True)
    host.call(_info.LOCK, operator="bo@console", reason="x", state="absent", check_mode=True)
    assert host.files() == before


def test_check_mode_takes_no_lock_away(host: Host) -> None:
    host.call(_info.LOCK, operator="bo@console", reason="x", state="present")
    before = host.files()
    found = host.call(_info.LOCK, operator="bo@console", reason="x", state="absent", check_mode=True)
    assert found["changed"]
    assert host.files() == before
    assert host.call(_info.LOCK, operator="bo@console", reason="x", state="absent")["changed"]
    assert not host.call(_info.LOCK, operator="bo@console", reason="x", state="absent")["changed"]


def test_what_was_cut_off_is_part_of_the_situation(host: Host) -> None:
    killed = host.start("v1")
    on = _target.ComposeTarget.of({"app": host.app})
    assert _info.situation(on)["interrupted"] is None  # it may be alive
    host.let_expire()
    assert _info.situation(on)["interrupted"]["release"] == killed["release"]


def test_a_step_closes_what_it_has_opened_and_opens_nothing_for_that(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Any] = []
    monkeypatch.setattr(Engine, "close", lambda self: closed.append(self))
    with _target.ComposeTarget.of({"app": host.app}) as asked:
        asked.project.containers()
    with _target.ComposeTarget.of({"app": host.app}):
        pass
    assert closed == [asked.project]


def test_an_error_of_a_step_loses_its_secrets(host: Host, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TOKEN=canary-1234\n")
    host.app["env_files"] = [str(tmp_path / ".env")]
    on = _target.ComposeTarget.of({"app": host.app})
    with pytest.raises(OpsError) as failed, on.shown_safely():
        raise OpsError("login with canary-1234 failed", said=["canary-1234"])
    assert (failed.value.message, failed.value.data) == ("login with ******** failed", {"said": ["********"]})


def test_check_mode_is_told_about_a_lease_as_well(host: Host) -> None:
    host.start("v2")
    with pytest.raises(LeaseHeld):
        host.start("v3", check_mode=True)


# finding a release


def resolve(host: Host, release: str) -> dict[str, Any]:
    return host.call(_lifecycle.RESOLVE, release=release)


def with_releases(host: Host) -> tuple[str, str]:
    releases = (host.succeed("v1"), host.succeed("v2"))
    for release in releases:
        host.change(release, config=record_file()["config"])
        host.store.write(f"releases/{release}/compose.json", {"services": {}})
    return releases


def test_a_rollback_to_what_runs_is_not_needed(host: Host) -> None:
    _, current = with_releases(host)
    found = resolve(host, "last good")
    assert (found["needed"], found["release"], found["leaves"]) == (False, current, "")


def test_a_rollback_to_what_runs_is_needed_after_a_kill(host: Host) -> None:
    _, current = with_releases(host)
    host.start("v3")
    host.let_expire()
    assert (resolve(host, "last good")["needed"], resolve(host, "last good")["release"]) == (True, current)


def test_a_rollback_names_what_it_leaves(host: Host) -> None:
    old, current = with_releases(host)
    found = resolve(host, "v1")
    assert (found["needed"], found["release"], found["version"], found["leaves"]) == (True, old, "v1", current)
    assert found["reasons"] == [f"{current} is current, {old} was requested"]
    assert found["services"] == ["db", "web"]


def test_a_release_that_lost_its_configuration_cannot_come_back(host: Host) -> None:
    old, _ = with_releases(host)
    (host.folder / "releases" / old / "compose.json").unlink()
    with pytest.raises(Refused, match=f"Release {old} cannot be restored; missing: the rendered configuration"):
        resolve(host, old)


def test_a_release_whose_image_is_gone_is_refused_by_name(host: Host) -> None:
    old, current = with_releases(host)
    host.change(old, images={"web": {"id": "sha256:gone", "reference": "x"}})
    with pytest.raises(Refused, match=r"missing: the image of web \(sha256:gone\)") as error:
        resolve(host, "v1")
    assert error.value.hint == f"Choose one of: {current}."


# the lock that people set


def lock(host: Host, state: str = "present", operator: str = "bo@console", reason: str = "disks") -> dict[str, Any]:
    return host.call(_info.LOCK, state=state, operator=operator, reason=reason)


def test_a_maintenance_lock_is_set_once_and_keeps_operations_out(host: Host) -> None:
    assert lock(host)["changed"]
    assert not lock(host)["changed"]
    with pytest.raises(LeaseHeld, match=r"held by bo@console since .* for disks, until it is unlocked"):
        host.start("v2")
    with pytest.raises(LeaseHeld):
        lock(host, operator="cy@console")


def test_an_unlock_names_whom_it_took_the_lease_from(host: Host) -> None:
    lock(host)
    found = lock(host, "absent", operator="cy@console", reason="bo is on holiday")
    assert (found["changed"], found["was"]["holder"]) == (True, "bo@console")
    again = lock(host, "absent")
    assert (again["changed"], again["was"]) == (False, None)
    trail = [json.loads(line) for line in (host.folder / "audit.jsonl").read_text().splitlines()]
    assert (trail[-1]["by"], trail[-1]["reason"]) == ("cy@console", "bo is on holiday")


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_lock_needs_a_reason(host: Host, state: str) -> None:
    with pytest.raises(Refused, match="A reason is required"):
        lock(host, state, reason="")


def test_what_a_target_knows_of_itself(host: Host) -> None:
    release = host.succeed("v1")
    info = host.call(_info.INFO)
    assert (info["current"], len(info["releases"]), info["lease"], info["interrupted"]) == (release, 1, None, None)
    assert info["table"][2].startswith(f"*  {release}")
    assert [each["id"] for each in info["backups"]] == [f"20261123T204105Z-{release}"]
    assert any(f"20261123T204105Z-{release}" in line for line in info["table"])


def test_an_empty_target_says_so(host: Host) -> None:
    info = host.call(_info.INFO)
    assert info["table"] == ["No release was made on this target yet."]
    assert not host.folder.exists(), "looking leaves nothing"


@pytest.mark.parametrize(
    ("operation", "release", "wanted", "woken"),
    [("deploy", "", WANTED, 1), ("rollback", "0001-v1", {}, 1), ("backup", "", {}, 0)],
)
def test_what_somebody_paused_goes_on_where_a_release_is_to_run(
    operation: str, release: str, wanted: dict[str, Any], woken: int, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.succeed("v1")
    seen: list[str] = []
    monkeypatch.setattr(_actions, "wake", lambda project: seen.append(project.name))
    host.start("v2", operation=operation, release=release, wanted=wanted)
    assert len(seen) == woken


# what ran before the first release


FOUND = ({"web": Image(WEB, "x")}, Config("e", "i", {"web": "h"}))


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something runs that no release started."""
    monkeypatch.setattr(_target.ComposeTarget, "found", lambda _target: ["web"])
    monkeypatch.setattr(_target.ComposeTarget, "keep_found", lambda _target, _release, _token: FOUND)


@pytest.fixture
def adopting(tmp_path: Path, forgotten: list[str], running: None) -> Host:
    del forgotten, running
    return Host(tmp_path / "state", adopt=True)


def test_what_ran_before_the_first_release_is_the_one_to_return_to(adopting: Host) -> None:
    started = adopting.start("v1")
    found = adopting.record("0000-found")
    assert (started["release"], started["previous"], started["previous_services"]) == ("0001-v1", "0000-found", ["web"])
    assert (found["status"], found["source"]["type"], found["config"]["services"]) == ("good", "found", {"web": "h"})
    assert found["images"] == {"web": {"id": WEB, "reference": "x"}}
    assert (adopting.current(), adopting.record("0001-v1")["previous"]) == ("0000-found", "0000-found")


def test_it_is_recorded_once(adopting: Host) -> None:
    adopting.fail("v1")
    before = adopting.record("0000-found")
    assert adopting.start("v2")["previous"] == "0000-found"
    assert adopting.record("0000-found") == before


def test_a_check_says_what_it_would_record_and_does_not(adopting: Host) -> None:
    assert adopting.call(_lifecycle.START, check_mode=True, operation="deploy", wanted=WANTED,
                         operator="ana@console")["previous"] == "0000-found"  # fmt: skip
    assert adopting.store.folders("releases") == []


def test_nobody_takes_over_what_runs_without_saying_so(host: Host, running: None) -> None:
    del running
    with pytest.raises(Refused, match="web") as error:
        host.start("v1")
    assert error.value.reason == "not_adopted"
    assert host.store.folders("releases") == []
    lease = host.store.lease()
    assert lease is not None
    assert lease.released


@pytest.mark.parametrize("error", [OpsError("The engine is gone."), KeyError("adminer")])
def test_the_lease_is_given_back_where_what_runs_cannot_be_recorded(
    adopting: Host, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(_target.ComposeTarget, "keep_found", broken)
    with pytest.raises(type(error)):
        adopting.start("v1")
    lease = adopting.store.lease()
    assert lease is not None
    assert lease.released


def test_whoever_makes_no_release_takes_nothing_over(adopting: Host) -> None:
    adopting.start("", operation="backup", wanted={})
    assert adopting.current() is None
