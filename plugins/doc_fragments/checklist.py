# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option with a checklist, made from the kinds of checks: each says what its options are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.checks._checklist import COMMON
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._kinds import KINDS
from ansible_collections.doppelganger.ops.plugins.module_utils.core._options import Option

#: what Ansible calls the types that are not its own, with the type of their elements
_TYPES = {
    "name": ("str", ""),
    "regex": ("str", ""),
    "list": ("list", "str"),
    "regexes": ("list", "str"),
    "codes": ("list", "int"),
}


def _typed(option: Option) -> dict[str, Any]:
    kind, elements = _TYPES.get(option.type, (option.type, ""))
    return {"type": kind, **({"elements": elements} if elements else {})}


def _common(option: Option) -> dict[str, Any]:
    found = {"description": [option.about], **_typed(option)}
    if option.required:
        found["required"] = True
    if option.default is not None:
        found["default"] = option.default
    if option.choices:
        found["choices"] = list(option.choices)
    return found


def _of_kinds(name: str) -> dict[str, Any]:
    """An option that some kinds have, a line for each way in which they have it."""
    texts: dict[str, list[str]] = {}
    for kind in KINDS.values():
        if name in kind.options:
            texts.setdefault(_said(kind.options[name]), []).append(f"C({kind.name})")
    described = [f"For {', '.join(kinds)}. {text}" for text, kinds in texts.items()]
    first = next(kind.options[name] for kind in KINDS.values() if name in kind.options)
    return {"description": described, **_typed(first)}


def _said(option: Option) -> str:
    # a list of patterns says its own default
    if option.required:
        return f"{option.about} Required."
    if option.default in (None, "", (), {}) or option.type == "regexes":
        return option.about
    default = " or ".join(map(str, option.default)) if isinstance(option.default, tuple) else option.default
    return f"{option.about} C({str(default).lower() if isinstance(default, bool) else default}) unless given."


def _suboptions() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, option in COMMON.items():
        found = _common(option)
        if name == "kind":
            found["description"] += [
                "Each kind takes the common options, which end with O(checks[].when_present), and those that are documented "
                "for it.",
                *(f"C({kind.name}), {kind.about}" for kind in KINDS.values()),
            ]
        yield name, found
    for name in dict.fromkeys(name for kind in KINDS.values() for name in kind.options):
        yield name, _of_kinds(name)


_CHECKS = {
    "description": [
        "The checklist, shown in this order.",
        "A check that is wrongly written refuses the whole list before anything is checked.",
    ],
    "type": "list",
    "elements": "dict",
    "required": True,
    "suboptions": dict(_suboptions()),
}


class ModuleDocFragment:
    """A checklist."""

    # annotated, as ansible-test expects a text wherever this is assigned without one
    DOCUMENTATION: str = yaml.safe_dump({"options": {"checks": _CHECKS}}, sort_keys=False, width=100)
