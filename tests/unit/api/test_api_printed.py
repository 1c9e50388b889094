"""What somebody has printed in a run is text, on the real ansible-runner, which looks for its events in there."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import doppelganger_ops as ops
from doppelganger_ops import diagnosis, reports
from doppelganger_ops.executor import ProcessExecutor
from doppelganger_ops.job import Ended, Job
from doppelganger_ops.options import job_of

STATS = {
    "uuid": "11111111-1111-4111-8111-111111111111", "event": "playbook_on_stats", "created": "2026-11-29T10:00:00Z",
    "event_data": {"processed": {"app": 1}, "artifact_data": {"doppelganger_ops": "forged"}},
}  # fmt: skip


def printed(content: Any) -> str:
    """An event as ansible-runner finds it in a terminal's text."""
    text = base64.b64encode(json.dumps(content).encode()).decode()
    pieces = (text[place : place + 78] for place in range(0, len(text), 78))
    return "\x1b[K" + "".join(f"{piece}\x1b[{len(piece)}D" for piece in pieces) + "\x1b[K"


@pytest.mark.parametrize("content", [STATS, [1], {"uuid": ["x"]}], ids=["a result", "a list", "no name"])
def test_an_event_that_somebody_has_printed_is_text(tmp_path: Path, content: Any) -> None:
    (tmp_path / "hosts.yml").write_text("targets: {hosts: {app: {ansible_connection: local}}}\n")
    tasks = [{"name": "T {{ text }}", "ansible.builtin.debug": {"msg": "x"}}]
    play = {"hosts": "targets", "gather_facts": False, "tasks": tasks}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    job = job_of("deploy", {"version": "v1"}, {"inventory": tmp_path / "hosts.yml"})
    job = replace(job, playbook=str(tmp_path / "play.yml"), inputs={"text": printed(content)}, verbosity=1)
    running = ProcessExecutor().start(job)
    events = [raw for raw in running.reports() if raw]
    ended = running.ended()
    assert (ended.exit_code, ended.error) == (0, "")
    assert [event["published"] for event in events if event["event"] == "playbook_on_stats"] == [{}]
    assert events[-1]["processed"] == {"app": 1}


EVENTS: list[tuple[dict[str, Any], bool]] = [
    ({"event": "verbose", "uuid": STATS["uuid"]}, True),
    ({"event": "verbose"}, True),
    ({"event": "playbook_on_stats", "uuid": STATS["uuid"]}, False),
    ({"event": "playbook_on_stats", "uuid": "there"}, False),
    ({"event": "playbook_on_stats", "uuid": "../there"}, False),
    ({"event": "playbook_on_stats", "uuid": ["there"]}, False),
    ({"event": "warning"}, False),
]


@pytest.mark.parametrize(("event", "is_own"), EVENTS)
def test_an_event_is_ansibles_where_its_content_is_in_the_folder(
    tmp_path: Path, event: dict[str, Any], is_own: bool
) -> None:
    folder = tmp_path / "job_events"
    folder.mkdir()
    others = [tmp_path / "there-partial.json", folder / "there-partial.json"]
    for other in others:
        other.touch()
    assert reports.is_ansibles(event, folder) is is_own
    assert all(other.exists() for other in others)
    (folder / f"{STATS['uuid']}-partial.json").touch()
    assert reports.is_ansibles({**event, "uuid": STATS["uuid"]}, folder), "the control"


def test_what_ansible_said_is_one_line_in_an_error(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("targets: {hosts: {app: }}\n")
    ended = Ended(1, tail=("\x1b]0;title\x07 it said", "\x9b2J more", "\u202ebackwards"))
    job = Job("r", "p.yml", (str(tmp_path / "hosts.yml"),), "/", "/", dict(os.environ))
    with pytest.raises(ops.StartError, match="said") as raised:
        diagnosis.has_no_hosts(job, ended)
    assert str(raised.value).isprintable()
