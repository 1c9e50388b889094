"""Runs ansible-playbook again and again: what it imports is loaded once, and each run is a fork of that.

Two thirds of what a short run costs are imports. A run is a process of its own all the same, with the real command
line. ``python -m tests.playing PLATFORM...`` reads a run a line (arguments, environment, where the output goes) and
answers with its process id, and at its end with its exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
#: what is read while Ansible and what it uses are imported, by how the variables begin
AT_IMPORT = ("ANSIBLE_", "PYTHON", "HOME", "KUBE")


class Player:
    """Runs playbooks with the settings of one environment, one at a time."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *platforms: str, python: str = "") -> None:
        self._process = subprocess.Popen(
            [python or sys.executable, "-m", "tests.playing", *platforms], cwd=folder, text=True,
            env={**environment, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], output: Path) -> int:
        """Start a run with this environment; gives its process id."""
        assert self._process.stdin
        print(json.dumps([list(arguments), dict(environment), str(output)]), file=self._process.stdin, flush=True)
        return self._answer()

    def wait(self) -> int:
        """Wait for the end of the run; gives its exit code, or the negative number of the signal that ended it."""
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate("")


class Players:
    """Players for whoever asks: one for each interpreter and settings, more where runs go on beside each other.

    They end with the process that made them at the latest, as nobody writes to them any more.
    """

    def __init__(self, folder: Path, *platforms: str) -> None:
        self._folder = folder
        self._platforms = platforms
        self._idle: dict[tuple[str, frozenset[tuple[str, str]]], list[Player]] = {}

    def play(self, python: str, arguments: Sequence[str], environment: Mapping[str, str], output: Path) -> int:
        """Run a playbook to its end; gives its exit code."""
        settings = frozenset(one for one in environment.items() if one[0].startswith(AT_IMPORT))
        idle = self._idle.setdefault((python, settings), [])
        player = idle.pop() if idle else Player(self._folder, environment, *self._platforms, python=python)
        player.start(arguments, environment, output)
        code = player.wait()
        idle.append(player)  # one that did not answer is not asked again
        return code

    def close(self) -> None:
        """End those that are there."""
        for player in [one for idle in self._idle.values() for one in idle]:
            player.close()
        self._idle.clear()


class Processes:
    """Plays as a person does, with a process of its own for each run: for whoever measures what one costs."""

    def play(self, python: str, arguments: Sequence[str], environment: Mapping[str, str], output: Path) -> int:
        """Run a playbook to its end; gives its exit code."""
        command = [str(Path(python).with_name("ansible-playbook")), *arguments]
        with output.open("wb") as to:
            return subprocess.run(
                command, cwd=ROOT, env=dict(environment), stdin=subprocess.DEVNULL, stdout=to, stderr=to, check=False
            ).returncode

    def close(self) -> None:
        """Nothing is kept between two runs."""


def _load(platforms: Sequence[str]) -> Any:
    """Import what a run needs, ours included, and give the command."""
    from ansible.cli.playbook import PlaybookCLI
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()
    ours = "ansible_collections.doppelganger.ops.plugins"
    for name in ("executor.task_queue_manager", "plugins.strategy.linear", "plugins.strategy.free"):
        importlib.import_module(f"ansible.{name}")
    table = importlib.import_module(f"{ours}.plugin_utils.actions._table")
    for step in table.STEPS:
        for platform in platforms:
            table.entry_of(step, platform)
    for name in ("step", "app_model", "fleet_gate", "target_result", "publish_result", "note_failure"):
        importlib.import_module(f"{ours}.action.{name}")
    # each run does it again
    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
    return PlaybookCLI


def _play(command: Any, arguments: Sequence[str], environment: Mapping[str, str], output: str) -> None:
    """Be the run."""
    from ansible import constants

    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(environment)
    os.setsid()
    # the run before took it away when it ended
    os.makedirs(constants.DEFAULT_LOCAL_TMP, mode=0o700, exist_ok=True)
    sys.argv = ["ansible-playbook", *arguments]
    command.cli_executor(sys.argv)


def main() -> None:
    """Fork for each line."""
    command = _load(sys.argv[1:])
    gc.freeze()  # or each fork copies what its collector looks at
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _play(command, *json.loads(line))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
