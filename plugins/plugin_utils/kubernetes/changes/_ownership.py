# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose an object is: by its labels, by the field managers that the server keeps, and by who made it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..api._client import FIELD_MANAGER
from ..api._objects import (
    APPLICATION_LABEL,
    KIND_LABEL,
    MANAGED_BY_LABEL,
    ORIGIN_ANNOTATION,
    REPLICAS_ANNOTATION,
    Object,
    controller_of,
)

CREATED = "created"


def applied_fields(thing: Mapping[str, Any]) -> Object:
    """The fields that we have applied, as the server writes them down; empty where we have not."""
    return _fields(thing, "Apply")


def _fields(thing: Mapping[str, Any], operation: str) -> Object:
    for entry in thing["metadata"].get("managedFields") or []:
        if (entry.get("manager"), entry.get("operation")) == (FIELD_MANAGER, operation):
            return dict(entry.get("fieldsV1") or {})
    return {}


def taken_over(thing: Object, live: Mapping[str, Any]) -> dict[str, list[str]]:
    """The fields of a manifest that we have applied and somebody else has set since, by who has: the server takes a
    field from us where another client changes it."""
    ours = applied_fields(live)
    found: dict[str, list[str]] = {}
    for entry in live["metadata"].get("managedFields") or []:
        if (entry.get("manager"), entry.get("operation")) != (FIELD_MANAGER, "Apply"):
            paths = [".".join(path) for path in _foreign(entry.get("fieldsV1") or {}, thing, ours)]
            found.setdefault(str(entry.get("manager")), []).extend(paths)
    return {manager: sorted(set(paths)) for manager, paths in found.items() if paths}


def _foreign(theirs: Mapping[str, Any], value: Any, ours: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The fields of ``theirs`` that the value has and that are not in ``ours``."""
    for key, below in theirs.items():
        found = _below(key, value)
        if found is None or ours.get(key) == {}:  # which is all of it
            continue
        name, inner = found
        further = {each: more for each, more in _tree(below).items() if each != "."}
        if further:
            yield from ((name, *rest) for rest in _foreign(further, inner, _tree(ours.get(key))))
        elif key not in ours:
            yield (name,)


def _tree(value: Any) -> Mapping[str, Any]:
    """Fields below a field; what is something else there has none."""
    return value if isinstance(value, Mapping) else {}


def _below(key: str, value: Any) -> tuple[str, Any] | None:
    """What a key of the server's fields means in a manifest, and how people call it; None where it is not there."""
    how, _, rest = key.partition(":")
    if how == "f" and isinstance(value, dict):
        return (rest, value[rest]) if rest in value else None
    try:
        said = json.loads(rest)
    except ValueError:
        return None
    if not isinstance(value, list):
        return None
    if how == "v":
        return (str(said), said) if said in value else None
    if how == "k" and isinstance(said, dict):
        # what a manifest does not say of a key is a default
        same = (one for one in value if isinstance(one, dict) and all(one.get(k, v) == v for k, v in said.items()))
        item = next(same, None)
        return (",".join(map(str, said.values())), item) if item is not None else None
    return None


def replicas_before(thing: Mapping[str, Any]) -> int | None:
    """How many pods a workload had before we stopped it; None where we have not, or somebody has scaled it since."""
    is_set_by_us = "f:replicas" in (_fields(thing, "Update").get("f:spec") or {})
    if thing["spec"].get("replicas") != 0 or not is_set_by_us:
        return None
    noted = str((thing["metadata"].get("annotations") or {}).get(REPLICAS_ANNOTATION) or "")
    return int(noted) if noted.isdecimal() else None


def is_applied(thing: Mapping[str, Any]) -> bool:
    """Whether we have applied the object. Labels can be copied by anybody; this is written by the server."""
    return bool(applied_fields(thing))


def why_not_ours(thing: Mapping[str, Any], application: str) -> str:
    """Why an object is not to be deleted with an application; empty where it is its own."""
    metadata = thing["metadata"]
    labels = metadata.get("labels") or {}
    if labels.get(APPLICATION_LABEL) != application or labels.get(MANAGED_BY_LABEL) != FIELD_MANAGER:
        return "it has no label of this application"
    if KIND_LABEL in labels:
        return "it is a record, and no part of a release"
    if controller_of(thing):
        return "another object controls it"
    if not is_applied(thing):
        return f"{FIELD_MANAGER} did not apply it: its labels were copied"
    if (metadata.get("annotations") or {}).get(ORIGIN_ANNOTATION) != CREATED:
        return "it was there before the application was deployed"
    return ""
