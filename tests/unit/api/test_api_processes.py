"""What is left of a run: ended whatever it does about SIGTERM, and named where it cannot be."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from doppelganger_ops import _processes, executor
from doppelganger_ops.environment import MARKER
from doppelganger_ops.job import Job

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def ident() -> Iterator[str]:
    """The id of a run; nothing of it is left behind here."""
    made = uuid.uuid4().hex
    yield made
    for process in _processes.marked(made):
        with contextlib.suppress(psutil.Error):
            process.kill()


def start(ident: str, code: str) -> subprocess.Popen[str]:
    """A process of a run, once it is up."""
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, MARKER: ident}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    process.stdout.close()
    return process


def test_what_ignores_sigterm_is_killed(ident: str) -> None:
    process = start(ident, STUBBORN)
    assert [one.pid for one in _processes.marked(ident)] == [process.pid]
    assert _processes.end_all(ident, patience=0.2) == ()
    assert process.wait(timeout=10) == -9


def test_others_are_left_alone(ident: str) -> None:
    assert _processes.end_all(ident) == ()
    assert _processes.marked(ident) == []


def test_what_a_dead_worker_had_started_is_ended_with_its_files(ident: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    process = start(ident, "import time; print('up', flush=True); time.sleep(60)")
    job = Job(ident, "p.yml", (), str(tmp_path), str(folder), {})
    with tempfile.TemporaryFile() as log:
        running = executor._Process(job, "/bin/false", log)
        assert list(running.reports()) == []
        ended = running.ended()
    assert (ended.exit_code, ended.survivors) == (None, ())
    assert process.wait(timeout=10) == -15
    assert not folder.exists()


WORKER = """
import json, os, runpy, sys
worker = runpy.run_path(sys.argv[1])
[path] = worker["secrets_pipe"](worker["Job"].from_line(sys.stdin.buffer.readline())).values()
print(json.dumps([path, os.stat(path).st_mode]))
"""


def test_the_pipe_with_the_secrets_is_for_its_owner_alone(ident: str, tmp_path: Path) -> None:
    # in a process of its own, as a worker replaces the package by one without an __init__
    job = Job(ident, "p.yml", (), str(tmp_path), str(tmp_path), {}, secrets={"PASSWORD": "canary-1234"})
    command = [sys.executable, "-c", WORKER, str(executor.WORKER)]
    done = subprocess.run(command, input=job.to_line(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    path, mode = json.loads(done.stdout)
    assert (Path(path).parent, stat.S_IMODE(mode), stat.S_ISFIFO(mode)) == (tmp_path, 0o600, True)


INPUTS = """
import runpy, sys
worker = runpy.run_path(sys.argv[1])
print(worker["write_inputs"](worker["Job"].from_line(sys.stdin.buffer.readline())))
"""


def test_what_a_run_is_given_is_for_its_owner_alone(tmp_path: Path) -> None:
    job = Job("r", "p.yml", (), str(tmp_path), str(tmp_path), {}, inputs={"version": "v1"})
    command = [sys.executable, "-c", INPUTS, str(executor.WORKER)]
    done = subprocess.run(command, input=job.to_line(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.decode().strip()) in list(tmp_path.iterdir())
    assert [stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()] == [0o600, 0o600]
