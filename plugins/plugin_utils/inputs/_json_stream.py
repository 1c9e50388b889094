# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON as kubectl takes it: values one after the other, with whatever white space, tabs too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from . import _plain

_SPACE = " \t\r\n"


class Value(NamedTuple):
    """One value: where it begins, how many values it has with its keys (``size``), and ``why`` it cannot be taken."""

    data: Any
    begins: int
    size: int = 0
    why: str = ""


class _Wrong(Exception):
    """It is JSON, and says what cannot be kept."""


def read(text: str) -> list[Value] | None:
    """The values of a text that begins like an object; None where it is no JSON, which may be YAML then."""
    at = _skip(text, 0)
    found: list[Value] = []
    if text[at : at + 1] != "{":
        return None
    while at < len(text):
        try:
            data, end = _DECODER.raw_decode(text, at)
            json.dumps(data, ensure_ascii=False).encode()
        except json.JSONDecodeError:
            return None
        except (RecursionError, UnicodeError, _Wrong) as error:
            return [*found, Value(None, at, why=_WORDS.get(type(error)) or str(error))]
        found.append(Value(data, at, _count(data)))
        at = _skip(text, end)
    return found


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _count(data: Any) -> int:
    """How many values there are, keys included."""
    left, count = [data], 0
    while left:
        one = left.pop()
        below = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else ()
        count += 1 + (len(one) if isinstance(one, dict) else 0)
        left.extend(below)
    return count


def _once(found: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(found)
    if len(data) < len(found):
        raise _Wrong("a key twice")
    return data


def _number(made: Callable[[str], Any]) -> Callable[[str], Any]:
    def number(text: str) -> Any:
        try:
            return made(text)
        except ValueError as error:
            raise _Wrong(str(error)) from None

    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once,
    parse_int=_number(_plain.whole),
    parse_float=_number(_plain.fraction),
    parse_constant=_number(_plain.fraction),
)
_WORDS: dict[type[BaseException], str] = {
    RecursionError: "too many levels",
    UnicodeEncodeError: "characters that are not UTF-8",
}
