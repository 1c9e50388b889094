# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What shape plain data must have: an object is a dictionary by key, a list one with the shape of its items, the rest
a word. A key with ``!`` has to be there. null is taken for an object or a list, and refused for
text, numbers and flags, unless they may be null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._times import epoch

TEXT, TEXT_OR_NULL, TIME, NUMBER = "text", "text or null", "a time", "a number"
SHARE, FLAG = "a number or a percentage", "true or false"
ANY_KEY = "*"
TEXTS = {ANY_KEY: TEXT}
_PERCENT = re.compile(r"[0-9]{1,9}%")
_WORDS = {str: "text", dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number"}
#: what is shown of a key; names of some kinds have more signs than those of most
_KEY = re.compile(r"[A-Za-z0-9_./-]{1,100}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_time(value: Any) -> bool:
    try:
        epoch(value)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return False
    return True


_TESTS: dict[str, Callable[[Any], bool]] = {
    TEXT: lambda value: isinstance(value, str),
    TEXT_OR_NULL: lambda value: value is None or isinstance(value, str),
    TIME: _is_time,
    NUMBER: _is_number,
    SHARE: lambda value: _is_number(value) or (isinstance(value, str) and bool(_PERCENT.fullmatch(value))),
    FLAG: lambda value: isinstance(value, bool),
}


def found(value: Any) -> str:
    """What kind of value it is, in words."""
    return "nothing" if value is None else _WORDS.get(type(value), "something else")


def _words(shape: Any) -> str:
    return shape if isinstance(shape, str) else "a list" if isinstance(shape, list) else "an object"


def wrong(value: Any, shape: Any, where: str = "") -> Iterator[tuple[str, str, Any]]:
    """Each place that has not its shape, with what it should be and what is there."""
    if isinstance(shape, str):
        if not _TESTS[shape](value):
            yield where, shape.partition(" or null")[0], value
    elif value is None:
        return
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield where, "a list", value
            return
        for number, item in enumerate(value):
            if item is None:
                yield f"{where}[{number}]", "an object", item
            yield from wrong(item, shape[0], f"{where}[{number}]")
    elif not isinstance(value, Mapping):
        yield where, "an object", value
    else:
        yield from _wrong_keys(value, shape, where)


def _wrong_keys(value: Mapping[str, Any], shape: Mapping[str, Any], where: str) -> Iterator[tuple[str, str, Any]]:
    for key, below in shape.items():
        name = key.rstrip("!")
        for one in list(value) if name == ANY_KEY else [name]:
            place = f"{where}.{one if _KEY.fullmatch(one) else 'a value'}".lstrip(".")
            if key != name and value.get(one) is None:
                yield place, _words(below), None
            elif one in value:
                yield from wrong(value[one], below, place)
