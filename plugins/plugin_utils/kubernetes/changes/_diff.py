# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What differs between two states of an object, for comparing and for showing. Values of Secrets are never shown."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from ..api._objects import Object, ref_of

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_BY_THE_SERVER = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")


class _Dumper(yaml.SafeDumper):
    """Text of several lines as such, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Show the same thing twice where it is there twice."""
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def normalized(thing: Mapping[str, Any]) -> Object:
    """An object without what the server writes: two that are the same mean the same."""
    metadata = {key: value for key, value in thing["metadata"].items() if key not in _BY_THE_SERVER}
    rest = {key: value for key, value in thing.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": metadata}


def diff(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, redact: Callable[[str], str]) -> str:
    """A unified diff of two states as YAML; None is an object that is not there. Empty where nothing has changed."""
    one, other = _shown(before, after), _shown(after, before, is_after=True)
    thing = after if after is not None else before
    if thing is None or one == other:
        return ""
    name = str(ref_of(thing))
    lines = difflib.unified_diff(
        _lines(one), _lines(other), "/dev/null" if before is None else name, "/dev/null" if after is None else name
    )
    return redact("".join(lines))


def _lines(thing: Object | None) -> list[str]:
    if thing is None:
        return []
    text: str = yaml.dump(thing, Dumper=_Dumper, sort_keys=True, default_flow_style=False, width=1000)
    return text.splitlines(keepends=True)


def _shown(
    thing: Mapping[str, Any] | None, other: Mapping[str, Any] | None, *, is_after: bool = False
) -> Object | None:
    if thing is None:
        return None
    shown = copy.deepcopy(normalized(thing))
    # what kubectl keeps there is the whole object once more, with what is in a Secret
    (shown["metadata"].get("annotations") or {}).pop(_LAST_APPLIED, None)
    if shown.get("kind") == "Secret":
        for part in ("data", "stringData"):
            there = (other or {}).get(part) or {}
            if isinstance(shown.get(part), dict):
                shown[part] = {
                    key: _blank(value == there.get(key) or key not in there, is_after)
                    for key, value in shown[part].items()
                }
    return shown


def _blank(is_same: bool, is_after: bool) -> str:
    return "********" if is_same else f"******** ({'after' if is_after else 'before'})"
