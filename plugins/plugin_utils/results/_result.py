# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one result of an operation, made from what its steps returned: pure functions over plain data.

``doppelganger_ops/schemas/result.schema.json`` describes it; artifacts, the Python API and reports all read this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import reason_of

from . import _about

SCHEMA = 1
#: the key under which set_stats publishes the result
KEY = "doppelganger_ops"
#: from best to worst; the worst of its targets is the status of an operation
STATUSES = ("unchanged", "ok", "skipped", "refused", "unreachable", "rolled_back", "failed", "rollback_failed")
GOOD_STATUSES = ("unchanged", "ok", "skipped")


def failure_from(result: Mapping[str, Any], looked: Mapping[str, Any] | None, phase: str) -> dict[str, Any]:
    """What failed, from the result of the task that did.

    ``looked`` is what the checklist found last, which counts where it did not pass; ``phase`` counts where the task
    names none itself.
    """
    checked = looked if looked and looked.get("verdict") not in (None, "pass") else {}
    message = str(result.get("msg") or result.get("message") or "no message was given")
    return {
        "kind": str(result.get("kind") or "failed"),
        "reason": reason_of(result),
        "phase": str(result.get("phase") or phase),
        "error": str(result.get("error") or message),
        "hint": str(result.get("hint") or ""),
        "checks": list(checked.get("checks") or []),
        "checklist": str(checked.get("checklist") or ""),
    }


def _status(steps: Mapping[str, Any], failure: Mapping[str, Any] | None) -> str:
    if failure is None:
        return "ok" if steps["changed"] else "unchanged"
    if steps["undo_failure"] is not None:
        return "rollback_failed"
    if not steps["undone"]:
        return {"refused": "refused", "lease_held": "refused", "unreachable": "unreachable"}.get(
            failure["kind"], "failed"
        )
    return "rolled_back" if steps["previous"] else "failed"


def _schema_sentence(moved: bool | None, operation: str) -> str:
    if operation != "deploy" or moved is False:
        return ""
    if moved is None:
        return " It is unknown whether the database schema changed."
    return " The database schema was migrated and not reverted."


#: the operations that end with the checks of what runs
_LOOKING = ("deploy", "rollback", "return", "restore", "verify")
#: an operation on a named version or release, done
_BACK = ("Rolled back to", "Would roll back to")
_DONE = {"deploy": ("Deployed", "Would deploy"), "rollback": _BACK, "return": _BACK}


def _named(operation: str, steps: Mapping[str, Any]) -> str:
    return f"{operation.capitalize()} {steps['subject']}".rstrip()


def _done(operation: str, status: str, steps: Mapping[str, Any], predicted: bool) -> str:
    subject = steps["subject"]
    if status == "unchanged":
        return f"{_named(operation, steps)}: already up to date."
    if subject and operation in _DONE:
        done, would = _DONE[operation]
        return f"{would if predicted else done} {subject}."
    return f"{_named(operation, steps)} {'would be done' if predicted else 'completed'}."


def _success_sentence(operation: str, status: str, steps: Mapping[str, Any]) -> str:
    predicted = status == "ok" and steps["check_mode"]
    if operation == "monitor":
        return str(steps["summary"])
    doing = "Every required check passed." if operation == "verify" else _done(operation, status, steps, predicted)
    return f"{doing}{_now_sentence(operation, steps, predicted)}{_data_sentence(operation, steps)}"


def _now_sentence(operation: str, steps: Mapping[str, Any], predicted: bool) -> str:
    """Which release it is now; that it runs only where the operation has looked."""
    if not steps["current"]:
        return ""
    if operation not in _LOOKING:
        return f" {steps['current']} is current."
    return f" {steps['current']} {'would be running' if predicted else 'is running'}."


def _data_sentence(operation: str, steps: Mapping[str, Any]) -> str:
    """What became of the data, where the operation was about it."""
    if steps["put_back"]:
        if steps["restored"] == steps["put_back"]:
            return f" The database was put back to backup {steps['put_back']}."
        return f" The database was not put back; its earlier contents are in backup {steps['put_back']}."
    if steps["restored"]:
        earlier = f"its earlier contents are in backup {steps['backup']}"
        return f" The database was restored from backup {steps['restored']}; {earlier}."
    return f" Created backup {steps['backup']}." if operation == "backup" and steps["backup"] else ""


def _failure_sentence(operation: str, status: str, steps: Mapping[str, Any], failure: Mapping[str, Any]) -> str:
    error = failure["error"] if failure["error"].endswith((".", "!", "?")) else f"{failure['error']}."
    if operation == failure["phase"] == "monitor":  # it did what it should, and that is what it found
        return error
    if status == "refused":
        return f"{_named(operation, steps)} was refused: {error} Nothing was touched."
    what = f"{_named(operation, steps)} failed in phase {failure['phase']}: {error}"
    stopped = " There is no good release to roll back to, so the application was stopped; its data volumes were kept."
    is_stopped = steps["undone"] and steps["makes_release"]
    undo_error = (steps["undo_failure"] or {}).get("error", "").rstrip(".")
    after = {
        "unreachable": " Nothing was rolled back; the next run recovers it." if steps["changed"] else "",
        "failed": stopped if is_stopped else "",
        "rolled_back": f" Rolled back to {steps['previous']} and verified.",
        "rollback_failed": f" Rolling back to {steps['previous'] or 'the previous state'} also failed: {undo_error}.",
    }[status]
    was_touched = steps["undone"] or steps["undo_failure"]
    moved = _schema_sentence(steps["schema_moved"], operation) if was_touched else ""
    evidence = f" Evidence: {steps['evidence']}." if steps["evidence"] else ""
    return f"{what}{after}{moved}{_data_sentence(operation, steps)}{evidence}"


