"""The kinds of checks and their options, as the kinds say."""

from __future__ import annotations

from collections.abc import Mapping

from parts.markdown import plain, table, value

from ansible_collections.doppelganger.ops.plugins.module_utils.checks import _checklist
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._kinds import KINDS
from ansible_collections.doppelganger.ops.plugins.module_utils.core._options import WORDS, Option


def common_options() -> str:
    """What each check takes, whatever its kind."""
    return _options(_checklist.COMMON)


def kinds() -> str:
    """Each kind of check with the options of its own."""
    parts = []
    for kind in KINDS.values():
        text = plain(kind.about)
        parts.append(f"### {kind.name}\n\n{text[0].upper()}{text[1:]}\n\n{_options(kind.options)}")
    return "\n".join(parts)


def _options(options: Mapping[str, Option]) -> str:
    rows = []
    for name, option in options.items():
        default = "required" if option.required else value(option.default)
        text = plain(option.about)
        if name == "kind":
            text = f"Which kind it is: {', '.join(f'[{each}](#{each})' for each in KINDS)}."
        if option.type == "regexes" and option.default:  # the text says it better
            default = ""
        rows.append([f"`{name}`", WORDS[option.type], default, text])
    return table(("option", "type", "default", "what it means"), rows)
