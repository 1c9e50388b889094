"""Autoscalers say what they measure, in each version of their API; tests/integration/test_kube_kinds.py shows why."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._autoscaling import complete

METRICS, BEHAVIOR = "autoscaling.alpha.kubernetes.io/metrics", "autoscaling.alpha.kubernetes.io/behavior"
EMPTY = {METRICS: "[]", BEHAVIOR: "{}"}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
OLD_CPU = {"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 80}}
MEMORY = [{"type": "Resource", "resource": {"name": "memory"}}]


def scaler(version: str, spec: Any, kind: str = "HorizontalPodAutoscaler", **annotations: str) -> dict[str, Any]:
    metadata = {"name": "web", **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


CASES = [
    (scaler("autoscaling/v2", {}), scaler("autoscaling/v2", {"metrics": [CPU]})),
    (scaler("autoscaling/v2beta2", {"metrics": []}), scaler("autoscaling/v2beta2", {"metrics": [CPU]})),
    (scaler("autoscaling/v2beta1", {}), scaler("autoscaling/v2beta1", {"metrics": [OLD_CPU]})),
    (scaler("autoscaling/v2", {"metrics": MEMORY}), scaler("autoscaling/v2", {"metrics": MEMORY})),
    (scaler("autoscaling/v1", {}), scaler("autoscaling/v1", {"targetCPUUtilizationPercentage": 80}, **EMPTY)),
    (
        scaler("autoscaling/v1", {"targetCPUUtilizationPercentage": 50}),
        scaler("autoscaling/v1", {"targetCPUUtilizationPercentage": 50}, **EMPTY),
    ),
    (
        scaler("autoscaling/v1", {}, **{METRICS: "[{}]"}),
        scaler("autoscaling/v1", {}, **{METRICS: "[{}]", BEHAVIOR: "{}"}),
    ),
    # somebody else's, and no autoscaler at all
    (scaler("autoscaling.example.com/v1", {}), scaler("autoscaling.example.com/v1", {})),
    (scaler("autoscaling/v1", {}, "Scale"), scaler("autoscaling/v1", {}, "Scale")),
    (scaler("autoscaling/v1", None), scaler("autoscaling/v1", None)),
]


@pytest.mark.parametrize(("given", "completed"), CASES)
def test_what_is_measured_is_said(given: dict[str, Any], completed: dict[str, Any]) -> None:
    found = copy.deepcopy(given)
    complete(found)
    assert found == completed
    complete(found)
    assert found == completed
