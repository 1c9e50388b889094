# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shape that an object of a manifest must have for all that looks into it; the rest is the API server's to judge.

A wrong shape is named by its place. What is there instead is not shown: a template may have put a secret there.
"""

from __future__ import annotations

import re
from typing import Any

from ..api._objects import WORKLOADS, Object, is_workload, kind_of, template_of
from ..api._shapes import ANY_KEY, TEXT_OR_NULL, found, wrong

_TEXTS = {ANY_KEY: TEXT_OR_NULL}
_REF = {"name": TEXT_OR_NULL}
_SECRET = {"name": TEXT_OR_NULL, "secretName": TEXT_OR_NULL}
_CONTAINERS = [
    {
        "ports": [{}],
        "envFrom": [{"configMapRef": _REF, "secretRef": _REF}],
        "env": [{"valueFrom": {"configMapKeyRef": _REF, "secretKeyRef": _REF}}],
    }
]
_POD = {
    "initContainers": _CONTAINERS,
    "containers": _CONTAINERS,
    "imagePullSecrets": [_REF],
    "volumes": [
        {"configMap": _REF, "secret": _SECRET, "projected": {"sources": [{"configMap": _REF, "secret": _REF}]}}
    ],
}
_ABOUT = {"labels": _TEXTS, "annotations": _TEXTS}
_TEMPLATE = {"metadata": _ABOUT, "spec": _POD}
_WORKLOAD = {"template": _TEMPLATE, "selector": {}}
_OBJECT: dict[str, Any] = {"metadata": _ABOUT, "spec": {}}
#: an object is a dictionary by key, a list one with the shape of its items; null is as good as nothing
_SHAPES: dict[str, dict[str, Any]] = {
    **{kind: {"spec": _WORKLOAD} for kind in WORKLOADS},
    "CronJob": {"spec": {"jobTemplate": {"spec": _WORKLOAD}}},
    "Pod": {"spec": _POD},
    "Secret": {"data": _TEXTS, "stringData": _TEXTS, "type": TEXT_OR_NULL},
    "ConfigMap": {"data": _TEXTS, "binaryData": _TEXTS},
    "Service": {"spec": {"ports": [{}]}},
}

_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_VERSION = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[a-z][a-z0-9]{0,62}")
#: names of some kinds have more signs than those of most
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.:-]{0,251}[A-Za-z0-9])?")


def wrong_identity(thing: Any) -> str:
    """What keeps data from being an object with a name, empty where it is one."""
    if not isinstance(thing, dict):
        return f"expected objects with apiVersion, kind and metadata, found {found(thing)}"
    for key, pattern in (("apiVersion", _VERSION), ("kind", _KIND)):
        if not isinstance(thing.get(key), str) or not pattern.fullmatch(thing[key]):
            return f"expected {key} as Kubernetes writes it, found {_instead(thing.get(key))}"
    metadata = thing.get("metadata")
    if not isinstance(metadata, dict):
        return f"{thing['kind']}: expected metadata as an object, found {found(metadata)}"
    if metadata.get("generateName"):
        return f"{thing['kind']}: expected a name, found generateName: an object is found again by its name"
    name = metadata.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"{thing['kind']}: expected metadata.name as text that is a name, found {_instead(name)}"
    return ""


def wrong_shape(thing: Object) -> tuple[str, str]:
    """The first place of a named object that has not its shape, and that in words; empty where all have."""
    for shape in (_OBJECT, _SHAPES.get(kind_of(thing), {})):
        for where, expected, value in wrong(thing, shape):
            return where, f"expected {where} as {expected}, found {found(value)}"
    if is_workload(thing):
        template = template_of(thing)
        if template is None or not isinstance(template.get("spec"), dict):
            return "spec", f"expected spec{'' if template is thing else '.template'} with a spec, found none"
    return "", ""


def _instead(value: Any) -> str:
    return "other text" if isinstance(value, str) and value else found(value or None)
