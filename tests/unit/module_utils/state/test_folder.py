"""The state folder under real processes: one holder at a time, and no write of a holder that was outlived."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import (
    LeaseHeld,
    LeaseLost,
    OpsError,
    Refused,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.core._user import user_name
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.module_utils.state._journal import Operation
from ansible_collections.doppelganger.ops.plugins.module_utils.state._lease import MAINTENANCE, Lease

PREFIX = "ansible_collections.doppelganger.ops.plugins.module_utils"


def script(text: str, *arguments: object) -> subprocess.Popen[str]:
    """Another Python process with the same import path."""
    body = f"import sys; sys.path[:0] = {sys.path!r}\n" + textwrap.dedent(text)
    return subprocess.Popen([sys.executable, "-c", body, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def take(store: Store, ttl: float = 60, kind: str = "operation") -> Lease:
    return store.try_acquire(holder="ana@console", purpose="deploy v2", kind=kind, ttl=ttl)


FIFTY = f"""
    import os, random, time
    from {PREFIX}.core._errors import LeaseHeld
    from {PREFIX}.state._folder import Store
    store, mark = Store(sys.argv[1]), sys.argv[1] + ".held"

    def once(number):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                lease = store.try_acquire(holder=str(number), purpose="test", ttl=60)
            except LeaseHeld:
                time.sleep(random.uniform(0.001, 0.02))
                continue
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))  # fails where somebody else holds it as well
            time.sleep(0.002)
            os.unlink(mark)
            store.release(lease.token)
            return 0
        return 1

    children = []
    for number in range(50):
        child = os.fork()
        if child == 0:
            code = 2
            try:
                code = once(number)
            finally:
                os._exit(code)
        children.append(child)
    print(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children))
"""


@pytest.mark.timeout(60)
def test_fifty_processes_hold_the_lease_one_at_a_time(tmp_path: Path) -> None:
    with script(FIFTY, tmp_path / "state") as process:
        assert process.communicate()[0].strip() == "0"
    trail = [json.loads(line) for line in (tmp_path / "state/audit.jsonl").read_text().splitlines()]
    tokens = [entry["token"] for entry in trail if entry["event"] == "lease acquired"]
    assert sorted(tokens) == list(range(1, 51))
    assert len({entry["holder"] for entry in trail if entry["event"] == "lease acquired"}) == 50


LATE: dict[str, Callable[[Store], None]] = {
    "a record": lambda store: store.write("releases/1/note.json", {"late": True}, token=1),
    "the journal": lambda store: Operation(store, 1, 60).start("deploy", "0001-v1"),
    "a renewal": lambda store: store.renew(1, 60),
    "a release": lambda store: store.release(1),
    "a removal": lambda store: store.remove("releases", "1", token=1),
}


@pytest.mark.parametrize("write", LATE.values(), ids=LATE.keys())
def test_a_late_write_of_a_dead_holder_is_refused(tmp_path: Path, write: Callable[[Store], None]) -> None:
    store = Store(str(tmp_path))
    assert take(store, ttl=0).token == 1
    store.write("releases/1/note.json", {"late": False}, token=1)
    assert take(store).token == 2
    with pytest.raises(LeaseLost, match="lease number 1 and it is now held by ana@console"):
        write(store)
    assert store.read("releases/1/note.json") == {"late": False}
    assert store.read("operation.json") is None
    assert (store.lease() or take(store)).token == 2


HOLDER = f"""
    import time
    from {PREFIX}.state._journal import Operation
    from {PREFIX}.state._folder import Store
    store = Store(sys.argv[1])
    lease = store.try_acquire(holder="cy@console", purpose="deploy v3", ttl=float(sys.argv[2]))
    with Operation(store, lease.token, float(sys.argv[2])).heartbeat():
        print("held", flush=True)
        time.sleep(60)
