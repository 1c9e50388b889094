"""The decisions inside the steps of an operation, as pure functions."""

from __future__ import annotations

import hashlib
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps import _apply, _images, _preflight
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target import _target
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import LeaseLost, OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _backup, _evidence, _info
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Container
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Record
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import BLANK, Redactor
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import Unreachable
from tests.unit.support.making import DB, WEB, container, journal, record, record_file, target

# bringing a release up


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({}, None, id="it runs"),
        pytest.param({"health": "starting"}, None, id="it is starting"),
        pytest.param({"state": "created"}, None, id="it was made"),
        pytest.param({"service": "other", "state": "exited"}, None, id="another service is not waited for"),
        pytest.param({"oom_killed": True, "state": "exited"}, "web was killed for want of memory", id="out of memory"),
        pytest.param({"state": "exited", "exit_code": 3}, "web exited with code 3", id="it exited"),
        pytest.param(
            {"state": "exited", "exit_code": 127, "error": "no such file"},
            "web exited with code 127: no such file",
            id="it could not start",
        ),
        pytest.param(
            {"state": "restarting", "exit_code": 1, "restart_count": 2},
            "web keeps restarting (exit code 1, 2 restarts)",
            id="it is being restarted",
        ),
        pytest.param(
            {"restart_count": 3, "exit_code": 1}, "web keeps restarting (exit code 1, 3 restarts)", id="a crash loop"
        ),
        pytest.param({"oom_killed": True}, None, id="a child of it was killed, it runs on"),
        pytest.param(
            {"oom_killed": True, "restart_count": 1},
            "web was killed for want of memory",
            id="it was killed and restarted",
        ),
        pytest.param(
            {"health": "unhealthy", "health_output": "refused"},
            "web is unhealthy: refused",
            id="its health check fails",
        ),
        pytest.param({"state": "paused"}, "web was paused while it was started", id="somebody paused it"),
        pytest.param(
            {"health": "unhealthy"}, "web is unhealthy: its health check says nothing", id="a silent health check"
        ),
    ],
)
def test_waiting_ends_at_once_where_it_is_of_no_use(changes: dict[str, Any], reason: str | None) -> None:
    assert _apply.terminal_reason([container(**{"service": "web", **changes})], ["web"]) == reason


@pytest.mark.parametrize(
    ("containers", "missing"),
    [
        pytest.param([container("web"), container("db")], [], id="all are up"),
        pytest.param([container("web", health="starting"), container("db")], ["web"], id="one is starting"),
        pytest.param([], ["web", "db"], id="nothing is there"),
    ],
)
def test_what_is_not_up_yet(containers: list[Container], missing: list[str]) -> None:
    assert _apply.waiting_for(containers, ["web", "db"]) == missing


WEBS = [container("web", number=number, id=str(number)) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("containers", "wanted", "missing", "changed"),
    [
        pytest.param(WEBS, 3, [], [], id="three of three"),
        pytest.param(WEBS[2:], 3, ["web"], ["web"], id="one of three"),
        pytest.param(
            [*WEBS[:2], container("web", number=3, health="starting")], 3, ["web"], [], id="the third is starting"
        ),
        pytest.param(
            [*WEBS[:2], container("web", number=3, state="exited")], 3, ["web"], ["web"], id="the third has ended"
        ),
        pytest.param([], 0, [], [], id="none is up at once"),
        pytest.param(WEBS[:1], 0, [], ["web"], id="one that goes"),
        pytest.param(WEBS, 1, [], ["web"], id="two that go"),
    ],
)
def test_all_of_a_service_are_waited_for(
    containers: list[Container], wanted: int, missing: list[str], changed: list[str]
) -> None:
    assert _apply.waiting_for(containers, ["web"], replicas={"web": wanted}) == missing
    assert _apply.to_change(containers, {"web": "hash-web"}, {"web": WEB}, {"web": wanted}) == changed


@pytest.mark.parametrize(
    ("found", "changed"),
    [
        pytest.param([container("web"), container("db")], [], id="already up to date"),
        pytest.param([container("web", config_hash="x"), container("db")], ["web"], id="another configuration"),
        pytest.param([container("web", image_id="x"), container("db")], ["web"], id="another image"),
        pytest.param([container("web", state="exited"), container("db")], ["web"], id="a stopped one"),
        pytest.param([container("db")], ["web"], id="a missing one"),
        pytest.param([container("web"), container("db"), container("old")], ["old"], id="one too many"),
        pytest.param([], ["db", "web"], id="nothing is there"),
    ],
)
def test_what_bringing_a_release_up_is_going_to_change(found: list[Container], changed: list[str]) -> None:
    hashes, images = {"web": "hash-web", "db": "hash-db"}, {"web": WEB, "db": DB}
    assert _apply.to_change(found, hashes, images, {}) == changed


