"""Gates and sources as inventories write them, and what a soak makes of them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks._checklist import parse_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._judge import Result
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._runner import run_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.gates import _soak
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._metric_gates import Gates
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._soak import Soak, planned, watches_of, with_past
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics import _places, _watches
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._catalogue import catalogue
from ansible_collections.doppelganger.ops.plugins.module_utils.running._scene import Scene
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs._catalogue_file import ours
from tests.unit.support.metric_sources import plain_project, server

ROOT = Path(__file__).resolve().parents[4] / "collections"
METRICS = catalogue(
    ours(), "shop", {"queue": {"title": "Queue", "unit": "jobs", "limits": {"warning": {"above": 5}},
                               "sources": {"json": {"path": "length"}, "prometheus": {"query": "queue"}}}},
).metrics  # fmt: skip
SOURCES = {"json": {"url": "http://127.0.0.1:9"}}


def gates(*raw: dict[str, Any], **sources: Any) -> Gates:
    return Gates(_watches.gates_as_data(raw, METRICS), {**SOURCES, **sources})


# reading

WRONG_SOURCES = [
    ({"promteheus": {}}, "unknown source 'promteheus'"),
    ({"prometheus": {}}, "prometheus needs a url, or a service and its port"),
    ({"openmetrics": {"service": "app"}}, "openmetrics needs a url, or a service and its port"),
    ({"redis": {}}, "redis needs a service or a host"),
    ({"redis": {"host": "r", "password": "x"}}, "unknown option redis.password"),
    ({"prometheus": "http://x"}, "prometheus must be a dictionary, found 'http://x' (str)"),
]


@pytest.mark.parametrize(("raw", "said"), WRONG_SOURCES)
def test_sources_that_cannot_be_read(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refused:
        _places.parse_sources(raw)
    assert said in refused.value.message


def test_containers_and_host_are_there_unless_they_are_taken_out() -> None:
    assert set(_places.parse_sources({})) == {"containers", "host"}
    assert set(_places.parse_sources({"host": None})) == {"containers"}


WRONG_GATES = [
    ({"metric": "queu"}, "gate 'queu': there is no metric 'queu', did you mean 'queue'?"),
    ({"metric": "queue", "cuont": 3}, "unknown option cuont, did you mean 'count'?"),
    ({"metric": "queue", "tier": "critical"}, "the metric has no limit of the tier critical"),
    ({"metric": "queue", "interval": 0}, "interval must be more than 0, found 0"),
    ({"metric": "queue", "failure_limit": -1}, "failure_limit must not be negative"),
    ({"metric": "queue", "on_error": "rollback"}, "on_error must be one of go_on, undo"),
    ({"metric": "queue", "window": 0}, "window must be more than 0"),
    ({"metric": "queue", "compare": {"alpha": 2}}, "compare.alpha must be between 0 and 1"),
    ({"metric": "queue", "compare": {"effect": 2}}, "compare.effect must be from 0 to 1"),
    ({"metric": "request_rate"}, "the metric has no limit, so compare must say what it is held against"),
    ({"metric": "request_growth"}, "none of its sources (prometheus) is in app_metric_sources"),
]


@pytest.mark.parametrize(("raw", "said"), WRONG_GATES)
def test_gates_that_cannot_be_read(raw: dict[str, Any], said: str) -> None:
    sources = _places.parse_sources({**SOURCES, "openmetrics": {"url": "http://x"}})
    with pytest.raises(Refused) as refused:
        _watches.parse_gates([raw], METRICS, sources)
    assert said in refused.value.message


def test_a_gate_without_a_tier_takes_the_warning_and_the_next_worse_where_there_is_none() -> None:
    sources = _places.parse_sources({"openmetrics": {"url": "http://x"}})
    names = ["error_rate", "service_up"]
    found = _watches.parse_gates([{"metric": name} for name in names], METRICS, sources)
    assert [watch.limit.tier for watch in found if watch.limit] == ["warning", "critical"]


LOADED = """
import sys
from ansible_collections.doppelganger.ops.plugins.action import app_model
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.tools import _health_check
from ansible_collections.doppelganger.ops.plugins.module_utils.gates import _verify
names = sorted(name.partition(".plugins.")[2] for name in sys.modules if name.startswith("ansible_collections."))
metrics = ("module_utils.metrics.", "plugin_utils.kubernetes.running._usage")
print(*[name for name in names if name.startswith(metrics) and "._" in name])
"""


def test_a_deployment_without_gates_loads_nothing_of_metrics() -> None:
    found = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True, cwd=ROOT)
    assert found.stdout.split() == []


# judging


def soaked(gates: Gates, seconds: float = 0.5, checks: list[dict[str, Any]] | None = None) -> list[Result]:
    """What a soak makes of gates, beside a checklist."""
    project: Any = plain_project()
    scene = Scene(project)
    read = [replace(check, hold=seconds) for check in parse_checks(checks)] if checks else []
    return run_checks(read, scene, Soak(gates, scene, seconds).checks())


def answering(*lengths: Any) -> Any:
    """A queue that has these lengths, one after the other; the last one stays."""
    left = list(lengths)

    def answer(_: str) -> tuple[int, str, str]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return (found, "text/plain", "") if found == 503 else (200, "application/json", json.dumps({"length": found}))

    return answer


QUEUE = {"metric": "queue", "interval": 0.1}


def verdict(answers: Any, seconds: float = 0.5, **gate: Any) -> Result:
    with server(answers) as url:
        return soaked(gates({**QUEUE, **gate}, json={"url": url}), seconds)[0]


def test_a_gate_is_watched_for_as_long_as_the_soak() -> None:
    found = verdict(answering(3))
    assert (found.state, found.severity, found.name) == ("pass", "required", "Queue > 5 jobs")
    assert 0.4 <= found.elapsed_s < 1.5
    assert len(found.observed["samples"]) >= 4
    assert found.observed["query"] == "path=length"


def test_a_gate_that_fails_ends_at_once() -> None:
    found = verdict(answering(3, 9), seconds=30)
    assert (found.state, found.reason) == ("fail", "9 is above 5")
    assert found.elapsed_s < 5


@pytest.mark.parametrize(
    ("answers", "gate", "state", "severity", "said"),
    [
        (answering(503), {}, "error", "advisory", "that is no reason to undo a release"),
        (answering(503), {"on_error": "undo"}, "error", "required", "answered 503"),
        (answering(None), {}, "inconclusive", "advisory", "no reason to undo"),
        (answering(None), {"on_inconclusive": "undo"}, "inconclusive", "required", "length is null"),
        # what cannot be seen at first does not keep it from being seen to fail
        (answering(None, None, 9), {}, "fail", "required", "9 is above 5"),
        (answering(3), {"count": 50}, "inconclusive", "advisory", "of the 50 samples that are needed"),
        (answering(9), {"severity": "advisory"}, "fail", "advisory", "9 is above 5"),
    ],
)
def test_what_a_gate_comes_to(answers: Any, gate: dict[str, Any], state: str, severity: str, said: str) -> None:
    found = verdict(answers, **gate)
    assert (found.state, found.severity) == (state, severity), found
    assert said in found.reason


def test_without_a_soak_there_are_a_few_looks() -> None:
    assert len(verdict(answering(3), seconds=0).observed["samples"]) == 5


def test_a_check_that_fails_ends_the_gates() -> None:
    checks = [{"name": "port", "kind": "tcp", "host": "127.0.0.1", "port": 9, "timeout": 0.3, "interval": 0.1}]
    with server(answering(3)) as url:
        began = time.monotonic()
        port, queue = soaked(gates(QUEUE, json={"url": url}), 30, checks)
    assert (port.state, queue.state) == ("fail", "inconclusive")
    assert "port failed" in queue.reason
    assert time.monotonic() - began < 5


def test_a_gate_that_fails_ends_the_checks() -> None:
    with server(answering(3, 3, 9)) as url:
        host, port = url.removeprefix("http://").split(":")
        checks = [{"name": "port", "kind": "tcp", "host": host, "port": int(port)}]
        began = time.monotonic()
        held, queue = soaked(gates(QUEUE, json={"url": url}), 30, checks)
    assert (held.state, queue.state) == ("inconclusive", "fail")
    assert "Queue > 5 jobs failed" in held.reason
    assert time.monotonic() - began < 5


def test_a_gate_that_only_cannot_see_ends_nothing() -> None:
    with server(answering(3)) as url:
        host, port = url.removeprefix("http://").split(":")
        checks = [{"name": "port", "kind": "tcp", "host": host, "port": int(port)}]
        held, queue = soaked(gates(QUEUE), 0.5, checks)
    assert (held.state, queue.state, queue.severity) == ("pass", "error", "advisory")


@pytest.mark.parametrize(("gate", "severity"), [({}, "advisory"), ({"on_error": "undo"}, "required")])
def test_gates_that_break_are_an_error_and_not_tried_for_ever(
    gate: dict[str, Any], severity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise IndexError("no such number")

    monkeypatch.setattr(_soak, "follow", broken)
    [found] = soaked(gates({**QUEUE, **gate}), 30)
    assert (found.state, found.severity, found.attempts) == ("error", severity, 1)
    assert "watching the metrics went wrong: IndexError('no such number')" in found.reason


# the time before


def test_a_gate_is_compared_with_what_the_release_before_showed() -> None:
    steps = [1.0, 2.0] * 5
    past = [{"kind": "metric", "observed": {"metric": "queue", "source": "json", "steps": steps}}]
    compare = {**QUEUE, "interval": 0.02, "compare": {"min_samples": 10}}
    for length, state in ((4, "fail"), (1, "pass")):
        with server(answering(length)) as url:
            scene = Scene(plain_project())
            soak = Soak(gates(compare, json={"url": url}), scene, 0.8, past)
            [found] = run_checks([], scene, soak.checks())
        assert found.state == state, found.reason
        assert len(found.observed["steps"]) >= 10


def test_without_anything_to_compare_with_nothing_is_said() -> None:
    found = verdict(answering(4), compare={"min_samples": 10})
    assert (found.state, found.severity) == ("inconclusive", "advisory")
    assert "0 samples before" in found.reason


def test_only_the_same_metric_from_the_same_source_is_compared_with() -> None:
    [watch] = watches_of(gates({**QUEUE, "compare": {}}))
    other = {"kind": "metric", "observed": {"metric": "queue", "source": "prometheus", "steps": [1.0]}}
    assert with_past(watch, [other, {"kind": "http", "observed": {}}]).baseline == ()


@pytest.mark.parametrize(("seconds", "warm_up", "count"), [(10, 0, 0), (10, 9.5, 0), (10, 9.95, 5), (10, 11, 5)])
def test_where_the_warm_up_leaves_no_look_of_the_soak_there_are_a_few_more(
    seconds: float, warm_up: float, count: int
) -> None:
    [watch] = watches_of(gates({**QUEUE, "warm_up": warm_up}))
    assert planned(watch, seconds).rules.count == count


def test_doubts_that_count_end_a_gate_early() -> None:
    [watch] = watches_of(gates(QUEUE))
    assert planned(watch, 10).rules.ends_early is False
    [strict] = watches_of(gates({**QUEUE, "on_error": "undo"}))
    assert planned(strict, 10).rules.ends_early is True
