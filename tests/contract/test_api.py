"""The playbooks, the Python API and the command offer the same: the same verbs, with the same inputs."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import doppelganger_ops as ops
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen import _listener, _live_line
from doppelganger_ops import board, cli, dashboard, environment, events, reports
from doppelganger_ops.schemas import schema
from tests.contract.house import ALL_TASKS, PLAYBOOKS, ROOT, load

VERBS: dict[str, ops.Verb[..., Any]] = {
    name: found for name in ops.__all__ if isinstance(found := getattr(ops, name), ops.Verb)
}
#: a command that shows less of what another one shows
SHORT = {"status": "releases"}


def task_files(role: str, entry: str) -> Iterator[Path]:
    """A task file of a role and those that it includes."""
    path = ROOT / f"roles/{role}/tasks/{entry}.yml"
    yield path
    for included in re.findall(r"(?:include|import)_tasks: (\w+)\.yml", path.read_text("utf-8")):
        yield from task_files(role, included)


def entries(playbook: str) -> Iterator[tuple[str, str]]:
    """The roles that a playbook calls, and by which of their entry points."""
    for play in load(ROOT / f"playbooks/{playbook}.yml"):
        called = [one["role"] for one in play.get("roles", [])]
        yield from ((name.rpartition(".")[2], "main") for name in called)
        for task in play.get("tasks", []):
            asked = task.get("ansible.builtin.import_role") or task.get("ansible.builtin.include_role")
            if asked and "{{" not in asked["name"]:
                yield asked["name"].rpartition(".")[2], asked.get("tasks_from", "main")


def inputs_of(playbook: str) -> dict[str, bool]:
    """What a playbook takes from its caller and whether it must be given, as its roles tell the role ``app``."""
    texts = [path.read_text("utf-8") for role, entry in entries(playbook) for path in task_files(role, entry)]
    lists = [listed for text in texts for listed in re.findall(r"app_inputs: \[(.*)\]", text)]
    names = [name.strip() for listed in lists for name in listed.split(",")]
    return {name.rstrip("!"): name.endswith("!") for name in names}


def own_parameters(verb: ops.Verb[..., Any]) -> dict[str, bool]:
    """A verb's own keywords, and whether they must be given."""
    own = [one for one in inspect.signature(verb).parameters.values() if one.kind is one.KEYWORD_ONLY]
    return {one.name: one.default is one.empty for one in own}


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = [action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(found.choices)


def test_there_is_a_verb_for_each_playbook_and_a_command_for_each_verb() -> None:
    assert set(VERBS) == {path.stem for path in PLAYBOOKS}
    assert set(commands()) - set(SHORT) - {cli.DASHBOARD} == set(VERBS)


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_takes_what_its_playbook_takes(name: str) -> None:
    wanted, given = inputs_of(name), own_parameters(VERBS[name])
    assert set(given) == set(wanted)
    assert [one for one in wanted if wanted[one] and not given[one]] == []


@pytest.mark.parametrize("name", [*VERBS, *SHORT])
def test_a_command_takes_what_its_verb_takes(name: str) -> None:
    _, parameters, sentence = cli.COMMANDS[name]
    verb = VERBS[SHORT.get(name, name)]
    assert {flag.lstrip("-") for flag, _ in parameters} == set(own_parameters(verb))
    assert sentence


def test_a_command_can_ask_for_everything_that_is_not_code() -> None:
    """``on_event`` and ``executor`` are code; variables are given in files, and -v is Ansible's own output."""
    flags = {action.dest for action in cli._common()._actions}
    known = set(ops.Options.__annotations__)
    renamed = {"vault_password_file": "vault_password_files", "variables": "variable_files"}
    assert known - {renamed.get(flag, flag) for flag in flags} == {"on_event", "executor", "variables", "verbosity"}


def test_the_dashboard_asks_with_verbs_that_only_look_and_takes_what_a_look_takes() -> None:
    assert {verb for stage in dashboard.STAGES for verb in stage} == set(board.LOOKS) == set(dashboard.VERBS)
    assert [verb for verb in board.LOOKS if "Changes nothing" not in said_of(verb)] == []
    taken = set(inspect.signature(ops.Dashboard).parameters) - {"options"}
    flags = {action.dest for action in commands()[cli.DASHBOARD]._actions if action.dest != "help"}
    assert flags == taken | {action.dest for action in cli._asked()._actions}


def said_of(role: str) -> str:
    """What the spec of an operation says."""
    return (ROOT / f"roles/{role}/meta/argument_specs.yml").read_text("utf-8")


def test_a_status_is_called_the_same_everywhere() -> None:
    published = schema("result")["properties"]["status"]["enum"]
    own = schema("run")
    every = [status.value for status in ops.Status]
    assert every[: len(published)] == published
    assert set(own["properties"]["status"]["enum"]) == set(every) - {"skipped"}
    assert set(own["$defs"]["status"]["enum"]) == set(every) - {"no_hosts"}


def test_waits_are_told_and_read_in_the_same_words() -> None:
    """The process of a run reads them without the collection."""
    assert reports.WAITS == _live_line.MARK
    assert f'"{_listener.FOR_PROGRAMS}": "1"' in inspect.getsource(environment)


def test_events_call_a_step_as_the_role_does() -> None:
    """They know it by the place of the task, as a task that begins does not say what it was given."""
    given = {
        (f"{task.path.parts[-3]}/{task.path.stem}", name.removeprefix("doppelganger.ops.")): about["phase"]
        for task in ALL_TASKS
        for name, about in task.keys.items()
        if name.startswith("doppelganger.ops.") and isinstance(about, dict) and "phase" in about
    }
    assert {(place, step): name for place, steps in events.CALLED.items() for step, name in steps.items()} == given


def test_ansible_runner_has_one_call_site() -> None:
    users = [path.name for path in (ROOT / "src").rglob("*.py") if "import ansible_runner" in path.read_text("utf-8")]
    assert users == ["_worker.py"]


def test_every_published_name_is_documented() -> None:
    page = (ROOT / "docs/python-api.md").read_text("utf-8")
    assert [name for name in ops.__all__ if not re.search(rf"\b{name}\b", page)] == []
    assert [name for name in ops.Options.__annotations__ if f"`{name}`" not in page] == []
    assert [status.value for status in ops.Status if f"`{status.value}`" not in page] == []
