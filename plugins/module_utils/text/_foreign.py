# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON that somebody else wrote: read within bounds, or refused with one kind of error and none of its content.

``json.loads`` alone gives RecursionError for deep nesting, takes minutes for a long number on older Pythons, and hands
out what cannot be written again: NaN, infinity, numbers that no float can hold and half a surrogate pair.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

#: about 200 MiB once it is read, at the worst
LIMIT = 8 * 1024 * 1024
#: copying and writing need several frames for each level
DEPTH = 100
#: the largest float has 309
_DIGITS = 300
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
_CONTAINERS = (dict, list)


class Unreadable(ValueError):
    """It is not JSON, or not within its bounds; the text says which, and repeats nothing of it."""


def read(text: str | bytes, *, limit: int = LIMIT, depth: int = DEPTH) -> Any:
    """The data in a JSON text of at most ``limit`` bytes or characters, nested at most ``depth`` deep."""
    if len(text) > limit:
        raise Unreadable(f"it is longer than {limit} bytes")
    try:
        plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        data = json.loads(plain, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
        if _HALF_PAIR.search(plain):
            json.dumps(data, ensure_ascii=False).encode()
    except UnicodeError:
        raise Unreadable("it has characters that are not UTF-8") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Unreadable(f"it is not JSON ({where}: {error.msg})") from None
    except RecursionError:
        raise Unreadable(f"it is nested deeper than {depth} levels") from None
    if depth_of(data, depth) > depth:
        raise Unreadable(f"it is nested deeper than {depth} levels")
    return data


def read_object(text: str | bytes, *, limit: int = LIMIT, depth: int = DEPTH) -> dict[str, Any]:
    """The same, where an object is expected."""
    data = read(text, limit=limit, depth=depth)
    if not isinstance(data, dict):
        raise Unreadable(f"it is {'null' if data is None else f'a {type(data).__name__}'}, expected an object")
    return data


def depth_of(data: Any, most: int = DEPTH) -> int:
    """How deep plain data is nested, counted up to one more than ``most``; each level is checked as a whole."""
    level = [data] if isinstance(data, _CONTAINERS) else []
    depth = 0
    while level and depth <= most:
        depth += 1
        level = [
            below
            for one in level
            for below in (one.values() if isinstance(one, dict) else one)
            if isinstance(below, _CONTAINERS)
        ]
    return depth


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise Unreadable(f"it has a number of more than {_DIGITS} digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Unreadable("it has a number that is not finite")
    return number
