# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shows an operation as its phases, the checklist and a last paragraph; everything at ``-v``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: runbook
type: stdout
short_description: Shows an operation as its phases, its checklist and how it ended
version_added: 0.1.0
description:
  - A line for each phase of an operation with how long it took and its result, the checklist with ticks, and at
    the end a paragraph for each host that says what runs now, what changed and what to do next.
  - On a terminal the last line says what goes on and what is waited for. Elsewhere there is neither colour nor
    movement.
  - Of tasks that are not of this collection it shows those that changed something, failed, or are there to say
    something.
  - With C(-v) and more it is the callback P(ansible.builtin.default#callback).
author:
  - The doppelganger.ops engineers (@doppelganger)
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - It is the standard output callback, C(stdout_callback = doppelganger.ops.runbook) in C(ansible.cfg).
"""

import os
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.plugins.callback.default import CallbackModule as Default

from ansible_collections.doppelganger.ops.plugins.plugin_utils.results._published import Published
from ansible_collections.doppelganger.ops.plugins.plugin_utils.results._result import KEY
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen import _screen
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen._listener import SHOWN
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen._live_line import LiveLine
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen._screen import Line, Screen, Step
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen._words import PHASES

OURS = "doppelganger.ops"
#: without a terminal, lines may be this long
WIDTH = 120
TONES = {
    _screen.OK: "COLOR_OK",
    _screen.CHANGED: "COLOR_CHANGED",
    _screen.FAILED: "COLOR_ERROR",
    _screen.WARN: "COLOR_WARN",
    _screen.DIM: "COLOR_SKIP",
    _screen.HEADING: "COLOR_HIGHLIGHT",
}


def step_of(task: Any) -> Step:
    """A task as the screen sees it."""
    role = getattr(task, "_role", None)
    full = str(role.get_name(include_role_fqcn=True)) if role is not None else ""
    collection, _, name = full.rpartition(".")
    is_ours = collection == OURS
    called = str(task.name or task.action)
    action = str(task.action)
    module = action.removeprefix(f"{OURS}.")
    if not (is_ours and module in PHASES and module != action):
        is_told = is_ours and name == "result" and action.endswith("fail")
        is_known = module != action or "include" in action or (is_ours and name == "result")
        return Step(called, name if is_ours else full, is_ours=is_known, is_told=is_told)
    given = task.args.get("phase")
    phase = given if isinstance(given, str) and given and "{" not in given else PHASES[module]
    return Step(called, name, module, phase, is_ours=True)


class CallbackModule(Default):  # type: ignore[misc]  # ansible-core has no types
    """The output callback ``doppelganger.ops.runbook``: its hooks show phases, or are those of the default callback."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "doppelganger.ops.runbook"

    def __init__(self) -> None:
        super().__init__()
        self._screen = Screen(WIDTH)
        self._live: LiveLine | None = None
        self._steps: dict[str, Step] = {}
        self._diffs: dict[str, str] = {}
        self._published = Published()
        SHOWN.results = self._display.verbosity == 0
        if not SHOWN.results:
            # all of Ansible's output was asked for
            for hook in [name for name in vars(CallbackModule) if name.startswith("v2_")]:
                setattr(self, hook, getattr(super(), hook))

    # what is shown

    def _show(self, lines: Iterable[Line]) -> None:
        to_stderr = bool(self.get_option("display_failed_stderr"))
        for text, tone in lines:
            color = getattr(C, TONES[tone]) if tone in TONES and text else None
            self._display.display(text, color=color, stderr=to_stderr and tone == _screen.FAILED)
        if self._live is not None:
            self._live.draw()

    def _step(self, task: Any) -> Step:
        if task._uuid not in self._steps:
            self._steps[task._uuid] = step_of(task)
        return self._steps[task._uuid]

    def _ended(self, result: Any, how: str) -> None:
        host, step = result.host.get_name(), self._step(result.task)
        found = dict(result.result)
        if "results" in found and result.task.loop:
            found = {**found, "msg": found.get("msg") or "see its items above"}
        lines = self._screen.ended(host, step, how, found, time.monotonic())
        if _screen.HEADING in (line.tone for line in lines[:2]):
            self._show(lines[:2])
            lines = lines[2:]
        if step.is_ours or how in ("ok", "ignored"):
            self._handle_warnings(result.result)
        else:
            self._handle_warnings_and_exception(result)
        diff = self._diffs.pop(host, "")
        if diff:
            lines += self._screen.headed([Line(line) for line in diff.rstrip("\n").split("\n")])
        self._show(lines)

    def _begin_live(self) -> None:
        is_terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        if is_terminal:
            self._screen.width = self._display.columns
        # a step and the debugger ask something there
        if is_terminal and not context.CLIARGS.get("step") and not C.ENABLE_TASK_DEBUGGER:
            self._live = LiveLine(self._display, sys.stdout, self._screen.moving, self._screen.waits)
            self._live.start()
            SHOWN.waits = True

    # what happens: a play, a task

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Begin."""
        self._begin_live()

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Keep the heading for the first line that belongs to it."""
        self._play = play
        name = play.get_name().strip()
        self._screen.play(name or "Play", _hosts_of(play), _hosts_of(play, all_batches=True), bool(play.check_mode))

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Nothing: which host does it is not known yet."""

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """Nothing, as for any other task."""

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A task begins on a host."""
        self._screen.begun(host.get_name(), self._step(task), time.monotonic())
        if self._live is not None:
            self._live.pause(task.action.rpartition(".")[2] == "pause")
            self._live.draw()

    def v2_playbook_on_include(self, included_file: Any) -> None:
        """Nothing: what is included says what it does."""

    # what happens: results

    def v2_on_file_diff(self, result: Any) -> None:
        """Keep a difference for the line of its task."""
        found = result.result
        parts = found["results"] if result.task.loop and "results" in found else [found]
        texts = [self._get_diff(part["diff"]) for part in parts if part.get("changed") and part.get("diff")]
        self._diffs[result.host.get_name()] = "".join(text for text in texts if text)

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task did what it should."""
        self._ended(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        self._ended(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Ansible could not reach a host."""
        self._ended(result, "unreachable")

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Nothing, unless skipped tasks are asked for."""
        self._screen.idle(result.host.get_name())

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """What an item is there to say; that it changed something is said by its task."""
        self._handle_warnings(result.result)
        if result.result.get("_ansible_verbose_always"):
            self._show(self._screen.said(result.host.get_name(), dict(result.result)))

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """An item of a loop failed."""
        found = dict(result.result)
        step = Step(f"{self._step(result.task).name} ({self._get_item_label(found)})")
        how = "ignored" if result.task.ignore_errors else "failed"
        self._handle_warnings(result.result)
        self._show(self._screen.ended(result.host.get_name(), step, how, found, time.monotonic()))

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        """Nothing."""

    def v2_runner_retry(self, result: Any) -> None:
        """A task is tried again: on a terminal the last line says so."""
        left = result.result.get("retries", 0) - result.result.get("attempts", 0)
        self._screen.waits(result.host.get_name(), f"{left} tries left")

    def v2_runner_on_async_poll(self, result: Any) -> None:
        """A task goes on in the background, which the last line shows anyway."""

    def v2_runner_on_async_ok(self, result: Any) -> None:
        """Nothing: the task that waited for it says how it ended."""

    def v2_runner_on_async_failed(self, result: Any) -> None:
        """Nothing: the task that waited for it fails as well."""

    # the end

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        """Nothing: each host has said why it ended."""

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Say how it ended."""
        if self._live is not None:
            self._live.close()
            self._live = None
        published = self._published.since_then(stats).get(KEY)
        recap: Mapping[str, Any] = {host: stats.summarize(host) for host in sorted(stats.processed)}
        self._show(self._screen.end(published, recap))


def _hosts_of(play: Any, all_batches: bool = False) -> list[str]:
    """The hosts of the batch that begins, or of all batches of the play."""
    inventory = play.get_variable_manager()._inventory
    return [host.get_name() for host in inventory.get_hosts(play.hosts, ignore_restrictions=all_batches)]
