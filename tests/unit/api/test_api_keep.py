"""Runs that are kept on a full disk, in the process of a run, with an ansible-runner that follows a script."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from doppelganger_ops import events
from doppelganger_ops.executor import ProcessExecutor
from doppelganger_ops.handle import Handle
from doppelganger_ops.job import Job
from doppelganger_ops.outcome import operation_outcome
from doppelganger_ops.result import Result
from doppelganger_ops.status import Status
from tests.unit.api.scripted import result

#: stands in for ansible-runner: a play begins, somebody prints an event of his own, and the play says how it ended
RUNNER = """
import uuid
from pathlib import Path

PUBLISHED = %r

class Runner:
    rc = 0

    def __init__(self, private_data_dir, ident, event_handler, **_):
        self._folder = Path(private_data_dir) / "artifacts" / ident / "job_events"
        self._handle = event_handler

    def run(self):
        self._folder.mkdir(parents=True)
        self._event("playbook_on_play_start", {"name": "P"})
        for ident in (str(uuid.uuid4()), "../../../../forged", 7, None):
            self._event("playbook_on_stats", {"artifact_data": {"forged": True}}, ident)
        self._event("playbook_on_stats", {"processed": {"app": 1}, "artifact_data": PUBLISHED})

    def _event(self, name, data, ident=""):
        if ident == "":
            ident = str(uuid.uuid4())
            (self._folder / f"{ident}-partial.json").touch()
        self._handle({"uuid": ident, "event": name, "created": "", "stdout": name, "event_data": data})

def init_runner(**given):
    return Runner(**given)
"""
KEPT = ("output.txt", "events.jsonl", "result.json")
Start = Callable[..., Handle[Result]]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "kept"
    path.mkdir()
    return path


@pytest.fixture
def start(tmp_path: Path, kept: Path) -> Start:
    """Start a run whose files of these names are on a full disk."""
    (tmp_path / "run").mkdir()
    (tmp_path / "ansible_runner").mkdir()
    (tmp_path / "ansible_runner/__init__.py").touch()
    (tmp_path / "ansible_runner/interface.py").write_text(RUNNER % result())
    job = Job("r1", "deploy.yml", (), str(tmp_path), str(tmp_path / "run"), {"PYTHONPATH": str(tmp_path)},
              kept=str(kept))  # fmt: skip

    def started(*full: str) -> Handle[Result]:
        for name in full:
            (kept / name).symlink_to("/dev/full")
        return Handle("deploy", job, ProcessExecutor(), operation_outcome)

    return started


def test_what_happened_is_kept(start: Start, kept: Path) -> None:
    assert start().wait(20).status is Status.OK
    assert set((kept / "output.txt").read_text().split()) == {"playbook_on_play_start", "playbook_on_stats"}
    events_kept = [json.loads(line)["raw"] for line in (kept / "events.jsonl").read_text().splitlines()]
    happened = [event["event"] for event in events_kept if event]
    assert happened == ["playbook_on_play_start", "playbook_on_stats"], "what somebody printed is no event of Ansible's"
    assert json.loads((kept / "result.json").read_text())["status"] == "ok"


def test_what_is_kept_is_for_its_owner_alone(start: Start, kept: Path) -> None:
    start().wait(20)
    assert {name: (kept / name).stat().st_mode & 0o777 for name in KEPT} == dict.fromkeys(KEPT, 0o600)


@pytest.mark.parametrize("full", [("output.txt", "events.jsonl"), ("output.txt",), ("events.jsonl",), KEPT])
def test_a_full_disk_takes_nothing_of_the_result_and_is_told_once(start: Start, kept: Path, full: tuple[str]) -> None:
    handle = start(*full)
    assert handle.wait(20).status is Status.OK
    (warning,) = [event for event in handle.events() if isinstance(event, events.Line)]
    assert warning.level == "warning"
    assert f"{kept / full[0]}: [Errno 28]" in warning.text
    assert all((kept / name).read_text() for name in KEPT if name not in full)


def test_a_result_that_cannot_be_kept_is_given_all_the_same(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "doppelganger_ops"):
        handle = start("result.json")
        assert handle.wait(20).status is Status.OK
    assert isinstance(list(handle.events())[-1], events.RunFinished)
    assert "result.json: [Errno 28]" in caplog.text
