# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module ``health_check``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils import _releases, _sealed
from ansible_collections.doppelganger.ops.plugins.module_utils._check_judge import PASS, overall
from ansible_collections.doppelganger.ops.plugins.module_utils._check_report import as_data, checklist, summary
from ansible_collections.doppelganger.ops.plugins.module_utils._check_runner import run_checks
from ansible_collections.doppelganger.ops.plugins.module_utils._checks import Check, needs_engine, parse_checks
from ansible_collections.doppelganger.ops.plugins.module_utils._engine import Project
from ansible_collections.doppelganger.ops.plugins.module_utils._entry import Entry
from ansible_collections.doppelganger.ops.plugins.module_utils._envfile import parse as parse_env
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils._operation import Operation
from ansible_collections.doppelganger.ops.plugins.module_utils._probes import Scene
from ansible_collections.doppelganger.ops.plugins.module_utils._redact import Redactor
from ansible_collections.doppelganger.ops.plugins.module_utils._store import Store

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
    "operation": {
        "type": "dict",
        "options": {
            "state_dir": {"type": "path", "required": True},
            "token": {"type": "int", "required": True, "no_log": False},
            "lease_ttl": {"type": "int", "required": True},
            "phase": {"type": "str", "default": "verify"},
            "soak": {"type": "float", "default": 0.0},
        },
    },
}


def examine(params: Mapping[str, Any], redactor: Redactor | None = None) -> dict[str, Any]:
    """Run the checklist and give verdict, checks, checklist and summary, whatever the verdict is."""
    checks = _planned(params)
    shown = redactor or _redactor(params)
    with Project(params.get("project") or "") as project:
        scene = Scene(project, tuple(params.get("services") or ()), float(params.get("since") or 0))
        results = run_checks(checks, scene)
    results = [replace(each, reason=shown.text(each.reason), observed=shown.data(each.observed)) for each in results]
    verdict = overall(results)
    return {
        "changed": False,
        "verdict": verdict,
        "checks": [as_data(each) for each in results],
        "checklist": checklist(results),
        "summary": summary(verdict, results),
    }


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Run the checklist; fail unless it passes or need not. As a phase of an operation, keep its lease alive."""
    params = {**params, **_what_ought_to_run(params)}
    held = params.get("operation")
    if not held or check_mode:
        return _gate(params)
    operation = Operation(Store(held["state_dir"]), held["token"], held["lease_ttl"])
    try:
        with operation.phase(held["phase"]):
            found = _gate({**params, "must_pass": True})
        if held["soak"] > 0:
            with operation.phase("soak"):
                found = _gate({**params, "must_pass": True, "hold": held["soak"]})
        return found
    except OpsError as error:
        if params["must_pass"] or "verdict" not in error.data:
            raise
        return {**error.data, "msg": error.message}


def _what_ought_to_run(params: Mapping[str, Any]) -> dict[str, Any]:
    """The release that the target ought to run, with its services and since when, where the caller names neither."""
    if not params.get("state_dir") or params.get("services") or params.get("since"):
        return {}
    store = Store(params["state_dir"])
    current = store.read("current.json") or {"release": None}
    record = store.read(f"releases/{current['release']}/record.json") if current["release"] else None
    return {"release": current["release"], **_releases.current_facts(record)}


def _gate(params: Mapping[str, Any]) -> dict[str, Any]:
    found = examine(params)
    if params["must_pass"] and found["verdict"] != PASS:
        raise OpsError(found["summary"], **found)
    return {**found, "release": params.get("release"), "msg": found["summary"]}


def _planned(params: Mapping[str, Any]) -> list[Check]:
    checks = parse_checks(params["checks"])
    lost = [check.name for check in checks if needs_engine(check)]
    if lost and not params.get("project"):
        raise Refused(
            f"{', '.join(lost)} must look into a container, and no project is named.",
            hint="Give the name of the compose project as project, or check a host and a port.",
        )
    hold = params.get("hold")
    if hold is None:
        return checks
    if hold < 0:
        raise Refused(f"hold must not be negative, found {hold:g}.")
    return [replace(check, hold=float(hold)) for check in checks]


def _redactor(params: Mapping[str, Any]) -> Redactor:
    values: list[str | None] = list(params.get("redact") or [])
    if params.get("state_dir"):
        values += _sealed.unseal(Path(params["state_dir"]))
    for path in params.get("redact_env_files") or []:
        try:
            values += parse_env(Path(path).read_text(encoding="utf-8", errors="replace")).values()
        except OSError as error:
            raise Refused(
                f"The env file {path}, whose values must not be shown, cannot be read: {error.strerror}.",
                hint="Mend the path or its rights, or take it out of redact_env_files.",
            ) from error
    return Redactor(values)


ENTRY = Entry(spec=SPEC, run=run)
