"""Runs that are cut off, on the real engine: nothing is left running, and the next run recovers."""

from __future__ import annotations

import json
import os
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
from tests.integration.embedding import in_phase, lease_expires, left_of, nothing_left, run_folders


@pytest.fixture(scope="module")
def deployed(app: Application) -> Application:
    """The studio at v0.1.0."""
    ops.deploy(version="v0.1.0", inventory=app.inventory).raise_for_status()
    return app


@pytest.fixture(autouse=True)
def recovered(deployed: Application) -> Iterator[None]:
    """After each test the next run needs no manual step."""
    yield
    expires = lease_expires(deployed)
    assert expires <= time.time() + deployed.variables["app_lease_ttl"]
    found = ops.deploy(version="v0.1.0", inventory=deployed.inventory)
    assert found.status in (Status.OK, Status.UNCHANGED), found.message
    assert run_folders() == set()


PHASES = ["preflight", "lease", "images", "backup", "migrate", "apply", "verify", "record"]


@pytest.mark.parametrize("phase", PHASES)
def test_cancelled_in(deployed: Application, phase: str) -> None:
    handle = ops.deploy.start(version="v0.2.1", inventory=deployed.inventory)
    in_phase(handle, phase, handle.cancel)
    result = handle.wait(60)
    nothing_left(handle.id)
    assert result.run.survivors == ()
    if phase == "record" and result.status is Status.OK:
        return  # it was over before it could be ended, and then the truth is that it is done
    assert result.status is Status.CANCELLED
    assert result.targets["app"].was_cut_off
    assert phase in [one.name for one in result.targets["app"].phases]
    assert "recovers" in result.hint
    result.to_json()


def test_cancelled_before_anything_began(deployed: Application) -> None:
    handle = ops.deploy.start(version="v0.2.1", inventory=deployed.inventory)
    handle.cancel()
    assert handle.wait(60).status is Status.CANCELLED
    nothing_left(handle.id)


def test_the_deadline(deployed: Application) -> None:
    began = time.monotonic()
    result = ops.deploy(version="v0.9.0-unhealthy", inventory=deployed.inventory, deadline=8)
    assert result.status is Status.TIMED_OUT
    assert time.monotonic() - began < 20
    nothing_left(result.run.id)


def pid_of(ident: str, what: str) -> int:
    """A process of a run by what its arguments say."""
    (found,) = [line for line in left_of(ident) if what in line and "ssh" not in line][:1]
    return int(found.partition(":")[0])


@pytest.mark.parametrize("victim", ["_worker.py", "_playbook.py"])
def test_killed(deployed: Application, victim: str) -> None:
    handle = ops.deploy.start(version="v0.2.1", inventory=deployed.inventory)
    in_phase(handle, "apply", lambda: os.kill(pid_of(handle.id, victim), signal.SIGKILL))
    result = handle.wait(60)
    assert result.status is Status.FAILED
    assert "without a result" in result.message
    nothing_left(handle.id)


EMBEDDER = """
    import sys
    import doppelganger_ops as ops
    from doppelganger_ops import events
    handle = ops.deploy.start(version="v0.2.1", inventory=sys.argv[1])
    for event in handle.events():
        if isinstance(event, events.PhaseStarted) and event.phase == "apply":
            print(handle.id, flush=True)
    handle.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name)
def test_the_embedding_program_is_ended(deployed: Application, tmp_path: Path, number: signal.Signals) -> None:
    program = tmp_path / "embedder.py"
    program.write_text(textwrap.dedent(EMBEDDER))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        [sys.executable, str(program), str(deployed.inventory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        ident = process.stdout.readline().strip()
        assert ident
        process.send_signal(number)
        assert process.wait(30) != 0
    nothing_left(ident, within=20)


def test_both_the_program_and_the_process_of_the_run_are_killed(deployed: Application, tmp_path: Path) -> None:
    program = tmp_path / "embedder.py"
    program.write_text(textwrap.dedent(EMBEDDER))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(program), str(deployed.inventory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        ident = process.stdout.readline().strip()
        worker = pid_of(ident, "_worker.py")
        process.kill()
        os.kill(worker, signal.SIGKILL)
    nothing_left(ident, within=20)
    for folder in run_folders():
        # nobody is left who could remove it, and nothing secret is in it
        path = Path("/tmp") / folder
        text = "".join(one.read_text(errors="replace") for one in path.rglob("*") if one.is_file())
        assert not [secret for secret in deployed.secrets if secret in text]
        subprocess.run(["rm", "-r", str(path)], check=True)


def test_the_command_ends_at_a_signal_and_says_so(deployed: Application) -> None:
    command = [sys.executable, "-m", "doppelganger_ops", "deploy", "v0.2.1", "-i", str(deployed.inventory), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        time.sleep(4)
        process.terminate()
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    found = json.loads(output)
    assert found["status"] == "cancelled"
    nothing_left(found["run"]["id"])
