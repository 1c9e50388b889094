"""A run that is forked from what is loaded already is the same run as ansible-playbook itself makes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.application import ROOT, command_line, environment
from tests.playing import Players, Processes

LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
#: hosts, arguments, and how the run ends
RUNS: dict[str, tuple[dict[str, Any], tuple[str, ...], int]] = {
    "an empty group": ({}, (), 4),
    "a model that is refused": ({"app": {**LOCAL, "app_name": "No Name"}}, (), 2),
    "a check, with more said": ({"app": {**LOCAL, "app_name": "No Name"}}, ("--check", "-v"), 2),
    "an unknown option": ({}, ("--never-heard-of",), 2),
    "a list of tasks": ({"app": LOCAL}, ("--list-tasks",), 0),
}


def without_times(text: str) -> str:
    """What is the same in two runs."""
    return re.sub(r"\d+[.:]\d+s?|\d{4}-\d\d-\d\dT[\d:.+Z]+|ops-[0-9a-f-]+", "*", text)


@pytest.fixture(scope="module")
def players() -> Iterator[Players]:
    made = Players(ROOT, "compose", "kubernetes")
    yield made
    made.close()


@pytest.mark.parametrize(("hosts", "arguments", "code"), RUNS.values(), ids=RUNS.keys())
def test_both_end_alike_and_say_the_same(
    players: Players, tmp_path: Path, hosts: dict[str, Any], arguments: tuple[str, ...], code: int
) -> None:
    inventory, forked, real = tmp_path / "hosts.yml", tmp_path / "forked", tmp_path / "real"
    inventory.write_text(yaml.safe_dump({"targets": {"hosts": hosts}}))
    argv = command_line(inventory, "verify", *arguments)
    stats = [tmp_path / "stats-forked", tmp_path / "stats-real"]

    codes = [players.play(sys.executable, argv, environment(stats[0]), forked)]
    codes.append(Processes().play(sys.executable, argv, environment(stats[1]), real))

    assert codes == [code, code], real.read_text()
    assert without_times(forked.read_text()) == without_times(real.read_text())
    recaps = [json.loads(path.read_text())["recap"] if path.exists() else None for path in stats]
    assert recaps[0] == recaps[1]


def test_each_run_has_the_environment_that_it_is_given(players: Players, tmp_path: Path) -> None:
    playbook = tmp_path / "say.yml"
    say = {"ansible.builtin.debug": {"msg": "{{ lookup('env', 'SAID') }}-{{ lookup('env', 'HOME') }}"}}
    # a module is put together in a folder that every run takes away when it ends
    tasks = [say, {"ansible.builtin.ping": {}}]
    playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "vars": LOCAL, "tasks": tasks}]))
    for said, home in (("one", "/one"), ("two", "/two"), ("", "/one")):
        known = {**environment(tmp_path / "stats"), "SAID": said, "HOME": home}
        output = tmp_path / "output"
        assert players.play(sys.executable, ["-i", "one,", str(playbook)], known, output) == 0
        assert f"{said}-{home}" in output.read_text()