def _sentence(operation: str, status: str, steps: Mapping[str, Any], failure: Mapping[str, Any] | None) -> str:
    if failure is None:
        return _success_sentence(operation, status, steps)
    return _failure_sentence(operation, status, steps, failure)


def target_result(operation: str, steps: Mapping[str, Any], failure: Mapping[str, Any] | None) -> dict[str, Any]:
    """The result of one target; ``steps`` is what :func:`steps_from` found."""
    status = _status(steps, failure)
    shown = ("changed", "version", "release", "release_before", "release_after", "phases", "checks", "checklist",
             "schema_moved", "backup", "evidence", "recovered", "reasons", "services", "check_mode")  # fmt: skip
    return {
        "status": status,
        "operation": operation,
        "about": steps["about"],
        **{name: steps[name] for name in shown},
        **({"metrics": steps["metrics"]} if operation == "monitor" else {}),
        "failure": dict(failure) if failure else None,
        "reason": failure["reason"] if failure else "",
        "message": _sentence(operation, status, steps, failure),
        "hint": failure["hint"] if failure else "",
    }


def steps_from(variables: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Gather what the steps registered."""

    def step(name: str) -> Mapping[str, Any]:
        found = variables.get(f"ops_{name}") or {}
        return found if isinstance(found, Mapping) and not found.get("skipped") else {}

    preflight, start, finish, migrate = step("preflight"), step("start"), step("finish"), step("migrate")
    noted = variables.get("result_failure") or {}
    failure = noted.get("failure")
    undo_failure = (variables.get("result_undo_failure") or {}).get("failure")
    inputs = (variables.get("app_model") or {}).get("inputs", {})
    verify, metrics = step("verify"), step("metrics")
    before = start.get("previous", preflight.get("current", verify.get("release", metrics.get("release"))))
    return {
        "about": _about.of_variables(variables),
        "changed": bool(start.get("changed")),
        "makes_release": bool(start.get("makes_release")),
        "subject": inputs.get("version") or step("resolve").get("release") or "",
        "version": inputs.get("version") or step("resolve").get("version"),
        "release": start.get("release"),
        "previous": before,
        "release_before": before,
        "release_after": finish.get("current", before),
        "current": start.get("release") if check_mode and not failure else finish.get("current", before),
        "phases": [*_looked(preflight), *finish.get("phases", [])],
        **_looks(verify, metrics),
        "schema_moved": migrate.get("moved") if "moved" in migrate else (None if migrate else False),
        "backup": (step("backup").get("backup") or {}).get("id") or noted.get("put_back") or None,
        "put_back": noted.get("put_back") or None,
        "restored": (step("restore").get("backup") or {}).get("id") if step("restore").get("changed") else None,
        "evidence": step("evidence").get("path"),
        "recovered": start.get("interrupted"),
        "reasons": list(preflight.get("reasons") or []),
        "services": list(step("apply").get("services") or []),
        # not whether something was finished: after a fleet's first play that may be what is being undone
        "undone": bool(noted.get("undo")) and undo_failure is None,
        "undo_failure": undo_failure,
        "check_mode": check_mode,
    }


def _looked(preflight: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Preflight as a phase, which no journal has."""
    return [{"name": "preflight", "state": "ok", "seconds": preflight["seconds"]}] if "seconds" in preflight else []


def _looks(verify: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Checks and metrics as they are now; the failure has them as they were then."""
    return {
        "checks": list(verify.get("checks") or []),
        "checklist": str(verify.get("checklist") or metrics.get("table") or "").splitlines(),
        "metrics": list(metrics.get("metrics") or []),
        "summary": metrics.get("summary"),
    }


def returned(target: Mapping[str, Any], before: Mapping[str, Any], why: str) -> dict[str, Any]:
    """The result of a host that had the new release and was to go back because of another host.

    ``before`` is its result until then.
    """
    if target["failure"]:
        message = f"{why}, and this host could not be rolled back: {target['message']}"
        if target["status"] in ("refused", "rolled_back"):
            current = target["release_after"] or before.get("release_after") or "the new release"
            error = target["failure"]["error"].rstrip(".")
            message = f"{why}, and this host could not be rolled back: {error}. {current} is still current."
        hint = target["hint"] or "Roll this host back by name: playbooks/rollback.yml with --limit and release."
        return {**target, "status": "rollback_failed", "message": message, "hint": hint}
    if target["status"] != "ok":
        return dict(target)
    had = target["release_after"] or "nothing, as before"
    message = f"{why}, so this host was rolled back to {had}.{_schema_sentence(target['schema_moved'], 'deploy')}"
    return {**target, "status": "rolled_back", "reason": "fleet_failed", "message": message}


def red_hosts(targets: Mapping[str, Mapping[str, Any]], recap: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The hosts whose result is good while Ansible counted a failure: something of the caller's own failed there."""
    return [
        host
        for host, target in targets.items()
        if target["status"] in GOOD_STATUSES
        and any(recap.get(host, {}).get(bad) for bad in ("failures", "unreachable"))
    ]


def fleet_result(operation: str, targets: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The result of the whole operation."""
    worst = max((target["status"] for target in targets.values()), key=STATUSES.index, default="skipped")
    return {
        "schema": SCHEMA,
        "operation": operation,
        "status": worst,
        "changed": any(target["changed"] for target in targets.values()),
        "targets": {name: dict(target) for name, target in targets.items()},
    }


def skipped(operation: str, reason: str) -> dict[str, Any]:
    """The result of a target that the operation did not get to."""
    empty = steps_from({}, check_mode=False)
    return {**target_result(operation, empty, None), "status": "skipped", "message": reason}
