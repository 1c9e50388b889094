# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes a report of the run, as JSON and as a page, where somebody said where."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report
type: aggregate
short_description: Writes a report of the run as JSON and as one page
version_added: 0.1.0
description:
  - At the end of a run it writes two files with the same name, C(.json) and C(.html). The page needs nothing else, no
    network and no script. It has the summary, the phases as a time line, the checklist, metrics as charts, the evidence
    and the releases.
  - It writes nothing unless O(report_dir) says where, and a report that cannot be written does not end a run; it is a
    warning.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  report_dir:
    description:
      - The folder for reports, on the controller; made where it is missing. One that others may write, that belongs to
        somebody else, or that is a link is refused. Relative paths count from where the run was
        started, in a configuration file from its folder.
      - The extra variable C(ops_report_dir) counts before it.
    type: path
    env:
      - name: OPS_REPORT_DIR
    ini:
      - section: callback_report
        key: report_dir
requirements:
  - It is enabled, C(callbacks_enabled = doppelganger.ops.report) in C(ansible.cfg).
"""

import time
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused, reason_of
from ansible_collections.doppelganger.ops.plugins.plugin_utils.results._published import Published


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core has no types
    """The callback ``doppelganger.ops.report``."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "doppelganger.ops.report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._started = time.time()
        self._playbook = ""
        self._folder = ""
        self._failures: list[dict[str, str]] = []
        self._published = Published()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Remember which playbook it is; there may have been one before."""
        self._started = time.time()
        self._failures = []
        self._playbook = PurePath(str(playbook._file_name)).stem

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Learn where the report goes."""
        given = play.get_variable_manager().extra_vars.get("ops_report_dir")
        self._folder = str(given or self.get_option("report_dir") or "")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Remember what failed, for hosts that publish no result."""
        if not ignore_errors and self._folder:
            self._note(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Remember who could not be reached."""
        if self._folder:
            self._note(result, "unreachable")

    def _note(self, result: Any, kind: str) -> None:
        found: Mapping[str, Any] = result.result
        message = str(found.get("msg") or found.get("censored") or "no message was given")
        failed = {"host": result.host.get_name(), "task": str(result.task_name), "message": message}
        self._failures.append({**failed, "reason": reason_of(found, kind)})

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write the report."""
        published = self._published.since_then(stats)
        if not self._folder:
            return
        # what draws pages is only read where a page is asked for
        from ansible_collections.doppelganger.ops.plugins.plugin_utils.pages import _run_data, _run_report

        run = _run_data.Run(
            playbook=self._playbook,
            started=self._started,
            finished=time.time(),
            check_mode=bool(context.CLIARGS.get("check")),
            recap={host: stats.summarize(host) for host in sorted(stats.processed)},
            failures=self._failures,
        )
        found = _run_data.document(run, published)
        try:
            path = _run_data.write(Path(self._folder).expanduser(), found, _run_report.page(found))
        except Refused as error:
            self._display.warning(f"The report could not be written. {error.message} {error.hint}")
            return
        except (OSError, RuntimeError) as error:  # the second for a home that nobody has
            self._display.warning(
                f"The report could not be written: {error}. Choose another folder, or fix its permissions."
            )
            return
        self._display.display(f"The report is {path}")