@pytest.mark.parametrize(
    ("shared", "changed"),
    [
        pytest.param({}, ["db"], id="nobody"),
        pytest.param({"web": {"db"}}, ["db", "web"], id="whoever is in its network"),
        pytest.param({"web": {"cache"}}, ["db"], id="whoever is in another one's"),
        pytest.param({"web": {"api"}, "api": {"db"}}, ["db", "web"], id="and in theirs"),
    ],
)
def test_who_is_made_again_with_a_container(shared: dict[str, set[str]], changed: list[str]) -> None:
    hashes, images = {"web": "hash-web", "db": "hash-db"}, {"web": WEB, "db": DB}
    found = [container("web"), container("db", config_hash="x")]
    assert [one for one in _apply.to_change(found, hashes, images, {}, shared) if one != "api"] == changed


# images

BUILDS, SOURCE = {"web": "digest"}, record_file()["source"]
OTHERWISE = {"web": {"id": WEB, "reference": "", "build": "other"}}


def built(**changes: Any) -> Record:
    image = {"id": WEB, "reference": "shop-web", "build": "digest"}
    return record(**{"images": {"web": image, "db": {"id": DB, "reference": "postgres:16"}}, **changes})


@pytest.mark.parametrize(
    ("others", "kept"),
    [
        pytest.param([built()], True, id="built before"),
        pytest.param([built(status="bad")], False, id="by a release that was bad"),
        pytest.param([built(status="pending")], False, id="by a release that was cut off"),
        pytest.param([built(version="v2")], False, id="as another version"),
        pytest.param([built(source={**SOURCE, "commit": "e" * 40})], False, id="from another commit"),
        pytest.param([built(images=OTHERWISE)], False, id="in another way"),
        pytest.param([built(images={})], False, id="without that service"),
        pytest.param([], False, id="never"),
    ],
)
def test_images_are_built_once(others: list[Record], kept: bool) -> None:
    found = _images.kept_images(others, record(), BUILDS, ["web"])
    assert (found is not None) is kept
    if found:
        assert found == {"web": built().images["web"]}


def test_an_image_is_kept_by_a_tag_of_its_own() -> None:
    assert _target.keep_tag("shop", "sha256:0123456789abcdef") == ("doppelganger-ops/shop", "0123456789ab")


# backup, migration, preflight


def test_a_backup_is_named_by_its_moment_and_its_release() -> None:
    assert _backup.backup_id(1795466465, "0002-v0.2.0") == "20261123T204105Z-0002-v0.2.0"


@pytest.mark.parametrize(
    ("free", "problem"),
    [
        (1024, None),
        (
            1023,
            "/var has 1023 MiB free, expected 1024 MiB or more (app_disk_free_mb). Make room, then re-run.",
        ),
    ],
)
def test_a_full_disk_is_named(free: int, problem: str | None) -> None:
    assert _preflight.disk_problem("/var", free, 1024) == problem


# evidence


def failing(error: Exception) -> Any:
    def collector() -> str:
        raise error

    return collector


def test_a_collector_that_fails_never_fails_the_bundle() -> None:
    collectors = {
        "web.log": lambda: "token canary-1234",
        "usage.txt": failing(OpsError("docker stats of canary-1234 failed")),
        "disk.json": failing(PermissionError(13, "denied")),
        "build.log": failing(FileNotFoundError(2, "nothing was built")),
    }
    files, manifest = _evidence.collect(collectors, Redactor(["canary-1234"]), 5)
    text = f"token {BLANK}"
    assert manifest == {
        "web.log": {"state": "ok", "size": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()},
        "usage.txt": {"state": "error", "reason": f"docker stats of {BLANK} failed"},
        "disk.json": {"state": "error", "reason": "[Errno 13] denied"},
    }
    assert files == {"web.log": text}


def test_of_a_log_the_end_is_kept_without_what_may_be_a_part_of_a_secret() -> None:
    log = [LogEnd("1234 " + "x" * 5000 + " canary-1234 end\n", was_cut=True), LogEnd("canary-1234\n")]
    files, manifest = _evidence.collect({"web.log": lambda: log}, Redactor(["canary-1234"]), 5)
    assert files["web.log"].endswith(f"x {BLANK} end\n{BLANK}")
    assert "1234" not in files["web.log"]
    assert manifest["web.log"]["state"] == "truncated"


def test_what_hangs_is_named_and_does_not_delay_the_way_back() -> None:
    never = threading.Event()
    stuck = {f"stuck.{number}": lambda: str(never.wait()) for number in range(16)}
    began = time.monotonic()
    files, manifest = _evidence.collect({"web.log": lambda: "x", **stuck, "late.log": lambda: "y"}, Redactor(()), 0.4)
    assert time.monotonic() - began < 2
    states = [one["state"] for one in manifest.values()]
    assert (states[0], set(states[1:9]), states[-1]) == ("ok", {"timed_out"}, "skipped")
    never.set()
    time.sleep(0.1)
    assert files == {"web.log": "x"}


