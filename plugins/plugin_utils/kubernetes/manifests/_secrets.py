# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets in the objects of an application: all that is in a Secret, and of others what looks like one."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app._secret_sources import of_file
from ansible_collections.doppelganger.ops.plugins.module_utils.text._secret_values import telling

from ..api._objects import Object, containers_of, template_of


def of_object(thing: Object) -> list[str]:
    """The secrets of one object."""
    if thing.get("kind") == "Secret":
        return [*map(str, (thing.get("stringData") or {}).values()), *_decoded(thing.get("data") or {})]
    if thing.get("kind") == "ConfigMap":
        return list(telling(thing.get("data") or {}))
    template = template_of(thing)
    found: list[str] = []
    for container in containers_of(template) if template is not None else ():
        variables = container.get("env") or []
        found += telling({str(one.get("name")): one.get("value") for one in variables if isinstance(one, Mapping)})
    return found


def _decoded(data: Mapping[str, Any]) -> list[str]:
    """Each value, and what is in it where it is a file; what is no text can only be shown encoded."""
    found: list[str] = []
    for value in data.values():
        found.append(str(value))
        with contextlib.suppress(ValueError):
            text = base64.b64decode(str(value)).decode("utf-8")
            found += [text, *of_file(text)]
    return found
