# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets in the objects of an application: all that is in a Secret, and of others what looks like one."""

from __future__ import annotations

import base64
from collections.abc import Container, Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _secret_files
from ansible_collections.doppelganger.ops.plugins.module_utils.text._secret_values import embedded, is_plain, telling

from ..api._objects import Object, containers_of, kind_of, template_of


def of_object(thing: Object, public: Container[str] = ()) -> list[str]:
    """The secrets of one object; the values of the ``public`` keys are none."""
    if kind_of(thing) == "Secret":
        return [*_of_texts(thing.get("stringData") or {}, public), *_of_data(thing.get("data") or {}, public)]
    if kind_of(thing) == "ConfigMap":
        return list(telling(_without(thing.get("data") or {}, public)))
    template = template_of(thing)
    found: list[str] = []
    for container in containers_of(template) if template is not None else ():
        variables = container.get("env") or []
        pairs = {str(one.get("name")): one.get("value") for one in variables if isinstance(one, Mapping)}
        found += telling(_without(pairs, public))
    return found


def _without(pairs: Mapping[str, Any], public: Container[str]) -> dict[str, Any]:
    return {name: value for name, value in pairs.items() if name not in public}


def _of_texts(values: Mapping[str, Any], public: Container[str]) -> list[str]:
    """Each value, and what is in it where it is a file."""
    found: list[str] = []
    for name, value in _without(values, public).items():
        found += embedded(str(value)) if is_plain(name, str(value)) else _secret_files.secrets_in(str(value))
    return found


def _of_data(values: Mapping[str, Any], public: Container[str]) -> list[str]:
    """The same of what is encoded; what is no text can only be shown as it is."""
    found: list[str] = []
    for name, value in _without(values, public).items():
        try:
            text = base64.b64decode(str(value or "")).decode("utf-8")
        except ValueError:
            found.append(str(value))
        else:
            found += _of_texts({name: text}, public)
    return found
