# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shapes of what is in a state file: each says what is wrong with a value, None where it is as it should be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

#: a release's id, which is the name of its folder; and a backup's
RELEASE_ID = re.compile(r"[0-9]{4,12}-[A-Za-z0-9._-]{1,100}")
BACKUP_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[A-Za-z0-9._-]{1,120}")
#: 9999-12-31, the last day that can be written
_LAST_MOMENT = 253402300799
Shape = Callable[[Any], "str | None"]


class MayLack(NamedTuple):
    """A field that need not be there."""

    shape: Shape


def anything(_: Any) -> str | None:
    """Whatever it is."""
    return None


def of_words(words: str, fits: Callable[[Any], bool]) -> Shape:
    """What ``fits``, in words."""
    return lambda value: None if fits(value) else f"expected {words}, found {_found(value)}"


def one_of(*choices: str) -> Shape:
    """One of these texts."""
    return of_words(f"one of {', '.join(choices)}", lambda value: isinstance(value, str) and value in choices)


def matches(words: str, pattern: re.Pattern[str]) -> Shape:
    """A text that the pattern matches as a whole."""
    return of_words(words, lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None)


def maybe(shape: Shape) -> Shape:
    """Such a thing, or null."""
    return lambda value: None if value is None else shape(value)


def object_of(fields: Mapping[str, Shape | MayLack] | None = None) -> Shape:
    """An object with these fields; others may be there."""
    known = {name: (each, False) if callable(each) else (each.shape, True) for name, each in (fields or {}).items()}

    def problem(value: Any) -> str | None:
        if not isinstance(value, dict):
            return f"expected an object, found {kind_of(value)}"
        for name, (shape, may_lack) in known.items():
            if name in value:
                found = shape(value[name])
                if found:
                    return f"{name}: {found}"
            elif not may_lack:
                return f"the field {name} is missing"
        return None

    return problem


def each(shape: Shape) -> Shape:
    """A list of such things."""

    def problem(value: Any) -> str | None:
        if not isinstance(value, list):
            return f"expected a list, found {kind_of(value)}"
        return next((found for found in map(shape, value) if found), None)

    return problem


def values(shape: Shape) -> Shape:
    """An object, whatever its keys are."""

    def problem(value: Any) -> str | None:
        if not isinstance(value, dict):
            return f"expected an object, found {kind_of(value)}"
        return next((found for found in map(shape, value.values()) if found), None)

    return problem


def kind_of(value: Any) -> str:
    """What JSON calls a value."""
    kinds = {type(None): "null", bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return kinds.get(type(value), "an object")


def _found(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else kind_of(value)


def _is_number(value: Any, last: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= last


def _is_moment(value: Any) -> bool:
    try:
        return bool(datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ"))
    except (TypeError, ValueError):
        return False


text = of_words("text", lambda value: isinstance(value, str))
flag = of_words("true or false", lambda value: isinstance(value, bool))
count = of_words("a whole number from 0 on", lambda value: isinstance(value, int) and _is_number(value, 1 << 53))
seconds = of_words("seconds since 1970", lambda value: _is_number(value, _LAST_MOMENT))
moment = of_words("a moment like 2026-11-23T20:41:05Z", _is_moment)
release_id = matches("a release's id", RELEASE_ID)
backup_id = matches("a backup's id", BACKUP_ID)
phase = object_of({"name": text, "state": text})
