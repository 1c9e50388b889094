"""Objects of a cluster in which something is not as an API server has it: whoever looks into them says so, or copes.

The objects are those of a real server (1.20), as a client got them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Garbled, OpsError
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api import _objects, _received
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._objects import Object
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.changes import _changes, _diff, _ownership
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests import _secrets
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout import _jobs, _pods, _readiness
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._scene import Scene, ready_before
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.running import _containers, _usage
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target import _drift, _layout

RECORDED: list[Object] = json.loads(
    (Path(__file__).parents[1] / "unit/support/data/cluster_objects.json").read_text(encoding="utf-8")
)
SUMMARY: Object = {
    "node": {"cpu": {"usageNanoCores": 5}, "memory": {"workingSetBytes": 5, "availableBytes": 6},
             "network": {"time": "2026-11-30T00:00:00Z", "rxBytes": 1, "txBytes": 2}},
    "pods": [{"podRef": {"uid": one["metadata"]["uid"]}, "network": {"rxBytes": 1, "txBytes": 2},
              "containers": [{"name": "web", "cpu": {"usageNanoCores": 5}, "memory": {"workingSetBytes": 5}}]}
             for one in RECORDED if one["kind"] == "Pod"],
}  # fmt: skip
METRICS: Object = {
    "items": [{"metadata": {"name": one["metadata"]["name"]}, "timestamp": "2026-11-30T00:00:00Z",
               "usage": {"cpu": "5n", "memory": "7Ki"},
               "containers": [{"name": "web", "usage": {"cpu": "5n", "memory": "7Ki"}}]}
              for one in RECORDED if one["kind"] == "Pod"]
}  # fmt: skip
GONE = object()
INSTEAD = st.sampled_from(
    [GONE, None, [], {}, "", "x", "-1", "9" * 400, "\ud800\0", 0, -1, 1.5, 10**40, True, [None], [[]], {"a": None},
     {"name": []}, ["x"], [{}], [{"name": "x"}], {"": {}}]
)  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in plain data, as what it lies in and its key there."""
    for key, below in [*(value.items() if isinstance(value, dict) else enumerate(value))]:
        yield value, key
        if isinstance(below, (dict, list)):
            yield from places(below)


def spoiled(data: st.DataObject, thing: Any) -> Any:
    """The same with something else in one or two places."""
    found = copy.deepcopy(thing)
    for _ in range(data.draw(st.integers(1, 2))):
        every = list(places(found))
        if not every:
            break
        holder, key = every[data.draw(st.integers(0, len(every) - 1))]
        instead = data.draw(INSTEAD)
        if instead is GONE:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(instead)
    return found


def judged(things: list[Object]) -> None:
    """All that waiting looks at."""
    by_kind: dict[str, list[Object]] = {}
    for one in things:
        by_kind.setdefault(one["kind"], []).append(one)
    pods = by_kind.get("Pod", [])
    for before in (ready_before(pods), {}):
        scene = Scene(
            pods, by_kind.get("ReplicaSet", []), by_kind.get("ControllerRevision", []), by_kind.get("Service", []),
            by_kind.get("Endpoints", []), by_kind.get("Event", []), before,
        )  # fmt: skip
        for kind in _objects.WORKLOADS:
            for workload in by_kind.get(kind, []):
                _readiness.judge(workload, scene)
        for pod in pods:
            scene.was_ready(pod)
            scene.trouble_of(pod, is_job=True)
    _jobs.last_failure(pods)
    sorted(by_kind.get("Event", []), key=_pods.when)


def measured(things: list[Object]) -> None:
    pods = [one for one in things if one["kind"] == "Pod"]
    _containers.containers_in(pods)
    sorted(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
    for pod in pods:
        _containers.service_of(pod)
    _usage.told_containers(pods, SUMMARY)
    _usage.served_containers(pods, METRICS["items"], 0.0)


def kept(things: list[Object]) -> None:
    """What the store and the lease are made of."""
    for one in things:
        _layout.item_of(one, "shop")
        _layout.written_by(one)
        if one["kind"] == "Secret":
            _layout.trail_of(one, "KEY")
            _secrets.of_object(one)
        if one["kind"] == "Lease":
            _layout.token_in(one)
            _layout.may_be_alive(one)


def compared(things: list[Object]) -> None:
    """What a plan and a drift look at: each object live, and again as what it should be."""
    release = _changes.Release("shop", "1", "because")
    for one, wanted in zip(things, RECORDED, strict=False):
        if one["kind"] in ("Event", "Endpoints", "ControllerRevision", "ReplicaSet", "Lease"):
            continue
        _changes.prepared(wanted, one, release)
        _diff.diff(one, wanted, str)
        _ownership.is_applied(one)
        _drift.changes_of(wanted, one)
        _objects.goes_by_itself(one)
        template = _objects.template_of(one)
        _objects.containers_of(template or {})
        _jobs.has_failed(one)


READERS: list[Callable[[list[Object]], None]] = [judged, measured, kept, compared]


def test_what_was_recorded_is_taken_as_it_is() -> None:
    for one in RECORDED:
        assert _received.thing(one, one["kind"]) is one
    for read in READERS:
        read(RECORDED)
    assert _received.other(SUMMARY, "summary") is SUMMARY
    assert _received.other(METRICS, "metrics") is METRICS


def received(things: list[Object]) -> list[Object]:
    """As a list comes in: apiVersion and kind are what was asked for."""
    return [
        {**_received.thing(one, was["kind"]), "kind": was["kind"], "apiVersion": was["apiVersion"]}
        for one, was in zip(things, RECORDED, strict=True)
    ]


@settings(max_examples=max(600, settings().max_examples))
@given(st.data())
def test_an_object_that_is_spoiled_is_the_clusters_fault_or_does_no_harm(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(RECORDED) - 1))
    things: list[Any] = list(RECORDED)
    things[number] = spoiled(data, RECORDED[number])
    try:
        there = received(things)
    except Garbled:
        return
    for read in READERS:
        try:
            read(there)
        except OpsError:  # in words
            continue


@given(st.data())
def test_figures_that_are_spoiled_are_the_clusters_fault_or_do_no_harm(data: st.DataObject) -> None:
    pods = [one for one in RECORDED if one["kind"] == "Pod"]
    try:
        summary = _received.other(spoiled(data, SUMMARY), "summary")
        metrics = _received.other(spoiled(data, METRICS), "metrics")
    except Garbled:
        return
    capacity: Mapping[str, Any] = {"cpu": "2", "memory": "7Ki"}
    _usage.told_containers(pods, summary)
    _usage.told_node("n", summary, capacity)
    _usage.served_containers(pods, metrics.get("items") or [], 0.0)
    _usage.served_nodes(["n"], metrics.get("items") or [], {"n": capacity}, 0.0)
