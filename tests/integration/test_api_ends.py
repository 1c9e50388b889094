"""Runs that are cut off, on the real engine: nothing is left running, and the next run recovers.

The tests follow each other: each begins with what the one before has left, and needs no manual step for it. What is
about processes alone is shown on a checklist that waits, which takes no lease and leaves nothing to recover from.
"""

from __future__ import annotations

import contextlib
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

import psutil
import pytest
import yaml

import doppelganger_ops as ops
from doppelganger_ops import Status
from doppelganger_ops.schemas import problems
from tests.integration.application import ROOT, Application
from tests.integration.embedding import RunFolders, in_phase, lease_expires, left_of, nothing_left, wait_until

#: where an operation has changed nothing yet that another one would have to recover from
HARMLESS = ("preflight", "lease")
NEWEST = str(ROOT / ".venv-3.13/bin/python")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


@pytest.fixture(scope="module")
def deployed(pages: Application, run_folders: RunFolders) -> Application:
    """Pages 1.0."""
    ops.deploy(version="1.0", inventory=pages.inventory).raise_for_status()
    return pages


@pytest.fixture(scope="module")
def waiting(deployed: Application, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inventory with a check that does not pass for a minute."""
    never = {"name": "Never", "kind": "tcp", "host": "127.0.0.1", "port": 9, "timeout": 60}
    hosts = yaml.safe_load(deployed.inventory.read_text())
    hosts["targets"]["hosts"]["app"]["app_checks"] = [never]
    path = tmp_path_factory.mktemp("waiting") / "hosts.yml"
    path.write_text(yaml.safe_dump(hosts))
    return path


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
    # verify must last until a busy machine has heard that it has begun
    deployed.write(**({"app_soak_seconds": 15} if phase == "verify" else {}))
    handle = start(deployed)
    in_phase(handle, phase, handle.cancel)
    result = handle.wait(60)
    deployed.write()
    nothing_left(handle.id)
    assert result.run.survivors == ()
    result.to_json()
    if phase == "record" and result.status is Status.OK:
        return  # it was over before it could be ended, and then the truth is that it is done
    assert result.status is Status.CANCELLED
    assert result.targets["app"].was_cut_off
    assert phase in [one.name for one in result.targets["app"].phases]
    assert "recovers" in result.hint


@pytest.mark.parametrize("phase", ["evidence", "return"])
def test_cancelled_while_it_goes_back(deployed: Application, phase: str) -> None:
    wrong = {"name": "Wrong", "kind": "tcp", "host": "127.0.0.1", "port": 9, "timeout": 0.2}
    deployed.write(app_checks=[wrong])
    handle = start(deployed)
    in_phase(handle, phase, handle.cancel)
    result = handle.wait(60)
    deployed.write()
    nothing_left(handle.id)
    assert result.status is Status.CANCELLED
    assert "recovers" in result.hint


def test_cancelled_at_the_other_end_of_the_matrix(deployed: Application) -> None:
    """The newest Python with the newest ansible-core, in the process of the run."""
    executor = ops.ProcessExecutor(python=NEWEST)
    handle = ops.deploy.start(version=another(deployed), inventory=deployed.inventory, executor=executor)
    in_phase(handle, "apply", handle.cancel)
    assert handle.wait(60).status is Status.CANCELLED
    nothing_left(handle.id)


def test_cancelled_before_anything_began(deployed: Application) -> None:
    handle = start(deployed)
    handle.cancel()
    assert handle.wait(60).status is Status.CANCELLED
    nothing_left(handle.id)


def test_the_deadline(waiting: Path) -> None:
    began = time.monotonic()
    result = ops.verify(inventory=waiting, deadline=1.5)
    assert result.status is Status.TIMED_OUT
    assert time.monotonic() - began < 15
    nothing_left(result.run.id)
    result.to_json()


def pid_of(ident: str, what: str) -> int:
    """A process of a run by what its arguments say."""
    return next(int(line.partition(":")[0]) for line in left_of(ident) if what in line)


@pytest.mark.parametrize("victim", ["_worker.py", "_playbook.py"])
def test_killed(waiting: Path, victim: str) -> None:
    handle = ops.verify.start(inventory=waiting)
    in_phase(handle, "verify", lambda: os.kill(pid_of(handle.id, victim), signal.SIGKILL))
    result = handle.wait(60)
    assert result.status is Status.FAILED
    assert "without a result" in result.message
    nothing_left(handle.id)
    result.to_json()


EMBEDDER = """
    import sys
    import doppelganger_ops as ops
    from doppelganger_ops import events
    handle = ops.verify.start(inventory=sys.argv[1])
    for event in handle.events():
        if isinstance(event, events.PhaseStarted) and event.phase == "verify":
            print(handle.id, flush=True)
    print(handle.wait().message, file=sys.stderr)
"""


def embedder(inventory: Path, folder: Path, python: str = sys.executable) -> tuple[subprocess.Popen[str], str]:
    """A program whose run is in its phase verify, and the run."""
    program = folder / "embedder.py"
    program.write_text(textwrap.dedent(EMBEDDER))
    said = folder / "said.txt"
    with said.open("w") as errors:
        process = subprocess.Popen(
            [python, str(program), str(inventory)],
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


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("number", "python"),
    [
        pytest.param(signal.SIGTERM, sys.executable, id="SIGTERM"),
        pytest.param(signal.SIGTERM, NEWEST, id="SIGTERM at the other end of the matrix"),
        pytest.param(signal.SIGKILL, sys.executable, id="SIGKILL"),
        pytest.param(signal.SIGINT, sys.executable, id="SIGINT"),
    ],
)
def test_the_embedding_program_is_ended(
    waiting: Path, tmp_path: Path, run_folders: RunFolders, number: signal.Signals, python: str
) -> None:
    process, ident = embedder(waiting, tmp_path, python)
    process.send_signal(number)
    assert process.wait(30) != 0
    nothing_left(ident, within=20)
    wait_until(lambda: not run_folders.left())


def test_both_the_program_and_the_process_of_the_run_are_killed(
    deployed: Application, waiting: Path, tmp_path: Path, run_folders: RunFolders
) -> None:
    process, ident = embedder(waiting, tmp_path)
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


def has_begun(command: int) -> bool:
    """Whether a command has come so far that its playbook runs."""
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(command).children(recursive=True)
        return any("_playbook.py" in " ".join(one.cmdline()) for one in started)
    return False


def test_the_command_ends_at_a_signal_and_says_so(waiting: Path) -> None:
    command = [sys.executable, "-m", "doppelganger_ops", "verify", "-i", str(waiting), "--json"]
    environment = {**ENVIRONMENT, "TMPDIR": os.environ["TMPDIR"]}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        wait_until(lambda: has_begun(process.pid))
        process.terminate()
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    found = json.loads(output)
    assert (found["status"], problems("run", found)) == ("cancelled", [])
    nothing_left(found["run"]["id"])


def test_after_all_of_that_a_run_needs_no_manual_step(deployed: Application) -> None:
    version = another(deployed)
    result = ops.deploy(version=version, inventory=deployed.inventory).raise_for_status()
    assert result.status is Status.OK
    assert deployed.current()["version"] == version
    assert ops.verify(inventory=deployed.inventory).status is Status.UNCHANGED
