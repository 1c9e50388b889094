# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module ``health_check``, on an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...checks._checklist import needs_engine, parse_checks
from ...core._entry import Entry
from ...core._errors import Refused
from ...gates._verify import gate, what_ought_to_run
from ...state._folder import Store
from ..engine._project import Project
from ..files._rendered import may_end
from ._redaction import redactor

SPEC: dict[str, Any] = {
    "checks": {"type": "list", "elements": "dict", "required": True},
    "project": {"type": "str"},
    "services": {"type": "list", "elements": "str", "default": []},
    "since": {"type": "float", "default": 0.0},
    "hold": {"type": "float"},
    "redact": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "redact_env_files": {"type": "list", "elements": "path", "default": []},
    "state_dir": {"type": "path"},
    "must_pass": {"type": "bool", "default": True, "no_log": False},
}


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Run the checklist; fail unless it passes or need not."""
    del check_mode
    if params.get("state_dir"):
        store = Store(params["state_dir"])
        params = {**params, **what_ought_to_run(store, params)}
        params["completed"] = _may_end(store, params.get("release"))
    _refuse_without_project(params)
    with Project(params.get("project") or "") as project:
        return gate(params, project, redactor(params))


def _may_end(store: Store, release: str | None) -> list[str]:
    config = store.read(f"releases/{release}/compose.json") if release else None
    return sorted(may_end(config)) if config else []


def _refuse_without_project(params: Mapping[str, Any]) -> None:
    lost = [check.name for check in parse_checks(params["checks"]) if needs_engine(check)]
    if lost and not params.get("project"):
        raise Refused(
            f"{', '.join(lost)} must run inside a container, but no project is set.",
            hint="Give the name of the compose project as project, or check a host and a port.",
        )


ENTRY = Entry(spec=SPEC, run=run)
