"""From what ansible-runner reports to typed events."""

from __future__ import annotations

from typing import Any

import pytest

from doppelganger_ops import events, reports
from doppelganger_ops.events import Translator
from tests.unit.api.scripted import AT, check, target, task

PLATFORM = "platform_compose"


def names(*raws: dict[str, Any]) -> list[str]:
    """The events as short words."""
    translator = Translator("deploy", "r1")
    found = []
    for each in raws:
        for event in translator.translate(each):
            what = getattr(event, "phase", None) or getattr(event, "name", None) or getattr(event, "status", "")
            found.append(f"{type(event).__name__} {what}".strip())
    return found


def through(entry: str, **res: Any) -> list[dict[str, Any]]:
    return [task("start", f"{PLATFORM}/{entry}"), task("ok", f"{PLATFORM}/{entry}", 2, **res)]


METRIC = {"name": "error_rate", "state": "fail", "value": 2.5, "unit": "percent", "tier": "warning", "limit": "> 1"}
CASES: list[tuple[str, list[dict[str, Any]], list[str]]] = [
    ("a phase", through("backup"), ["PhaseStarted backup", "PhaseFinished backup"]),
    ("what people call it", through("start"), ["PhaseStarted lease", "PhaseFinished lease"]),
    ("no phase", through("resolve"), []),
    ("outside of a platform", [task("start", "app/main"), task("ok", "app/main")], []),
    ("two tasks of a checklist",
     [task("start", f"{PLATFORM}/verify"), task("ok", f"{PLATFORM}/verify", checks=[check()]),
      task("start", f"{PLATFORM}/verify"), task("ok", f"{PLATFORM}/verify")],
     ["PhaseStarted verify", "CheckPassed Page", "PhaseFinished verify"]),
    ("a check that fails",
     [task("start", f"{PLATFORM}/verify"), task("ok", f"{PLATFORM}/verify", checks=[check(state="fail")]),
      task("start", f"{PLATFORM}/verify"), task("failed", f"{PLATFORM}/verify", msg="1 of 1", phase="soak")],
     ["PhaseStarted verify", "CheckFailed Page", "PhaseFailed soak"]),
    ("metrics",
     [task("start", f"{PLATFORM}/metrics"), task("ok", f"{PLATFORM}/metrics", metrics=[METRIC]),
      task("start", f"{PLATFORM}/metrics"), task("ok", f"{PLATFORM}/metrics")],
     ["PhaseStarted monitor", "MetricMeasured error_rate", "PhaseFinished monitor"]),
    ("the return after a failure",
     [task("start", f"{PLATFORM}/apply"), task("failed", f"{PLATFORM}/apply", msg="crashed"),
      task("ok", "result/failure", undo=True), *through("evidence"), *through("apply")],
     ["PhaseStarted apply", "PhaseFailed apply", "PhaseStarted evidence", "PhaseFinished evidence",
      "PhaseStarted return", "PhaseFinished return"]),
    ("recovery", [*through("start", interrupted={"phase": "apply"}), *through("apply"), *through("apply")],
     ["PhaseStarted lease", "PhaseFinished lease", "PhaseStarted recover", "PhaseFinished recover",
      "PhaseStarted apply", "PhaseFinished apply"]),
    ("data that is put back",
     [task("start", "database/swap"), *through("backup"), *through("apply"), *through("restore"), *through("apply")],
     ["PhaseStarted backup", "PhaseFinished backup", "PhaseStarted stop", "PhaseFinished stop",
      "PhaseStarted restore", "PhaseFinished restore", "PhaseStarted apply", "PhaseFinished apply"]),
    ("the end", [task("ok", "result/target", target=target())], ["TargetFinished ok"]),
    ("rolled back", [task("ok", "result/target", target=target(status="rolled_back"))],
     ["RolledBack", "TargetFinished rolled_back"]),
    ("lost", [task("start", f"{PLATFORM}/apply"), task("unreachable", f"{PLATFORM}/apply", msg="gone")],
     ["PhaseStarted apply", "PhaseFailed apply"]),
    ("waiting", [task("start", f"{PLATFORM}/apply"),
                 {"event": "waits", "at": AT.format(2), "host": "app", "waiting": "2 of 3 pods"}],
     ["PhaseStarted apply", "Waiting apply"]),
    ("a warning", [{"event": "warning", "at": "", "level": "warning", "text": "old"}], ["Line"]),
    ("a play", [{"event": "playbook_on_play_start", "at": "", "play": "P"}], []),
]  # fmt: skip


@pytest.mark.parametrize(("raws", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_events(raws: list[dict[str, Any]], expected: list[str]) -> None:
    assert names(*raws) == expected


def test_a_phase_takes_from_its_start_to_its_end() -> None:
    found = [event for each in through("backup") for event in Translator("d", "r").translate(each)]
    translator = Translator("deploy", "r1")
    found = [event for each in through("backup") for event in translator.translate(each)]
    assert isinstance(found[1], events.PhaseFinished)
    assert found[1].seconds == 2.0
    assert translator.phases() == {"app": [{"name": "backup", "state": "ok", "seconds": 2.0}]}
    assert found[1].to_dict()["event"] == "PhaseFinished"


def test_hosts_are_kept_apart() -> None:
    translator = Translator("deploy", "r1")
    for host in ("one", "two"):
        list(translator.translate(task("start", f"{PLATFORM}/apply", host=host)))
    list(translator.translate(task("ok", f"{PLATFORM}/apply", 3, host="one")))
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
    ("path", "entry"),
    [
        ("/c/roles/platform_compose/tasks/backup.yml:2", "platform_compose/backup"),
        ("/c/playbooks/deploy.yml:12", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_where_a_task_is(path: str | None, entry: str) -> None:
    assert reports.entry_of(path) == entry


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
    list(translator.translate(task("start", f"{PLATFORM}/apply")))
    (event,) = translator.translate(raw)
    assert isinstance(event, events.Waiting)
    assert (event.host, event.phase, event.detail) == ("app", "apply", "2 of 3 pods are ready")
    assert list(translator.running()) == [("app", "apply", "2 of 3 pods are ready")]


def test_of_a_metric_its_samples_stay_behind() -> None:
    whole = {**METRIC, "title": "Error rate", "reason": "", "samples": [{"at": 0, "value": 1}] * 1000}
    found = reports.reduced(of_runner("runner_on_ok", host="app", res={"metrics": [whole]}))
    assert found is not None
    assert found["res"]["metrics"] == [{**METRIC, "title": "Error rate", "reason": ""}]
