# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module ``metric_check``, on an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core._entry import Entry
from ...gates._measure import MEASURING, measure
from ...gates._verify import what_ought_to_run
from ...state._folder import Store
from ..engine._project import Project as Engine
from ._redaction import redactor

SPEC: dict[str, Any] = {
    **MEASURING,
    "project": {"type": "str"},
    "redact": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "redact_env_files": {"type": "list", "elements": "path", "default": []},
    "state_dir": {"type": "path"},
}


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Measure on the engine of this host."""
    del check_mode
    if params.get("state_dir"):
        params = {**params, **what_ought_to_run(Store(params["state_dir"]), params)}
    with Engine(params.get("project") or "") as project:
        return measure(params, project, redactor(params))


ENTRY = Entry(spec=SPEC, run=run)
