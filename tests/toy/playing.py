"""Runs ansible-playbook again and again: what it imports is loaded once, and each run is a fork of that.

Two thirds of what a short run costs are imports. A run is a process of its own all the same, with the real command
line. ``python -m tests.toy.playing`` reads a run a line (arguments, environment, where the output goes) and answers
with its process id, and at its end with its exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class Player:
    """Runs playbooks with the settings of one environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.toy.playing"], cwd=folder, env={**environment}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], output: Path) -> int:
        """Start a run; gives its process id."""
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


def _load() -> Any:
    """Import what a run needs, ours included, and give the command."""
    from ansible.cli.playbook import PlaybookCLI
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()
    ours = "ansible_collections.doppelganger.ops.plugins"
    for name in ("executor.task_queue_manager", "plugins.strategy.linear", "plugins.strategy.free"):
        importlib.import_module(f"ansible.{name}")
    table = importlib.import_module(f"{ours}.plugin_utils.actions._table")
    for step in table.STEPS:
        table.entry_of(step, "toy")
    for name in ("step", "app_model", "fleet_gate", "target_result", "publish_result", "note_failure"):
        importlib.import_module(f"{ours}.action.{name}")
    return PlaybookCLI


def _play(command: Any, arguments: Sequence[str], environment: Mapping[str, str], output: str) -> None:
    """Be the run."""
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(environment)
    os.setsid()
    command.cli_executor(["ansible-playbook", *arguments])


def main() -> None:
    """Fork for each line."""
    command = _load()
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