"""


def test_a_waiter_outlives_a_holder_that_was_killed(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    with script(HOLDER, tmp_path, 0.8) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    lease = store.acquire(holder="ana@console", purpose="deploy v4", ttl=60, wait=30)
    assert (lease.token, lease.holder) == (2, "ana@console")
    assert holder.returncode == -signal.SIGKILL


def test_a_waiter_does_not_wait_for_a_live_holder(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    with script(HOLDER, tmp_path, 1) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        started = time.monotonic()
        with pytest.raises(LeaseHeld, match=r"held by cy@console since .* for deploy v3"):
            store.acquire(holder="ana@console", purpose="deploy v4", ttl=60, wait=30)
        assert time.monotonic() - started < 10
        holder.kill()


def test_a_waiter_gives_up_when_its_patience_ends_before_the_lease(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    take(store, ttl=60)
    started = time.monotonic()
    with pytest.raises(LeaseHeld):
        store.acquire(holder="bo@console", purpose="verify", ttl=60, wait=0.3)
    assert 0.3 <= time.monotonic() - started < 10


def test_a_maintenance_lock_is_never_stolen_and_not_waited_for(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    take(store, ttl=0, kind=MAINTENANCE)
    started = time.monotonic()
    with pytest.raises(LeaseHeld, match="until it is unlocked"):
        store.acquire(holder="bo@console", purpose="deploy v2", ttl=60, wait=30)
    assert time.monotonic() - started < 5
    assert (store.lease() or take(store)).holder == "ana@console"


def test_an_unlock_is_audited_with_who_and_why(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    take(store, kind=MAINTENANCE)
    assert (store.unlock(by="bo@console", reason="disks are in") or take(store)).purpose == "deploy v2"
    assert store.unlock(by="bo@console", reason="again") is None
    last = json.loads((tmp_path / "audit.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["by"], last["reason"]) == ("lease unlocked", "bo@console", "disks are in")
    assert last["was"]["holder"] == "ana@console"
    assert take(store).token == 2


def test_the_state_is_for_its_owner_only(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "a/state"))
    take(store)
    store.write("releases/1/compose.json", {"secret": "x"}, token=1)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.root.rglob("*") if path.is_file()}
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700
    assert {name: mode for name, mode in modes.items() if mode & 0o077 and name != ".lock"} == {}


def test_a_broken_state_file_is_named_and_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "current.json").write_text('{"release": ')
    with pytest.raises(OpsError) as error:
        Store(str(tmp_path)).read("current.json")
    assert str(tmp_path / "current.json") in error.value.message
    assert "move it away" in error.value.hint


def test_folders_are_listed_oldest_first(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    for name in ("0002-b", "0010-c", "0001-a"):
        store.write(f"releases/{name}/record.json", {})
    (tmp_path / "releases/stray").touch()
    assert store.folders("releases") == ["0001-a", "0002-b", "0010-c"]
    assert store.folders("backups") == []


def test_a_write_that_was_killed_half_way_leaves_the_old_file_and_nothing_more_later(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.write("current.json", {"release": "0001-v1"})
    killed = f"""
        import os
        from {PREFIX}.state._folder import Store
        os.replace = lambda *paths: os.kill(os.getpid(), 9)
        Store(sys.argv[1]).write("current.json", {{"release": "0002-v2"}})
    """
    for _ in range(2):
        with script(killed, tmp_path) as process:
            process.wait()
        assert store.read("current.json") == {"release": "0001-v1"}
    store.write("current.json", {"release": "0003-v3"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "current.json"]


def test_tokens_go_on_where_nothing_but_the_audit_trail_is_left(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "state"))
    for _ in range(3):
        store.release(store.try_acquire(holder="ana", purpose="a test", ttl=60).token)
    (store.root / "lease.json").unlink()
    assert store.try_acquire(holder="bo", purpose="a test", ttl=60).token == 4


@pytest.mark.parametrize("place", ["state", "not/there/state"])
def test_a_folder_that_cannot_be_made_is_refused_before_anything_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    store = Store(str(tmp_path / place))
    store.refuse_unwritable()
    assert list(tmp_path.iterdir()) == []  # nothing was made
    monkeypatch.setattr(os, "access", lambda path, mode: path != str(tmp_path))  # who runs this may be root
    with pytest.raises(Refused) as caught:
        store.refuse_unwritable()
    assert caught.value.reason == "forbidden"
    assert str(store.root) in caught.value.message
    assert f"sudo install -d -m 0700 -o {user_name()} {store.root}" in caught.value.hint


def test_a_folder_of_another_user_is_refused_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(Refused) as caught:
        Store(str(tmp_path)).refuse_unwritable()
    assert caught.value.reason == "state_unsafe"
    assert f"sudo chown -R {os.getuid() + 1} {tmp_path}" in caught.value.hint