def test_a_platform_that_does_not_answer_leaves_the_failure_and_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = target(tmp_path, evidence_timeout=1)
    lease = kept.store.try_acquire(holder="ana", purpose="deploy v2", ttl=60)
    kept.store.write("operation.json", journal(token=lease.token))
    never = threading.Event()
    monkeypatch.setattr(type(kept), "collectors", lambda *_: never.wait())
    began = time.monotonic()
    found = _evidence.run(kept, {"release": "0002-v2", "token": lease.token, "failure": {}}, False)
    never.set()
    assert time.monotonic() - began < 5
    assert {name: one["state"] for name, one in found["files"].items()} == {
        "failure.json": "ok",
        "journal.json": "ok",
        "platform": "error",
    }
    assert Path(found["path"], "failure.json").exists()


def test_evidence_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    kept = target(tmp_path)
    lease = kept.store.try_acquire(holder="ana", purpose="deploy v2", ttl=60)
    kept.keep_evidence("0002-v2", {"web.log": "a line"}, {"files": {}}, lease.token)
    folder = Path(kept.evidence_path("0002-v2"))
    assert (folder / "web.log").read_text() == "a line"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"0002-v2": 0o700, "web.log": 0o600, "manifest.json": 0o600}


def test_evidence_that_fills_the_disk_goes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = target(tmp_path)
    lease = kept.store.try_acquire(holder="ana", purpose="deploy v2", ttl=60)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept.store, "write", full)
    with pytest.raises(OSError, match="No space left"):
        kept.keep_evidence("0002-v2", {"web.log": "a line"}, {"files": {}}, lease.token)
    assert not Path(kept.evidence_path("0002-v2")).exists()


def test_evidence_that_cannot_be_kept_keeps_nobody_from_going_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = target(tmp_path)
    lease = kept.store.try_acquire(holder="ana", purpose="deploy v2", ttl=60)
    kept.store.write("operation.json", journal(token=lease.token))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(kept), "keep_evidence", full)
    monkeypatch.setattr(type(kept), "collectors", lambda *_: {})
    found = _evidence.run(kept, {"release": "0002-v2", "token": lease.token, "failure": {}}, False)
    assert (found["path"], found["changed"]) == ("", False)
    assert "No space left on device" in found["msg"]


@pytest.mark.parametrize("error", [LeaseLost("It is somebody else's."), Unreachable("It cannot be reached.")])
def test_evidence_of_an_operation_that_is_over_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OpsError
) -> None:
    kept = target(tmp_path)
    lease = kept.store.try_acquire(holder="ana", purpose="deploy v2", ttl=60)
    kept.store.write("operation.json", journal(token=lease.token))

    def over(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(type(kept), "keep_evidence", over)
    monkeypatch.setattr(type(kept), "collectors", lambda *_: {})
    with pytest.raises(OpsError, match=error.message):
        _evidence.run(kept, {"release": "0002-v2", "token": lease.token, "failure": {}}, False)


# what people see


def test_a_table_is_aligned() -> None:
    assert _info.table(["", "release"], [["*", "0001-v1"], ["", "x"]]) == [
        "   release",
        "-  -------",
        "*  0001-v1",
        "   x",
    ]


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        pytest.param({}, ["*", "0001-v1", "good", "2026-11-23T20:01:00Z", "ana@console", "no", ""], id="current"),
        pytest.param(
            {
                "id": "0002-v2",
                "status": "bad",
                "message": "It answered 500.",
                "reason": "new",
                "migration": {"moved": True},
            },
            ["", "0002-v2", "bad", "2026-11-23T20:01:00Z", "ana@console", "yes", "It answered 500."],
            id="bad, its schema stayed",
        ),
        pytest.param(
            {"id": "0002-v2", "reason": "new"},
            ["", "0002-v2", "good", "2026-11-23T20:01:00Z", "ana@console", "no", "new"],
            id="with a reason",
        ),
    ],
)
def test_a_release_is_a_row(changes: dict[str, Any], row: list[str]) -> None:
    assert _info.release_rows([record(**changes)], "0001-v1") == [row]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("It failed:\n  line 1\n  line 2", "It failed: line 1 line 2", id="several lines"),
        pytest.param("x" * 91, "x" * 89 + "…", id="too long"),
        pytest.param("x" * 90, "x" * 90, id="just short enough"),
    ],
)
def test_a_note_in_a_table_is_one_short_line(text: str, line: str) -> None:
    assert _info.shortened(text) == line


def test_the_newest_release_comes_first() -> None:
    rows = _info.release_rows([record(1), record(2)], None)
    assert [row[1] for row in rows] == ["0002-v1", "0001-v1"]
