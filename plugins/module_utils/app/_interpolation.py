# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables within values as Compose has them: ``$NAME``, ``${NAME:-default}``, and ``$$`` for a dollar."""

from __future__ import annotations

import re
from collections.abc import Mapping

_DOLLAR = re.compile(r"\$(?:(?P<escaped>\$)|(?P<name>[A-Za-z_]\w*)|(?P<brace>\{))", re.ASCII)
_NAMED = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-+?])|$)", re.ASCII)
_ENDS = re.compile(r"\$\{|\}")
#: variables of variables may grow without an end; a text that would be longer stays as it is written
_LONGEST = 1_000_000


def interpolated(text: str, known: Mapping[str, str]) -> str:
    """The text with the values of the variables that are known, and nothing in the place of others.

    What is no variable stays as it is; compose refuses it, and says so.
    """
    closing = _braces(text)
    done: list[str] = []
    size = 0
    parts = [(0, len(text))]  # what there is to do, the next at the end: others may be within others to any depth
    while parts and size <= _LONGEST:
        start, end = parts.pop()
        found = _DOLLAR.search(text, start, end)
        if found is None:
            said = text[start:end]
        else:
            said = text[start : found.start()]
            if found["escaped"]:
                said += "$"
                parts.append((found.end(), end))
            elif found["name"]:
                said += known.get(found["name"], "")
                parts.append((found.end(), end))
            else:
                close = closing.get(found.end(), end)
                parts.append((min(close + 1, end), end))
                value, other = _value(text, found.end(), close, known)
                said += value
                parts += [other] if other else []
        done.append(said)
        size += len(said)
    return text if size > _LONGEST else "".join(done)


_NO_VARIABLE = "${ begins no variable; for a dollar write $$"


def problem_in(text: str, known: Mapping[str, str]) -> str:
    """Why compose refuses the text, in words that say nothing of what is in it; empty where it does not."""
    closing = _braces(text)
    parts = [(0, len(text))]
    while parts:
        start, end = parts.pop()
        found = _DOLLAR.search(text, start, end)
        if found is None:
            continue
        if not found["brace"]:
            parts.append((found.end(), end))
            continue
        close = closing.get(found.end())
        named = _NAMED.match(text, found.end(), close) if close is not None else None
        if close is None or named is None:
            return _NO_VARIABLE
        parts.append((close + 1, end))
        how, has_one = named["how"] or "", _has_one(named, known)
        if how.endswith("?") and not has_one:
            return f"{named['name']} must have a value and has none"
        # compose reads what comes after a plus in any case
        if how.endswith("+") or (how.endswith("-") and not has_one):
            parts.append((named.end(), close))
    return ""


def _has_one(found: re.Match[str], known: Mapping[str, str]) -> bool:
    """Whether a variable has a value in the sense of what follows its name."""
    value = known.get(found["name"])
    return bool(value) if (found["how"] or "").startswith(":") else value is not None


def _value(text: str, start: int, end: int, known: Mapping[str, str]) -> tuple[str, tuple[int, int] | None]:
    """What stands for what is within braces, and the part of it that is to be read on in its place."""
    found = _NAMED.match(text, start, end)
    if found is None:
        return "${" + text[start:end] + "}", None
    value, how = known.get(found["name"]), found["how"] or ""
    has_one = _has_one(found, known)
    if how.endswith("+"):
        return "", (found.end(), end) if has_one else None
    if how.endswith("-") and not has_one:
        return "", (found.end(), end)
    return value or "", None


def _braces(text: str) -> dict[int, int]:
    """Where each brace that is opened is closed; those that never are, are not among them."""
    opened: list[int] = []
    closing: dict[int, int] = {}
    for end in _ENDS.finditer(text):
        if end[0] == "${":
            opened.append(end.end())
        elif opened:
            closing[opened.pop()] = end.start()
    return closing
