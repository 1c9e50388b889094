"""The module metric_check as a whole, and what its table says."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._measure import MEASURING, measure
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._catalogue import catalogue
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._report import summary, table, trend, verdict_of
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs._catalogue_file import ours
from tests.unit.module_utils.metrics.readers.test_endpoint import vector
from tests.unit.support.metric_sources import Answerer, plain_project, server

SECRET = "geheim-canary"


def entry(title: str, path: str, source: str = "json", **limits: Any) -> dict[str, Any]:
    return {
        "title": title,
        "unit": "jobs",
        "limits": limits,
        "remedy": f"Mend {title}.",
        "sources": {source: {"path": path}},
    }


CRITICAL: dict[str, Any] = {"critical": {"above": 20, "priority": "P1"}, "warning": {"above": 10, "priority": "P2"}}
THEIRS = {
    **dict.fromkeys(ours()["metrics"]),  # nothing of ours
    "queue": entry("Queue", "queue", **CRITICAL),
    "mails": entry("Mails", "mails", warning={"above": 10}),
    "rate": entry("Rate", "rate"),
}


def params(theirs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    metrics = catalogue(ours(), "shop", {**THEIRS, "service_memory": None, **(theirs or {})}).as_data()
    defaults = {name: option.get("default") for name, option in MEASURING.items()}
    return {**defaults, "interval": 0.05, "metrics": metrics, "must_pass": False, **more}


def run(answer: Answerer | dict[str, Any], **more: Any) -> dict[str, Any]:
    answers = (lambda _: (200, "application/json", json.dumps(answer))) if isinstance(answer, dict) else answer
    with server(answers) as url:
        project: Any = plain_project()
        return measure(params(sources={"json": {"url": url}}, **more), project, Redactor([SECRET]))


def test_all_is_well() -> None:
    found = run({"queue": 3, "mails": 1, "rate": 5})
    assert (found["verdict"], found["changed"]) == ("pass", False)
    assert [row["state"] for row in found["metrics"]] == ["pass"] * 3
    assert found["table"].splitlines() == [
        "    metric  value   limit  tier  trend",
        "[x] Queue   3 jobs  > 10",
        "[x] Mails   1 jobs  > 10",
        "[x] Rate    5 jobs  -",
    ]
    assert found["summary"] == "3 of 3 metrics were measured; none is beyond a limit."


def test_what_is_critical_fails() -> None:
    found = run({"queue": 25, "mails": 11, "rate": 5})
    assert found["verdict"] == "fail"
    queue, mails, _ = found["metrics"]
    assert (queue["state"], queue["tier"], queue["priority"], queue["limit"]) == ("fail", "critical", "P1", "> 20")
    assert (queue["reason"], queue["remedy"]) == ("25 is above 20", "Mend Queue.")
    assert (mails["state"], mails["tier"]) == ("fail", "warning")
    assert found["hint"] == "Queue: Mend Queue."
    assert "critical: Queue 25 jobs (limit > 20); warning: Mails 11 jobs (limit > 10)" in found["summary"]


def test_a_warning_is_shown_and_passes() -> None:
    found = run({"queue": 15, "mails": 11, "rate": 5})
    assert found["verdict"] == "pass"
    assert "[ ] Queue   15 jobs  > 10   warning" in found["table"]


def test_what_may_be_critical_and_cannot_be_seen_is_no_pass() -> None:
    found = run({"queue": "many", "mails": 1, "rate": 5})
    assert found["verdict"] == "error"
    assert "could not be measured: Queue (queue is 'many', expected a number)" in found["summary"]
    assert run({"queue": 1, "mails": "many", "rate": 5})["verdict"] == "pass"


def test_nothing_seen_is_no_pass() -> None:
    found = run({})
    assert found["verdict"] == "inconclusive"
    assert "No metric could be measured" in found["summary"]
    assert [line[:3] for line in found["table"].splitlines()[1:]] == ["[?]"] * 3


def test_a_metric_without_a_source_is_skipped_and_says_so() -> None:
    theirs = {"pool": {"title": "Pool", "sources": {"postgres": {"query": "x"}}}}
    with server(lambda _: (200, "application/json", "{}")) as url:
        project: Any = plain_project()
        given = params(theirs, sources={"json": {"url": url}})
        row = measure(given, project, Redactor([]))["metrics"][-1]
    assert (row["state"], row["reason"]) == ("skipped", "none of its sources is there: postgres")


def test_it_fails_where_it_must_pass() -> None:
    with pytest.raises(OpsError) as failed:
        run({"queue": 25, "mails": 1, "rate": 1}, must_pass=True)
    assert failed.value.data["verdict"] == "fail"
    assert "Queue 25 jobs" in failed.value.message


@pytest.mark.parametrize(("queue", "verdict"), [({"queue": "many"}, "error"), ({}, "inconclusive")])
def test_what_could_not_be_looked_at_is_no_pass_either(queue: dict[str, Any], verdict: str) -> None:
    with pytest.raises(OpsError) as failed:
        run({"mails": 1, "rate": 1, **queue} if queue else {}, must_pass=True)
    assert failed.value.data["verdict"] == verdict


def test_secrets_are_not_shown() -> None:
    found = run({"queue": f"x{SECRET}", "mails": 1, "rate": 1})
    assert SECRET not in json.dumps(found)


def test_more_looks_are_more_samples() -> None:
    found = run({"queue": 1, "mails": 1, "rate": 1}, count=4)
    assert [len(row["samples"]) for row in found["metrics"]] == [4, 4, 4]
    assert found["metrics"][0]["trend"] == "steady"
    assert found["metrics"][0]["samples"][3]["at"] >= 0.14


def test_gates_are_judged_over_time() -> None:
    rising = iter(range(8, 100))
    answer = lambda _: (200, "application/json", json.dumps({"queue": next(rising)}))  # noqa: E731 one line says it
    gate = {"metric": "queue", "interval": 0.05, "count": 6, "failure_limit": 1}
    found = run(answer, gates=[gate])
    assert found["verdict"] == "fail"
    [row] = found["metrics"]
    assert row["reason"] == "12 is above 10 (2 samples failed)"
    assert (row["trend"], row["samples"][0]["value"]) == ("rising", 8)


@pytest.mark.parametrize(("gate", "verdict"), [({}, "inconclusive"), ({"on_error": "undo"}, "error")])
def test_gates_that_cannot_see_are_no_pass(gate: dict[str, Any], verdict: str) -> None:
    found = run(lambda _: (503, "text/plain", ""), gates=[{"metric": "queue", "interval": 0.01, **gate}])
    assert found["verdict"] == verdict
    assert found["metrics"][0]["state"] == "error"


@pytest.mark.parametrize("name", ["interval", "count", "timeout"])
def test_times_that_make_no_sense_are_refused(name: str) -> None:
    with pytest.raises(Refused, match=f"{name} must be more than 0"):
        run({}, **{name: 0})


def test_a_source_that_hangs_is_given_up() -> None:
    def answer(_: str) -> tuple[int, str, str]:
        time.sleep(1)
        return 200, "application/json", "{}"

    found = run(answer, timeout=0.1)
    assert found["metrics"][0]["reason"] == "no answer within 0.1 s"
    assert found["seconds"] < 1


def test_prometheus_is_asked_for_the_past() -> None:
    def answer(path: str) -> tuple[int, str, str]:
        if "query_range" in path:
            result = [{"metric": {}, "values": [[at, str(at)] for at in range(10)]}]
            return (
                200,
                "application/json",
                json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}),
            )
        return 200, "application/json", vector(({}, "9"))

    metric = {"title": "Past", "sources": {"prometheus": {"query": "x"}}}
    with server(answer) as url:
        project: Any = plain_project()
        given = params({**dict.fromkeys(THEIRS), "past": metric}, sources={"prometheus": {"url": url}}, history=60)
        [row] = measure(given, project, Redactor([]))["metrics"]
    assert (row["value"], row["trend"]) == (9, "rising")
    assert row["history"][:2] == [[0, 0], [1, 1]]


@pytest.mark.parametrize(
    ("values", "said"),
    [([], ""), ([1], ""), ([1, 1], "steady"), ([1, 2], "rising"), ([2, 1], "falling"), ([0, 0, 0], "steady"),
     ([1, 1.01, 1.02], "steady"), ([1, 5, 1, 5, 1], "steady"), ([1, math.nan, 2], "rising"), ([-1, -2], "falling")],
)  # fmt: skip
def test_a_trend_in_a_word(values: list[float], said: str) -> None:
    assert trend([(float(at), value) for at, value in enumerate(values)]) == said


def test_rows_of_nothing() -> None:
    assert verdict_of([]) == "inconclusive"
    assert "No metric could be measured" in summary("inconclusive", [])
    assert table([]) == "    metric  value  limit  tier  trend"
