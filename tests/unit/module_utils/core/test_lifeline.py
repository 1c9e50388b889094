"""A module ends with who called it, and what it started ends with it: real processes, as a connection has them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
#: starts something that starts something, says so, and waits; what it would do afterwards is told by a file
MODULE = """
import subprocess, sys
from pathlib import Path
from ansible.module_utils import basic
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import Entry, run_module

def run(params, check_mode):
    marker = Path(sys.argv[1])
    starts = "import subprocess, sys; subprocess.run(['sleep', sys.argv[1]])"
    child = subprocess.Popen([sys.executable, "-c", starts, sys.argv[2]])
    marker.with_suffix(".started").touch()
    child.wait()
    marker.touch()
    return {}

# as the wrapper does it that Ansible puts around a module
basic._ANSIBLE_ARGS = b'{"ANSIBLE_MODULE_ARGS": {}}'
basic._ANSIBLE_PROFILE = "legacy"
run_module(Entry(spec={}, run=run))
"""


def pipe() -> tuple[int, Callable[[], None]]:
    ours, theirs = os.pipe()
    return theirs, lambda: os.close(ours)


def pair() -> tuple[int, Callable[[], None]]:
    """As sshd has it: the same socket in both directions, of which the module's input ended before it began."""
    ours, theirs = socket.socketpair()
    ours.shutdown(socket.SHUT_WR)
    return theirs.detach(), ours.close


def terminal() -> tuple[int, Callable[[], None]]:
    ours, theirs = os.openpty()
    return theirs, lambda: os.close(ours)


def sleeping(seconds: str) -> list[str]:
    found = subprocess.run(
        ["pgrep", "-f", f"sleep {seconds}|sleep.*{seconds}"], check=False, capture_output=True, text=True
    )
    return found.stdout.split()


def module(output: int, marker: Path, seconds: str) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "collections")}
    command = [sys.executable, "-c", MODULE, str(marker), seconds]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, env=environment)


def wait_for(path: Path) -> None:
    until = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("make", [pipe, pair, terminal], ids=lambda make: make.__name__)
def test_it_ends_where_nobody_reads_what_it_says(
    tmp_path: Path, make: Callable[[], tuple[int, Callable[[], None]]]
) -> None:
    output, hang_up = make()
    seconds = f"600.{time.time_ns() % 10**9:09d}"
    with module(output, tmp_path / "over", seconds) as process:
        os.close(output)
        wait_for(tmp_path / "over.started")
        time.sleep(0.3)
        assert process.poll() is None
        assert sleeping(seconds)
        hang_up()
        try:
            assert process.wait(10) != 0
        finally:
            process.kill()
    assert sleeping(seconds) == []
    assert not (tmp_path / "over").exists()


@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_it_works_to_its_end_where_somebody_does(tmp_path: Path, kind: str) -> None:
    with (tmp_path / "output").open("wb") as stream:
        output = subprocess.PIPE if kind == "pipe" else stream.fileno()
        with module(output, tmp_path / "over", "0.3") as process:
            assert process.wait(20) == 0
    assert (tmp_path / "over").exists()


#: as Ansible's worker: forked, in a session of its own, with both ends of the pipe to who forked it
WORKER = """
import multiprocessing, os, subprocess, sys, time
from ansible_collections.doppelganger.ops.plugins.module_utils.core._lifeline import end_with_parent

ends = os.pipe()

def work():
    os.setsid()
    time.sleep(float(sys.argv[2]))
    end_with_parent()
    end_with_parent()
    subprocess.run(["sleep", sys.argv[1]])

worker = multiprocessing.get_context("fork").Process(target=work)
worker.start()
worker.join()
"""


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("pause", "processes"),
    [pytest.param("0", 3, id="while it works"), pytest.param("3", 2, id="before it has begun")],
)
def test_a_worker_ends_where_ansible_is_gone_and_so_does_what_it_started(pause: str, processes: int) -> None:
    seconds = f"600.{time.time_ns() % 10**9:09d}"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "collections")}
    with subprocess.Popen([sys.executable, "-c", WORKER, seconds, pause], env=environment) as process:
        wait_until(lambda: len(sleeping(seconds)) >= processes)
        time.sleep(1)
        assert len(sleeping(seconds)) == processes, "it goes on for as long as Ansible is there"
        process.kill()
    wait_until(lambda: not sleeping(seconds))
