# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quantities that a manifest gives as numbers, as text: the API reads both, and server-side apply of text alone."""

from __future__ import annotations

import json
from typing import Any

from ..api._objects import Object, kind_of, template_of

_EACH = "*"
#: one quantity, and several by name
_ONE = "quantity"
_MANY = {_EACH: _ONE}
_RESOURCES = {"limits": _MANY, "requests": _MANY}
_CLAIM = {"spec": {"resources": _RESOURCES}}
_CONTAINERS = [{"resources": _RESOURCES, "env": [{"valueFrom": {"resourceFieldRef": {"divisor": _ONE}}}]}]
_FILES = {"items": [{"resourceFieldRef": {"divisor": _ONE}}]}
_POD = {
    "spec": {
        "containers": _CONTAINERS,
        "initContainers": _CONTAINERS,
        "overhead": _MANY,
        "resources": _RESOURCES,
        "volumes": [
            {
                "emptyDir": {"sizeLimit": _ONE},
                "ephemeral": {"volumeClaimTemplate": _CLAIM},
                "downwardAPI": _FILES,
                "projected": {"sources": [{"downwardAPI": _FILES}]},
            }
        ],
    }
}
_LIMITS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_TARGET = {"value": _ONE, "averageValue": _ONE}
_METRIC = {"target": _TARGET, "targetValue": _ONE, "targetAverageValue": _ONE, "averageValue": _ONE}
_METRICS = dict.fromkeys(("resource", "containerResource", "pods", "object", "external"), _METRIC)
#: a dictionary is an object by key, a list one with the shape of its items
_KINDS: dict[str, dict[str, Any]] = {
    "PersistentVolumeClaim": _CLAIM,
    "StatefulSet": {"spec": {"volumeClaimTemplates": [_CLAIM]}},
    "ResourceQuota": {"spec": {"hard": _MANY}},
    "LimitRange": {"spec": {"limits": [dict.fromkeys(_LIMITS, _MANY)]}},
    "HorizontalPodAutoscaler": {"spec": {"metrics": [_METRICS]}},
}


def as_text(thing: Object) -> None:
    """Write the quantities of an object as text, in place."""
    template = template_of(thing)
    if template is not None:
        _walk(template, _POD)
    _walk(thing, _KINDS.get(kind_of(thing), {}))


def _walk(value: Any, shape: Any) -> None:
    if isinstance(shape, list):
        for item in value if isinstance(value, list) else []:
            _walk(item, shape[0])
    elif isinstance(value, dict):
        for key in [*value] if _EACH in shape else shape:
            below = shape.get(_EACH, shape.get(key))
            if below == _ONE:
                _write(value, key)
            else:
                _walk(value.get(key), below)


def _write(parent: Object, key: str) -> None:
    value = parent.get(key)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        parent[key] = json.dumps(value)
