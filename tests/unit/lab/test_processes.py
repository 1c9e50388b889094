"""Only a process that the lab started, and no later one with its number, is ever ended."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import processes
from tests.lab.steps import LabError, wait_until

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(processes, "RUN", tmp_path / "run")
    monkeypatch.setattr(processes, "LOGS", tmp_path / "log")
    yield
    processes.stop("sleeper")


def test_a_started_process_is_known_and_stopped() -> None:
    processes.start("sleeper", SLEEP, os.environ)
    pid = processes.recorded("sleeper")
    assert pid is not None
    assert os.getsid(pid) == pid
    assert processes.stop("sleeper")
    assert processes.recorded("sleeper") is None
    assert not processes.stop("sleeper")


def test_it_holds_no_lock_that_came_with_who_started_it(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as handle, (tmp_path / "lock").open("w") as other:
        os.set_inheritable(handle.fileno(), True)
        fcntl.flock(handle, fcntl.LOCK_EX)
        processes.start("sleeper", SLEEP, os.environ)
        handle.close()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_another_process_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE) as other:
        record = tmp_path / "run" / "sleeper.json"
        record.parent.mkdir()
        record.write_text(json.dumps({"pid": other.pid, "born": "1"}))
        assert processes.recorded("sleeper") is None
        assert not processes.stop("sleeper")
        assert other.poll() is None
        other.terminate()


def test_a_paused_process_neither_runs_nor_ends() -> None:
    processes.start("sleeper", SLEEP, os.environ)
    processes.pause("sleeper")
    wait_until("the pause", lambda: processes.paused("sleeper"), seconds=5)
    processes.resume("sleeper")
    wait_until("the end of the pause", lambda: not processes.paused("sleeper"), seconds=5)
    assert processes.stop("sleeper")


@pytest.mark.parametrize("verb", [processes.pause, processes.resume])
def test_what_does_not_run_is_not_paused(verb: Callable[[str], None]) -> None:
    with pytest.raises(LabError, match="sleeper: expected a running process, found none"):
        verb("sleeper")


def test_who_insists_ends_a_process_that_waits_for_its_clients() -> None:
    program = (
        "import signal, sys, time\n"
        "def first(*_): signal.signal(signal.SIGTERM, lambda *_: sys.exit())\n"
        "signal.signal(signal.SIGTERM, first)\n"
        "print('up', flush=True)\n"
        "while True: time.sleep(60)\n"
    )
    log = processes.start("sleeper", [sys.executable, "-c", program], os.environ)
    wait_until("its start", lambda: "up" in log.read_text(), seconds=5)
    with pytest.raises(LabError, match="did not end within"):
        processes.stop("sleeper", seconds=0.2)
    assert processes.stop("sleeper", insist=True)
