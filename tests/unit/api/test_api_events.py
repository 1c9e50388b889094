"""From what ansible-runner reports to typed events."""

from __future__ import annotations

from typing import Any

import pytest

from doppelganger_ops import events, reports
from doppelganger_ops.events import Translator
from tests.unit.api.scripted import AT, check, target, task


def names(*raws: dict[str, Any]) -> list[str]:
    """The events as short words."""
    translator = Translator("deploy", "r1")
    found = []
    for each in raws:
        for event in translator.translate(each):
            what = getattr(event, "phase", None) or getattr(event, "name", None) or getattr(event, "status", "")
            found.append(f"{type(event).__name__} {what}".strip())
    return found


def through(step: str, **res: Any) -> list[dict[str, Any]]:
    return [task("start", step), task("ok", step, 2, **res)]


METRIC = {"name": "error_rate", "state": "fail", "value": 2.5, "unit": "percent", "tier": "warning", "limit": "> 1"}
CASES: list[tuple[str, list[dict[str, Any]], list[str]]] = [
    ("a phase", through("database_backup"), ["PhaseStarted backup", "PhaseFinished backup"]),
    ("what people call it", through("operation_start"), ["PhaseStarted lease", "PhaseFinished lease"]),
    ("no phase", through("release_resolve"), []),
    ("a phase that is not for this host",
     [task("start", "release_verify"), task("skipped", "release_verify"), *through("database_backup")],
     ["PhaseStarted verify", "PhaseStarted backup", "PhaseFinished backup"]),
    ("no step of ours", [task("start", ""), task("ok", "")], []),
    ("a checklist", through("release_verify", checks=[check()]),
     ["PhaseStarted verify", "CheckPassed Page", "PhaseFinished verify"]),
    ("a check that fails",
     [task("start", "release_verify"),
      task("failed", "release_verify", checks=[check(state="fail")], msg="1 of 1", phase="soak")],
     ["PhaseStarted verify", "CheckFailed Page", "PhaseFailed soak"]),
    ("a check that was skipped", through("release_verify", checks=[check(state="skipped")]),
     ["PhaseStarted verify", "PhaseFinished verify"]),
    ("a failure that is ignored",
     [task("start", "database_backup"), {**task("failed", "database_backup"), "ignored": True}],
     ["PhaseStarted backup"]),
    ("metrics", through("metrics_measure", metrics=[METRIC]),
     ["PhaseStarted monitor", "MetricMeasured error_rate", "PhaseFinished monitor"]),
    ("the return after a failure",
     [task("start", "release_apply"), task("failed", "release_apply", msg="crashed"),
      task("ok", "note_failure", undo=True), *through("rollback/undo:evidence_collect"),
      *through("rollback/previous:release_apply"), *through("rollback/previous:release_verify")],
     ["PhaseStarted apply", "PhaseFailed apply", "PhaseStarted evidence", "PhaseFinished evidence",
      "PhaseStarted return", "PhaseFinished return", "PhaseStarted verify return", "PhaseFinished verify return"]),
    ("recovery",
     [*through("operation_start"), *through("rollback/recover:release_apply"), *through("release_apply")],
     ["PhaseStarted lease", "PhaseFinished lease", "PhaseStarted recover", "PhaseFinished recover",
      "PhaseStarted apply", "PhaseFinished apply"]),
    ("data that is put back",
     [*through("database_backup"), *through("database/replace:release_apply"),
      *through("database/replace:database_restore"), *through("release_apply")],
     ["PhaseStarted backup", "PhaseFinished backup", "PhaseStarted stop", "PhaseFinished stop",
      "PhaseStarted restore", "PhaseFinished restore", "PhaseStarted apply", "PhaseFinished apply"]),
    ("the end", [task("ok", "target_result", target=target())], ["TargetFinished ok"]),
    ("rolled back", [task("ok", "target_result", target=target(status="rolled_back"))],
     ["RolledBack", "TargetFinished rolled_back"]),
    ("lost", [task("start", "release_apply"), task("unreachable", "release_apply", msg="gone")],
     ["PhaseStarted apply", "PhaseFailed apply"]),
    ("waiting", [task("start", "release_apply"),
                 {"event": "waits", "at": AT.format(2), "host": "app", "waiting": "2 of 3 pods"}],
     ["PhaseStarted apply", "Waiting apply"]),
    ("a warning", [{"event": "warning", "at": "", "level": "warning", "text": "old"}], ["Line"]),
    ("a play", [{"event": "playbook_on_play_start", "at": "", "play": "P"}], []),
]  # fmt: skip


