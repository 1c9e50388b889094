"""Only a process that the lab started, and no later one with its number, is ever ended."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import processes

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


def test_another_process_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE) as other:
        record = tmp_path / "run" / "sleeper.json"
        record.parent.mkdir()
        record.write_text(json.dumps({"pid": other.pid, "born": "1"}))
        assert processes.recorded("sleeper") is None
        assert not processes.stop("sleeper")
        assert other.poll() is None
        other.terminate()
