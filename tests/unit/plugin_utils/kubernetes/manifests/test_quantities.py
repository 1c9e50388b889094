"""Quantities as numbers, wherever the API has one; checked against the API's own schemas in the fuzz tests' samples."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._quantities import as_text

LIMITS = {"limits": {"cpu": 0.5, "memory": 134217728}, "requests": {"cpu": 1, "x.example/gpu": 2}}
WRITTEN = {"limits": {"cpu": "0.5", "memory": "134217728"}, "requests": {"cpu": "1", "x.example/gpu": "2"}}
POD = {"containers": [{"resources": LIMITS}], "initContainers": [{"resources": LIMITS}]}
POD_WRITTEN = {"containers": [{"resources": WRITTEN}], "initContainers": [{"resources": WRITTEN}]}


def thing(kind: str, spec: Any, version: str = "v1") -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "spec": spec}


CASES = [
    ("Deployment", "apps/v1", {"template": {"spec": POD}}, {"template": {"spec": POD_WRITTEN}}),
    ("Pod", "v1", POD, POD_WRITTEN),
    ("CronJob", "batch/v1beta1", {"jobTemplate": {"spec": {"template": {"spec": POD}}}},
     {"jobTemplate": {"spec": {"template": {"spec": POD_WRITTEN}}}}),
    ("Pod", "v1", {"volumes": [{"emptyDir": {"sizeLimit": 5}}]}, {"volumes": [{"emptyDir": {"sizeLimit": "5"}}]}),
    ("ResourceQuota", "v1", {"hard": {"pods": 10}}, {"hard": {"pods": "10"}}),
    ("LimitRange", "v1", {"limits": [{"type": "Pod", "max": {"cpu": 2}}]},
     {"limits": [{"type": "Pod", "max": {"cpu": "2"}}]}),
    ("PersistentVolumeClaim", "v1", {"resources": {"requests": {"storage": 1e9}}},
     {"resources": {"requests": {"storage": "1000000000.0"}}}),
    ("StatefulSet", "apps/v1", {"volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": 9}}}}]},
     {"volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": "9"}}}}]}),
    ("HorizontalPodAutoscaler", "autoscaling/v2", {"metrics": [{"pods": {"target": {"averageValue": 3}}}]},
     {"metrics": [{"pods": {"target": {"averageValue": "3"}}}]}),
    # what is none stays as it is: for the server to refuse, or of another group
    ("ResourceQuota", "v1", {"hard": {"pods": True}}, {"hard": {"pods": True}}),
    ("ResourceQuota", "quota.example/v1", {"hard": {"pods": 10}}, {"hard": {"pods": 10}}),
    ("Deployment", "apps/v1", {"replicas": 2}, {"replicas": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "version", "spec", "written"), CASES)
def test_quantities_are_sent_as_text(kind: str, version: str, spec: Any, written: Any) -> None:
    found = copy.deepcopy(thing(kind, spec, version))
    as_text(found)
    assert found == thing(kind, written, version)


@pytest.mark.parametrize("spec", [None, {"template": []}, {"volumeClaimTemplates": ["a", None]}])
def test_any_other_shape_is_left_alone(spec: Any) -> None:
    found = thing("StatefulSet", spec, "apps/v1")
    as_text(found)
    assert found["spec"] == spec
