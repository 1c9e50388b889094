"""The one result of an operation, for each way in which it can end."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _result
from tests.unit.support.results import CHECK, DURING, ENDINGS, FAILED_CHECK, FAILING, PASSING, START, ended


@pytest.mark.parametrize(
    ("how", "status", "reason", "facts"),
    [
        ("ok", "ok", "", ["v2", "0002-v2"]),
        ("unchanged", "unchanged", "", ["v2", "0001-v1"]),
        ("refused", "refused", "invalid_input", ["version is required."]),
        ("lease held", "refused", "lease_held", ["v2", "Locked."]),
        ("unreachable", "unreachable", "host_unreachable", ["It cannot be reached."]),
        ("rolled back", "rolled_back", "check_failed",
         ["phase verify", "API answers (answered 500)", "0001-v1", "schema", "/state/evidence/0002-v2"]),
        ("first deploy failed", "failed", "check_failed", ["phase verify", "stopped", "data volumes"]),
        ("rollback failed", "rollback_failed", "check_failed", ["0001-v1", "web exited with code 1", "schema"]),
        ("data put back", "rolled_back", "task_failed", ["phase integrity", "0001-v1", "20261123T204105Z-0001-v1"]),
        ("data not put back", "rollback_failed", "task_failed", ["The restore failed", "20261123T204105Z-0001-v1"]),
        ("only looked and failed", "failed", "task_failed", ["phase backup", "The dump failed."]),
        ("lease lost", "failed", "lease_lost", ["lease number 7."]),
        ("interrupted before", "ok", "", ["0002-v2"]),
    ],
)  # fmt: skip
def test_each_ending_has_its_status_its_reason_and_its_facts(
    how: str, status: str, reason: str, facts: list[str]
) -> None:
    found = ended(how)
    assert (found["status"], found["reason"]) == (status, reason)
    assert (found["failure"] or {"reason": ""})["reason"] == reason
    assert [fact for fact in facts if fact not in found["message"]] == []
    assert "stopped" not in found["message"] or how == "first deploy failed"


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"kind": "failed", "reason": "image_not_found"}, "image_not_found"),
        ({"kind": "unreachable"}, "host_unreachable"),
        ({"kind": "failed"}, "task_failed"),
        ({"kind": "failed", "reason": "Conditional result was False"}, "task_failed"),
        ({"reason": "forbidden"}, "task_failed"),
        ({"kind": "failed", "reason": ["forbidden"]}, "task_failed"),
    ],
    ids=["ours", "a connection", "a crash", "a sentence", "a task of somebody else", "no text"],
)
def test_a_reason_is_one_of_ours_or_that_a_task_failed(result: dict[str, Any], reason: str) -> None:
    assert _result.failure_from(result, None, "change")["reason"] == reason


@pytest.mark.parametrize(
    ("how", "facts"),
    [
        ("ok", {"changed": True, "release_before": "0001-v1", "release_after": "0002-v2", "schema_moved": True}),
        ("unchanged", {"changed": False, "release": None, "release_after": "0001-v1", "schema_moved": False}),
        ("refused", {"changed": False, "version": None, "hint": "Give it."}),
        ("rolled back", {"release_after": "0001-v1", "backup": "20261123T204105Z-0001-v1"}),
        ("first deploy failed", {"release_after": None, "release_before": None}),
    ],
)
def test_the_facts_of_an_ending(how: str, facts: dict[str, Any]) -> None:
    found = ended(how)
    assert {name: found[name] for name in facts} == facts


def test_the_checks_are_those_of_now_and_the_failure_has_those_of_then() -> None:
    found = ended("rolled back")
    assert found["checks"] == [CHECK]
    assert found["failure"]["checks"] == [FAILED_CHECK]


def test_check_mode_says_what_would_run() -> None:
    found = ended("ok", check_mode=True)
    assert (found["check_mode"], found["services"]) == (True, ["web"])
    assert found["message"] == "Would deploy v2. 0002-v2 would be running."


@pytest.mark.parametrize(
    ("migrate", "moved"),
    [
        pytest.param({"moved": True}, True, id="it moved"),
        pytest.param({"failed": True, "moved": False}, False, id="it failed and did not move"),
        pytest.param({"failed": True}, None, id="it failed and nobody can tell"),
        pytest.param({"skipped": True}, False, id="it was skipped"),
        pytest.param(None, False, id="it was not reached"),
    ],
)
def test_whether_the_schema_moved(migrate: dict[str, Any] | None, moved: bool | None) -> None:
    assert _result.steps_from({**DURING, "ops_migrate": migrate}, False)["schema_moved"] is moved


def test_what_a_former_play_finished_does_not_count_as_undone() -> None:
    """A host of a fleet was deployed to, is to go back because of another one, and cannot get the lease again."""
    variables = {**ENDINGS["ok"], "result_failure": ENDINGS["lease held"]["result_failure"]}
    failure = variables["result_failure"]["failure"]
    found = _result.target_result("return", _result.steps_from(variables, False), failure)
    assert found["status"] == "refused"


@pytest.mark.parametrize(
    ("result", "looked", "found"),
    [
        pytest.param({"msg": "no"}, None, ("failed", "change", "no", "", 0), id="any task"),
        pytest.param(
            {"msg": "no, do", "error": "no", "hint": "do", "kind": "refused", "phase": "lease"},
            None,
            ("refused", "lease", "no", "do", 0),
            id="one of ours",
        ),
        pytest.param({"message": "old"}, None, ("failed", "change", "old", "", 0), id="another shape"),
        pytest.param({}, None, ("failed", "change", "no message was given", "", 0), id="silence"),
        pytest.param({"msg": "no"}, FAILING, ("failed", "change", "no", "", 1), id="a checklist that did not pass"),
        pytest.param({"msg": "no"}, PASSING, ("failed", "change", "no", "", 0), id="a checklist that passed"),
    ],
)
def test_a_failure_is_read_from_whatever_failed(
    result: dict[str, Any], looked: dict[str, Any] | None, found: tuple[Any, ...]
) -> None:
    failure = _result.failure_from(result, looked, "change")
    assert (failure["kind"], failure["phase"], failure["error"], failure["hint"], len(failure["checks"])) == found


@pytest.mark.parametrize(
    ("endings", "status", "changed"),
    [
        pytest.param(["ok", "ok"], "ok", True, id="all went well"),
        pytest.param(["unchanged", "unchanged"], "unchanged", False, id="nothing to do"),
        pytest.param(["unchanged", "ok"], "ok", True, id="something to do"),
        pytest.param(["ok", "unreachable"], "unreachable", True, id="one cannot be reached"),
        pytest.param(["rolled back", "refused"], "rolled_back", True, id="one went back"),
        pytest.param(["rolled back", "first deploy failed"], "failed", True, id="one is down"),
        pytest.param(["rollback failed", "first deploy failed"], "rollback_failed", True, id="one could not go back"),
    ],
)
def test_a_fleet_is_as_well_as_its_worst_host(endings: list[str], status: str, changed: bool) -> None:
    targets = {f"host{number}": ended(how) for number, how in enumerate(endings)}
    found = _result.fleet_result("deploy", targets)
    assert (found["status"], found["changed"], list(found["targets"])) == (status, changed, list(targets))


def test_a_fleet_of_nobody_was_skipped() -> None:
    assert _result.fleet_result("deploy", {})["status"] == "skipped"


def test_a_target_that_was_not_reached_says_why() -> None:
    found = _result.skipped("deploy", "Skipped: one could not deploy the release.")
    assert (found["status"], found["changed"], found["release"]) == ("skipped", False, None)
    assert (found["status"], found["reason"]) == ("skipped", "")


def test_every_status_has_its_place() -> None:
    assert {ended(how)["status"] for how in ENDINGS} | {"skipped"} == set(_result.STATUSES)
    assert set(_result.GOOD_STATUSES) < set(_result.STATUSES)


def test_a_rollback_is_named_by_the_release_it_went_to() -> None:
    variables = {
        "app_model": {"inputs": {"release": "last good"}},
        "ops_resolve": {"release": "0001-v1", "version": "v1"},
        "ops_start": {**START, "release": "0001-v1"},
        "ops_finish": {"phases": [], "current": "0001-v1"},
    }
    found = _result.target_result("rollback", _result.steps_from(variables, False), None)
    assert (found["message"], found["version"]) == ("Rolled back to 0001-v1. 0001-v1 is running.", "v1")


@pytest.mark.parametrize(("operation", "word"), [("backup", "is current"), ("verify", "is running")])
def test_that_a_release_runs_is_said_where_the_operation_has_looked(operation: str, word: str) -> None:
    variables = {"ops_start": {**START, "release": None}, "ops_finish": {"phases": [], "current": "0001-v1"}}
    found = _result.target_result(operation, _result.steps_from(variables, False), None)
    assert f"0001-v1 {word}." in found["message"]


WHY = "two could not deploy the release"


@pytest.mark.parametrize(
    ("how", "status", "reason", "facts"),
    [
        pytest.param("ok", "rolled_back", "fleet_failed", [WHY, "0002-v2", "schema"], id="it went back"),
        pytest.param("lease held", "rollback_failed", "lease_held", [WHY, "Locked.", "0001-v1"], id="it is held"),
        pytest.param("unreachable", "rollback_failed", "host_unreachable", [WHY, "be reached."], id="unknown"),
        pytest.param("rollback failed", "rollback_failed", "check_failed", [WHY, "web exited"], id="the undo failed"),
        pytest.param("unchanged", "unchanged", "", ["0001-v1"], id="unchanged"),
    ],
)
def test_a_host_that_its_fleet_takes_back_says_what_runs_there(
    how: str, status: str, reason: str, facts: list[str]
) -> None:
    found = _result.returned(ended(how), ended("ok"), WHY)
    assert (found["status"], found["reason"]) == (status, reason)
    assert [fact for fact in facts if fact not in found["message"]] == []
