# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Loads what a step consists of before Ansible forks, once for all hosts and tasks and not in each worker."""

from __future__ import annotations

DOCUMENTATION = r"""
name: preload
type: aggregate
short_description: Loads the steps of an operation before Ansible forks
version_added: 0.2.0
description:
  - Ansible compiles every file of a collection in every process that imports it. Loaded in the parent, a step is there
    for all its workers. Without this callback everything works and costs more CPU.
  - What is loaded is exempt from garbage collection, so that workers do not look through it again.
  - It loads a step when the first task that needs it begins, for the platforms that M(doppelganger.ops.app_model) has
    named until then, and only where the work is done in the controller's process.
author:
  - The doppelganger.ops engineers (@doppelganger)
requirements:
  - It is enabled, C(callbacks_enabled = doppelganger.ops.preload) in C(ansible.cfg).
"""

import gc
from typing import Any

from ansible.plugins.callback import CallbackBase

from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._table import PLATFORMS, STEPS, entry_of

OURS = "doppelganger.ops."


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core has no types
    """The callback ``doppelganger.ops.preload``."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "doppelganger.ops.preload"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._platforms: set[str] = set()
        _keep()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Learn which platforms there are."""
        if result.task.action != f"{OURS}app_model":
            return
        platform = str(result.result.get("platform"))
        if platform in PLATFORMS and (PLATFORMS[platform].has_api or _is_local(result.host)):
            self._platforms.add(platform)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Load the step that begins."""
        step = str(task.action).removeprefix(OURS)
        if step in STEPS:
            for platform in self._platforms:
                entry_of(step, platform)
            _keep()


def _keep() -> None:
    """Exempt what is loaded from garbage collection.

    It stays until the end anyway. Otherwise each worker looks through all of it, and copies the pages that it shares
    with its parent: an eighth of the processor time of a run.
    """
    gc.freeze()


def _is_local(host: Any) -> bool:
    """Whether the inventory says so; where only group_vars do, the worker loads the step by itself."""
    known: dict[str, Any] = {}
    for group in host.get_groups():
        known.update(group.get_vars())
    return bool({**known, **host.get_vars()}.get("ansible_connection") == "local")
