"""Runs that are cut off, on the real engine: nothing is left running, and the next run recovers.

The tests follow each other: each begins with what the one before has left, and needs no manual step for it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import doppelganger_ops as ops
from doppelganger_ops import Status
from tests.integration.application import ROOT, Application
from tests.integration.embedding import RunFolders, in_phase, lease_expires, left_of, nothing_left, wait_until

#: where an operation has changed nothing yet that another one would have to recover from
HARMLESS = ("preflight", "lease")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


@pytest.fixture(scope="module")
def deployed(pages: Application, run_folders: RunFolders) -> Application:
    """Pages 1.0."""
    ops.deploy(version="1.0", inventory=pages.inventory).raise_for_status()
    return pages


@pytest.fixture(autouse=True)
def leaves_nothing(deployed: Application, run_folders: RunFolders) -> Iterator[None]:
    """After each test no folder is there, and no lease that is held for longer than it says."""
    yield
    assert lease_expires(deployed) <= time.time() + deployed.variables["app_lease_ttl"]
    assert run_folders.left() == []


def another(app: Application) -> str:
    """A version that does not run: what ended in the very last moment may have been done."""
    return "1.1" if app.current()["version"] == "1.0" else "1.0"


def start(app: Application) -> ops.Handle[ops.Result]:
    return ops.deploy.start(version=another(app), inventory=app.inventory)


@pytest.mark.parametrize("phase", [*HARMLESS, "images", "apply", "verify", "record"])
def test_cancelled_in(deployed: Application, phase: str) -> None:
    handle = start(deployed)
    in_phase(handle, phase, handle.cancel)
    result = handle.wait(60)
    nothing_left(handle.id)
    assert result.run.survivors == ()
    result.to_json()
    if phase == "record" and result.status is Status.OK:
        return  # it was over before it could be ended, and then the truth is that it is done
    assert result.status is Status.CANCELLED
    assert result.targets["app"].was_cut_off
    assert phase in [one.name for one in result.targets["app"].phases]
    assert "recovers" in result.hint


def test_cancelled_at_the_other_end_of_the_matrix(deployed: Application) -> None:
    """The newest Python with the newest ansible-core, in the process of the run."""
    executor = ops.ProcessExecutor(python=str(ROOT / ".venv-3.13/bin/python"))
    handle = ops.deploy.start(version=another(deployed), inventory=deployed.inventory, executor=executor)
    in_phase(handle, "apply", handle.cancel)
    assert handle.wait(60).status is Status.CANCELLED
    nothing_left(handle.id)


def test_cancelled_before_anything_began(deployed: Application) -> None:
    handle = start(deployed)
    handle.cancel()
    assert handle.wait(60).status is Status.CANCELLED
    nothing_left(handle.id)


def test_the_deadline(deployed: Application) -> None:
    began = time.monotonic()
    result = ops.deploy(version=another(deployed), inventory=deployed.inventory, deadline=1.5)
    assert result.status is Status.TIMED_OUT
    assert time.monotonic() - began < 15
    nothing_left(result.run.id)


def pid_of(ident: str, what: str) -> int:
    """A process of a run by what its arguments say."""
    return next(int(line.partition(":")[0]) for line in left_of(ident) if what in line)


@pytest.mark.parametrize("victim", ["_worker.py", "_playbook.py"])
def test_killed(deployed: Application, victim: str) -> None:
    handle = start(deployed)
    in_phase(handle, "apply", lambda: os.kill(pid_of(handle.id, victim), signal.SIGKILL))
    result = handle.wait(60)
    assert result.status is Status.FAILED
    assert "without a result" in result.message
    nothing_left(handle.id)


EMBEDDER = """
    import sys
    import doppelganger_ops as ops
    from doppelganger_ops import events
    handle = ops.deploy.start(version=sys.argv[2], inventory=sys.argv[1])
    for event in handle.events():
        if isinstance(event, events.PhaseStarted) and event.phase == "apply":
            print(handle.id, flush=True)
    print(handle.wait().message, file=sys.stderr)
"""


def embedder(app: Application, folder: Path) -> tuple[subprocess.Popen[str], str]:
    """A program whose run is in its phase apply, and the run."""
    program = folder / "embedder.py"
    program.write_text(textwrap.dedent(EMBEDDER))
    said = folder / "said.txt"
    with said.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, str(program), str(app.inventory), another(app)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**ENVIRONMENT, "TMPDIR": os.environ["TMPDIR"]},
        )
    assert process.stdout is not None
    with process.stdout as stream:
        ident = stream.readline().strip()
    assert ident, said.read_text()
    return process, ident


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name)
def test_the_embedding_program_is_ended(
    deployed: Application, tmp_path: Path, run_folders: RunFolders, number: signal.Signals
) -> None:
    process, ident = embedder(deployed, tmp_path)
    process.send_signal(number)
    assert process.wait(30) != 0
    nothing_left(ident, within=20)
    wait_until(lambda: not run_folders.left())


def test_both_the_program_and_the_process_of_the_run_are_killed(
    deployed: Application, tmp_path: Path, run_folders: RunFolders
) -> None:
    process, ident = embedder(deployed, tmp_path)
    worker = pid_of(ident, "_worker.py")
    process.kill()
    os.kill(worker, signal.SIGKILL)
    process.wait(30)
    nothing_left(ident, within=20)
    # nobody was left who could remove it, and nothing secret is in it
    (folder,) = run_folders.left()
    text = "".join(one.read_text(errors="replace") for one in folder.rglob("*") if one.is_file())
    assert [secret for secret in deployed.secrets if secret in text] == []
    shutil.rmtree(folder)


def test_the_command_ends_at_a_signal_and_says_so(deployed: Application) -> None:
    command = [
        sys.executable,
        "-m",
        "doppelganger_ops",
        "deploy",
        another(deployed),
        "-i",
        str(deployed.inventory),
        "--json",
    ]
    environment = {**ENVIRONMENT, "TMPDIR": os.environ["TMPDIR"]}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        time.sleep(2)
        process.terminate()
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    found = json.loads(output)
    assert found["status"] == "cancelled"
    nothing_left(found["run"]["id"])


def test_after_all_of_that_a_run_needs_no_manual_step(deployed: Application) -> None:
    version = another(deployed)
    result = ops.deploy(version=version, inventory=deployed.inventory).raise_for_status()
    assert result.status is Status.OK
    assert deployed.current()["version"] == version
    assert ops.verify(inventory=deployed.inventory).status is Status.UNCHANGED