@pytest.mark.parametrize(("raws", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_events(raws: list[dict[str, Any]], expected: list[str]) -> None:
    assert names(*raws) == expected


@pytest.mark.parametrize(
    ("event", "res", "reason"),
    [
        ("failed", {"kind": "failed", "reason": "start_failed"}, "start_failed"),
        ("failed", {"msg": "Boom"}, "task_failed"),
        ("unreachable", {"msg": "gone"}, "host_unreachable"),
    ],
)
def test_a_phase_that_failed_says_why(event: str, res: dict[str, Any], reason: str) -> None:
    translator = Translator("deploy", "r1")
    found = [one for raw in (task("start", "release_apply"), task(event, "release_apply", **res))
             for one in translator.translate(raw)]  # fmt: skip
    assert [one.reason for one in found if isinstance(one, events.PhaseFailed)] == [reason]


def test_a_phase_takes_from_its_start_to_its_end() -> None:
    found = [event for each in through("database_backup") for event in Translator("d", "r").translate(each)]
    translator = Translator("deploy", "r1")
    found = [event for each in through("database_backup") for event in translator.translate(each)]
    assert isinstance(found[1], events.PhaseFinished)
    assert found[1].seconds == 2.0
    assert translator.phases() == {"app": [{"name": "backup", "state": "ok", "seconds": 2.0}]}
    assert found[1].to_dict()["event"] == "PhaseFinished"


def test_hosts_are_kept_apart() -> None:
    translator = Translator("deploy", "r1")
    for host in ("one", "two"):
        list(translator.translate(task("start", "release_apply", host=host)))
    list(translator.translate(task("ok", "release_apply", 3, host="one")))
    assert [phase["state"] for phase in translator.phases()["one"]] == ["ok"]
    assert list(translator.running()) == [("two", "apply", "")]


def of_runner(name: str, **data: Any) -> dict[str, Any]:
    return {"event": name, "created": "2026-11-25T10:00:00+00:00", "stdout": "text\n", "event_data": data}


def test_two_megabytes_become_a_few_kilobytes() -> None:
    found = reports.reduced(
        of_runner("runner_on_ok", host="app", res={"msg": "x" * 2_000_000, "stdout": "y" * 2_000_000})
    )
    assert found is not None
    assert len(str(found)) < 2 * reports.LONGEST
    assert "2000000 characters" in found["res"]["msg"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/c/roles/rollback/tasks/undo.yml:2", "rollback/undo"),
        ("/c/playbooks/deploy.yml:12", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_where_a_task_is(path: str | None, place: str) -> None:
    assert reports.place_of(path) == place


@pytest.mark.parametrize(
    ("action", "step"),
    [("doppelganger.ops.release_apply", "release_apply"), ("ansible.builtin.debug", ""), (None, "")],
)
def test_which_step_a_task_is(action: str | None, step: str) -> None:
    assert reports.step_of(action) == step


@pytest.mark.parametrize(
    ("event", "kept"),
    [
        (of_runner("verbose"), True),
        ({**of_runner("verbose"), "stdout": " "}, False),
        (of_runner("playbook_on_include"), False),
        (of_runner("playbook_on_stats", processed={"a": 1}), True),
        ({"event": "EOF"}, False),
    ],
)
def test_what_is_kept(event: dict[str, Any], kept: bool) -> None:
    assert (reports.reduced(event) is not None) == kept


def test_what_a_step_waits_for_is_an_event() -> None:
    line = {**of_runner("verbose"), "stdout": f"{reports.WAITS}app\x1e2 of 3 pods are ready\r\n"}
    raw = reports.reduced(line)
    assert raw is not None
    translator = Translator("deploy", "r1")
    list(translator.translate(task("start", "release_apply")))
    (event,) = translator.translate(raw)
    assert isinstance(event, events.Waiting)
    assert (event.host, event.phase, event.detail) == ("app", "apply", "2 of 3 pods are ready")
    assert list(translator.running()) == [("app", "apply", "2 of 3 pods are ready")]


def test_of_a_metric_its_samples_stay_behind() -> None:
    whole = {**METRIC, "title": "Error rate", "reason": "", "samples": [{"at": 0, "value": 1}] * 1000}
    found = reports.reduced(of_runner("runner_on_ok", host="app", res={"metrics": [whole]}))
    assert found is not None
    assert found["res"]["metrics"] == [{**METRIC, "title": "Error rate", "reason": ""}]
