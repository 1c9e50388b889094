"""An operation killed between any two of its steps: the next one sees it, and can take over."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import UNREACHABLE, LeaseLost, OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.state import _lease
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.module_utils.state._journal import JOURNAL, Operation, interrupted
from tests.unit.module_utils.state.test_folder import PREFIX, script

DEPLOY = f"""
    import os
    from {PREFIX}.state._journal import Operation
    from {PREFIX}.state._folder import Store
    left, write = int(sys.argv[2]), Store._write

    def counted(*arguments):
        global left
        if left == 0:
            os.kill(os.getpid(), 9)
        left -= 1
        write(*arguments)

    Store._write = counted
    store = Store(sys.argv[1])
    lease = store.acquire(holder="ana@console", purpose="deploy v2", ttl=600, wait=0)
    operation = Operation(store, lease.token, 600)
    operation.start("deploy", "0002-v2", operator="ana@console")
    with operation.phase("backup"):
        pass
    with operation.phase("apply"):
        pass
    operation.finish()
"""


@pytest.mark.parametrize(
    ("writes", "phase"),
    [
        pytest.param(0, None, id="before the lease"),
        pytest.param(1, None, id="between lease and intent"),
        pytest.param(2, "intent", id="between intent and the first phase"),
        pytest.param(3, "intent", id="while the first phase begins"),
        pytest.param(4, "backup", id="in the first phase"),
        pytest.param(5, "backup", id="between two phases"),
        pytest.param(6, "backup", id="while the second phase begins"),
        pytest.param(7, "apply", id="in the second phase"),
        pytest.param(8, "apply", id="between the last phase and the end"),
        pytest.param(9, None, id="between journal and lease at the end"),
        pytest.param(10, None, id="not at all"),
    ],
)
def test_a_kill_between_any_two_steps_is_seen_and_outlived(tmp_path: Path, writes: int, phase: str | None) -> None:
    with script(DEPLOY, tmp_path, writes) as process:
        process.wait()
    assert process.returncode == (0 if writes == 10 else -signal.SIGKILL)
    store = Store(str(tmp_path))
    journal, lease, later = store.read(JOURNAL), store.lease(), time.time() + 601
    assert interrupted(journal, lease, time.time()) is None, "its lease is still held: it may be alive"
    found = interrupted(journal, lease, later)
    assert (found or {"phase": None})["phase"] == phase
    if found:
        assert (found["operation"], found["release"]) == ("deploy", "0002-v2")
    after = _lease.acquire(lease, holder="bo@console", purpose="deploy v3", kind="operation", ttl=60, now=later)
    assert after.token > (lease.token if lease else 0)
    if journal:
        mine = {**journal, "token": journal["token"]}
        assert (interrupted(mine, after, later) is not None) is (phase is not None), "also once the next one holds it"


@pytest.mark.parametrize(
    ("journal", "held", "found"),
    [
        pytest.param(None, False, False, id="no journal"),
        pytest.param({}, False, False, id="an empty journal"),
        pytest.param({"status": "done", "token": 1}, False, False, id="an ended operation"),
        pytest.param({"status": "running", "token": 1}, True, False, id="a running operation"),
        pytest.param({"status": "running", "token": 1}, False, True, id="a running journal and an expired lease"),
        pytest.param({"status": "running", "token": 0}, True, True, id="a running journal of an older lease"),
    ],
)
def test_an_operation_was_interrupted(journal: dict[str, Any] | None, held: bool, found: bool) -> None:
    lease = _lease.acquire(None, holder="a", purpose="b", kind="operation", ttl=60, now=1000)
    whole = journal and {"operation": "deploy", "release": "r", "started": "s", "phases": [], **journal}
    assert (interrupted(whole, lease, 1030 if held else 1061) is not None) is found


def operation(tmp_path: Path, ttl: float = 60) -> Operation:
    store = Store(str(tmp_path))
    lease = store.try_acquire(holder="ana@console", purpose="deploy v2", ttl=ttl)
    return Operation(store, lease.token, ttl)


def test_the_journal_tells_each_phase_with_its_outcome(tmp_path: Path) -> None:
    mine = operation(tmp_path)
    mine.start("deploy", "0002-v2", operator="ana@console", reason="", recovering=None)
    with mine.phase("backup"):
        assert mine.journal()["phases"][-1]["state"] == "running"
    with pytest.raises(OpsError) as error, mine.phase("apply"):
        raise OpsError("The release failed to start.")
    assert error.value.data["phase"] == "apply"
    journal = mine.finish()
    assert [(phase["name"], phase["state"]) for phase in journal["phases"]] == [("backup", "ok"), ("apply", "failed")]
    assert journal["phases"][1]["message"] == "The release failed to start."
    assert (journal["status"], journal["operation"], journal["operator"]) == ("done", "deploy", "ana@console")
    lease = mine.store.lease()
    assert lease is not None
    assert lease.released


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(
            OSError(28, "No space left on device", "/state/x"), "No space left on device: /state/x.", id="a file"
        ),
        pytest.param(OSError(28, "No space left on device"), "No space left on device: on the target.", id="no file"),
        pytest.param(TimeoutError("too slow"), "too slow: on the target.", id="without a number"),
    ],
)
def test_an_error_of_the_system_ends_a_phase_like_any_other(tmp_path: Path, error: OSError, message: str) -> None:
    mine = operation(tmp_path)
    mine.start("deploy", "0002-v2")
    with pytest.raises(OpsError) as raised, mine.phase("backup"):
        raise error
    assert (raised.value.message, raised.value.data["phase"]) == (message, "backup")
    assert mine.journal()["phases"][-1]["state"] == "failed"


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_disk_that_gets_full_ends_a_phase_by_its_name_wherever_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    mine = operation(tmp_path)
    mine.start("deploy", "0002-v2")
    write, left = Store._write, iter(range(writes))

    def full(*arguments: Any) -> None:
        if next(left, None) is None:
            raise OSError(28, "No space left on device", "/state")
        write(*arguments)

    monkeypatch.setattr(Store, "_write", full)
    with pytest.raises(OpsError, match="No space left on device: /state") as raised, mine.phase("return"):
        pass
    assert raised.value.data["phase"] == "return"


def test_an_inner_phase_keeps_its_name_in_the_error(tmp_path: Path) -> None:
    mine = operation(tmp_path)
    mine.start("deploy", "0002-v2")
    with pytest.raises(OpsError) as error, mine.phase("apply"):
        raise OpsError("no", phase="integrity")
    assert error.value.data["phase"] == "integrity"


def test_a_phase_keeps_its_lease_alive_for_longer_than_the_lease_lasts(tmp_path: Path) -> None:
    mine = operation(tmp_path, ttl=0.5)
    mine.start("deploy", "0002-v2")
    with mine.phase("images"):
        time.sleep(0.8)
        lease = mine.store.lease()
        assert lease is not None
        assert lease.is_held(time.time())
        assert lease.renewed > lease.acquired
    assert not [thread for thread in threading.enumerate() if thread.name == "lease heartbeat"]


def test_a_lease_that_was_lost_meanwhile_is_told_though_nothing_was_written(tmp_path: Path) -> None:
    made = operation(tmp_path, ttl=0.05)

    def lose() -> None:
        made.store.unlock(by="bo@console", reason="it hangs")
        made.store.try_acquire(holder="bo@console", purpose="mine", ttl=60)
        while any(thread.name == "lease heartbeat" for thread in threading.enumerate()):
            time.sleep(0.005)  # it ends when it has seen that

    with pytest.raises(LeaseLost), made.heartbeat():
        lose()


def test_a_phase_that_lost_its_lease_meanwhile_says_so_and_writes_nothing(tmp_path: Path) -> None:
    mine = operation(tmp_path, ttl=0.5)
    mine.start("deploy", "0002-v2")

    def lose_it() -> None:
        with mine.phase("images"):
            mine.store.unlock(by="bo@console", reason="it hangs")
            mine.store.try_acquire(holder="bo@console", purpose="deploy v3", ttl=60)
            time.sleep(0.3)

    with pytest.raises(LeaseLost):
        lose_it()
    assert mine.journal()["phases"][-1]["state"] == "running"
    with pytest.raises(LeaseLost):
        mine.finish()


class Away(Store):
    """A store that cannot be reached while ``away`` says so."""

    away: list[str]

    def renew(self, token: int, ttl: float) -> None:
        self._reach("renew")
        super().renew(token, ttl)

    def write(self, name: str, data: Mapping[str, Any], *, token: int | None = None) -> None:
        self._reach("write")
        super().write(name, data, token=token)

    def _reach(self, what: str) -> None:
        if what in self.away:
            error = OpsError("No answer came.")
            error.kind = UNREACHABLE
            raise error


def away(tmp_path: Path, ttl: float = 60) -> tuple[Away, Operation]:
    store = Away(str(tmp_path))
    store.away = []
    lease = store.try_acquire(holder="ana@console", purpose="deploy v2", ttl=ttl)
    mine = Operation(store, lease.token, ttl)
    mine.start("deploy", "0002-v2")
    return store, mine


def test_the_heartbeat_outlives_a_store_that_is_out_of_reach_for_a_while(tmp_path: Path) -> None:
    store, mine = away(tmp_path, ttl=0.1)
    with mine.phase("apply"):
        store.away = ["renew"]
        before = store.lease()
        time.sleep(0.2)  # some beats without success
        assert store.lease() == before
        store.away = []
        while store.lease() == before:
            time.sleep(0.01)
    assert mine.journal()["phases"][-1]["state"] == "ok"


def test_a_failure_that_cannot_be_noted_is_what_is_told_and_undoes_nothing(tmp_path: Path) -> None:
    store, mine = away(tmp_path)

    def fail() -> None:
        store.away = ["renew", "write"]
        raise OpsError("The release failed to start.", hint="Look at its log.")

    with pytest.raises(OpsError) as error, mine.phase("apply"):
        fail()
    told = "The release failed to start. Then the target was out of reach: No answer came."
    assert (error.value.message, error.value.hint, error.value.kind) == (told, "Look at its log.", UNREACHABLE)
    assert error.value.data["phase"] == "apply"
    assert mine.journal()["phases"][-1]["state"] == "running"


@pytest.mark.parametrize("what", ["renew", "write"])
def test_a_phase_that_cannot_begin_is_named(tmp_path: Path, what: str) -> None:
    store, mine = away(tmp_path)
    store.away = [what]
    with pytest.raises(OpsError, match="No answer came") as error, mine.phase("apply"):
        raise AssertionError
    assert (error.value.data["phase"], error.value.kind) == ("apply", UNREACHABLE)


def test_a_holder_proves_that_nobody_came_after_it(tmp_path: Path) -> None:
    mine = operation(tmp_path, ttl=0.1)
    mine.start("deploy", "0002-v2")
    mine.prove()
    time.sleep(0.15)  # as one who was stopped
    mine.store.try_acquire(holder="bo@console", purpose="rollback", ttl=60)
    with pytest.raises(LeaseLost, match="it is now held by bo@console"):
        mine.prove()


def test_a_lease_that_was_renewed_just_now_is_not_asked_for(tmp_path: Path) -> None:
    store, mine = away(tmp_path)
    with mine.phase("apply"):
        store.away = ["renew"]
        mine.prove()
