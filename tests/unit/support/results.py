"""What the steps of an operation register, for each way in which one can end."""

from __future__ import annotations

from typing import Any

from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _result

CHECK = {
    "name": "API answers",
    "kind": "http",
    "severity": "required",
    "state": "pass",
    "reason": "answered 200",
    "latency_ms": 3.1,
    "attempts": 1,
    "elapsed_s": 0.01,
    "observed": {"status": 200},
}
FAILED_CHECK = {**CHECK, "state": "fail", "reason": "answered 500, expected 200"}
PASSING = {"verdict": "pass", "checks": [CHECK], "checklist": "[x] API answers    0.01 s"}
FAILING = {"verdict": "fail", "checks": [FAILED_CHECK], "checklist": "[ ] API answers    0.01 s  answered 500"}
PHASES = [{"name": "apply", "state": "ok", "started": "2026-11-23T20:00:00Z", "seconds": 1.5}]

PREFLIGHT = {"current": "0001-v1", "seconds": 0.2, "reasons": ["version v1 becomes v2"]}
START = {
    "changed": True,
    "token": 7,
    "release": "0002-v2",
    "previous": "0001-v1",
    "interrupted": None,
    "makes_release": True,
}
BEFORE: dict[str, Any] = {"app_model": {"inputs": {"version": "v2"}}, "ops_preflight": PREFLIGHT}
DURING: dict[str, Any] = {
    **BEFORE,
    "ops_start": START,
    "ops_backup": {"backup": {"id": "20261123T204105Z-0001-v1"}},
    "ops_migrate": {"moved": True},
    "ops_apply": {"services": ["web"]},
}
RETURNED = {"phases": PHASES, "current": "0001-v1"}


def noted(undo: bool, looked: dict[str, Any] | None = None, **result: Any) -> dict[str, Any]:
    """What note_failure registers."""
    return {"failure": _result.failure_from(result, looked, "change"), "undo": undo}


PUT_BACK = "20261123T204105Z-0001-v1"
VERIFY_FAILED = noted(
    True, FAILING, msg="API answers (answered 500)", phase="verify", kind="failed", reason="check_failed"
)

#: how it ended → the variables of the host
ENDINGS: dict[str, dict[str, Any]] = {
    "ok": {**DURING, "ops_verify": PASSING, "ops_finish": {"phases": PHASES, "current": "0002-v2"}},
    "unchanged": {**BEFORE, "ops_verify": PASSING, "ops_preflight": {**PREFLIGHT, "reasons": []}},
    "refused": {
        "app_model": {"failed": True},
        "result_failure": noted(
            False,
            kind="refused",
            reason="invalid_input",
            error="version is required.",
            hint="Give it.",
            phase="preflight",
        ),
    },
    "lease held": {**BEFORE, "result_failure": noted(False, kind="lease_held", reason="lease_held", error="Locked.")},
    "unreachable": {**BEFORE, "result_failure": noted(False, kind="unreachable", msg="It cannot be reached.")},
    "rolled back": {
        **DURING,
        "result_failure": VERIFY_FAILED,
        "ops_verify": PASSING,
        "ops_finish": RETURNED,
        "ops_evidence": {"path": "/state/evidence/0002-v2"},
    },
    "first deploy failed": {
        **DURING,
        "ops_start": {**START, "previous": None},
        "ops_migrate": {"moved": False},
        "result_failure": VERIFY_FAILED,
        "ops_verify": FAILING,
        "ops_finish": {"phases": PHASES, "current": None},
    },
    "rollback failed": {
        **DURING,
        "ops_migrate": {"failed": True, "msg": "no"},
        "result_failure": VERIFY_FAILED,
        "result_undo_failure": noted(True, error="web exited with code 1"),
        "ops_verify": FAILING,
        "ops_finish": {"phases": PHASES, "current": "0001-v1"},
    },
    "data put back": {
        **DURING,
        "ops_restore": {"changed": True, "backup": {"id": "20261123T204105Z-0001-v1"}},
        "ops_backup": {"backup": {"id": "20261123T204207Z-0001-v1"}},
        "result_failure": {**noted(True, error="a table cannot be read", phase="integrity"), "put_back": PUT_BACK},
        "ops_finish": RETURNED,
    },
    "data not put back": {
        **DURING,
        "ops_restore": {"changed": True, "backup": {"id": "20261120T000000Z-0001-v1"}},
        "ops_backup": {"failed": True, "msg": "The dump failed."},
        "result_failure": {**noted(True, error="a table cannot be read", phase="integrity"), "put_back": PUT_BACK},
        "result_undo_failure": noted(True, error="The restore failed"),
        "ops_finish": {"phases": PHASES, "current": "0001-v1"},
    },
    "only looked and failed": {
        **BEFORE,
        "ops_start": {**START, "release": None, "previous": None, "makes_release": False},
        "result_failure": noted(True, error="The dump failed", phase="backup"),
        "ops_finish": {"phases": PHASES, "current": None},
    },
    "lease lost": {
        **DURING,
        "result_failure": noted(False, kind="lease_lost", reason="lease_lost", error="It held lease number 7."),
        "ops_finish": {"failed": True, "msg": "This operation held lease number 7."},
    },
    "interrupted before": {
        **DURING,
        "ops_start": {
            **START,
            "interrupted": {
                "operation": "deploy",
                "release": "0001-v1",
                "started": "2026-11-23T20:00:00Z",
                "phase": "apply",
            },
        },
        "ops_verify": PASSING,
        "ops_finish": {"phases": PHASES, "current": "0002-v2"},
    },
}


def ended(how: str, operation: str = "deploy", check_mode: bool = False) -> dict[str, Any]:
    """The result of a target that ended so."""
    variables = ENDINGS[how]
    failure = (variables.get("result_failure") or {}).get("failure")
    return _result.target_result(operation, _result.steps_from(variables, check_mode), failure)
