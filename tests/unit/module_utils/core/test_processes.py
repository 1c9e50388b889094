"""Processes that are ended: real ones, with what they started, whatever that does about it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _command, _lifeline, _processes
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError

#: starts a shell that starts a sleep, and says so; the shell and the one that starts it do with SIGTERM what is asked
CODE = """
import os, signal, subprocess, sys, time
seconds, on_term, then = sys.argv[1:]
if on_term == "ignore":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sh", "-c", f"sleep {seconds} & wait"], start_new_session=on_term == "leave")
print("begun", flush=True)
{"wait": lambda: time.sleep(600), "end": sys.exit, "die": lambda: os.kill(os.getpid(), 9)}[then]()
"""


def alive(seconds: str) -> list[str]:
    """The sleeps, by their arguments; one that has ended and was not collected is none."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            is_over = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if words[:2] == ["sleep", seconds] and not is_over:
            found.append(entry.name)
    return found


def eventually(is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.02)
    return is_so()


@pytest.fixture
def seconds() -> str:
    return f"60.{time.time_ns() % 10**9:09d}"


@pytest.mark.parametrize("on_term", ["end", "ignore"])
def test_a_time_limit_ends_what_a_command_has_started(seconds: str, on_term: str) -> None:
    began = time.monotonic()
    with pytest.raises(OpsError, match="timed out after 1 s"):
        _command.run([sys.executable, "-c", CODE, seconds, on_term, "wait"], doing="It", timeout=1)
    assert time.monotonic() - began < 8
    assert eventually(lambda: not alive(seconds))


def test_a_command_may_put_things_right_when_its_time_is_over(tmp_path: Path) -> None:
    code = "trap 'rm lock; exit 1' TERM; touch lock; echo begun; while :; do sleep 0.1; done"
    with pytest.raises(OpsError, match="timed out"):
        _command.run(["sh", "-c", code], doing="It", timeout=1, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(20)
@pytest.mark.parametrize("on_term", ["end", "leave"])
def test_who_holds_the_output_open_holds_nobody_up(seconds: str, on_term: str) -> None:
    began = time.monotonic()
    assert _command.run([sys.executable, "-c", CODE, seconds, on_term, "end"], doing="It", timeout=60) == "begun\n"
    assert time.monotonic() - began < 8
    for one in alive(seconds):  # it goes on: a command may leave a daemon behind
        subprocess.run(["kill", one], check=True)


def test_what_a_killed_command_has_begun_ends_with_it(seconds: str) -> None:
    with pytest.raises(OpsError, match="code -9"):
        _command.run([sys.executable, "-c", CODE, seconds, "end", "die"], doing="It", timeout=30)
    assert eventually(lambda: not alive(seconds))


def test_an_interrupt_ends_what_a_command_has_started(seconds: str, interruptible: None) -> None:
    code = f"sleep {seconds} & sleep 1; kill -INT {os.getpid()}; wait"
    with pytest.raises(KeyboardInterrupt):
        _command.run(["sh", "-c", code], doing="It", timeout=30)
    assert eventually(lambda: not alive(seconds))


def test_a_command_belongs_to_the_run_that_the_python_api_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOPPELGANGER_OPS_RUN", "a-run")
    assert _command.run(["printenv", "DOPPELGANGER_OPS_RUN"], doing="It", timeout=30) == "a-run\n"


def test_it_is_told_to_end_before_it_is_killed() -> None:
    process = _processes.start(["sleep", "60"])
    _processes.end(process)
    assert process.returncode == -signal.SIGTERM


def test_a_process_that_is_gone_is_ended_all_the_same() -> None:
    process = _processes.start(["true"])
    process.wait()
    _processes.end(process)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("processes", "found"),
    [
        pytest.param({1: (0, 1), 5: (1, 5), 6: (5, 5)}, {6}, id="a child"),
        pytest.param({5: (1, 5), 6: (5, 5), 7: (6, 5)}, {6, 7}, id="a child of it"),
        pytest.param({5: (1, 5), 6: (5, 6), 7: (1, 6)}, {6, 7}, id="left in the session of a child"),
        pytest.param({5: (1, 5), 6: (1, 5), 7: (1, 7)}, set(), id="others, one in the same session"),
        pytest.param({5: (6, 5), 6: (5, 5)}, {6}, id="a circle, read while numbers changed"),
    ],
)
def test_who_descends_from_a_process(processes: Mapping[int, tuple[int, int]], found: set[int]) -> None:
    assert set(_lifeline.descendants(5, processes)) == found
