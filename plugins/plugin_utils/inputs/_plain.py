# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What plain text of YAML means to kubectl: its own mixture of YAML 1.1 and 1.2 (gopkg.in/yaml.v2), and then JSON.

PyYAML differs: to it ``23:30`` is 1410, ``1e3`` and ``0o17`` are text, ``y`` is, and ``089`` is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

#: what an API server can keep of a whole number
_INTEGERS = range(-(2**63), 2**64)
#: no number that fits is longer
_DIGITS = 400
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_BEGINS = frozenset("0123456789+-.")
_BASES = (
    (re.compile(r"0[xX]([0-9a-fA-F]+)"), 16),
    (re.compile(r"0[bB]([01]+)"), 2),
    (re.compile(r"0[oO]?([0-7]+)"), 8),
    (re.compile(r"(0|[1-9][0-9]*)"), 10),
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TESTS: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: type(value) is int,
    "float": lambda value: type(value) in (int, float),
}


def value_of(text: str, tag: str = "") -> Any:
    """The value of plain text, or of text with one of YAML's own tags; ValueError says why there is none."""
    if tag == "str":
        return text
    if tag and tag not in _TESTS:
        raise ValueError("a tag that manifests do not have")
    value = _resolved(text)
    if tag and not _TESTS[tag](value):
        raise ValueError(f"text that is no {tag}")
    return number_of(value) if isinstance(value, float) else value


def as_key(value: Any) -> str | None:
    """A key as JSON has it, which knows text alone; None for what can be no key."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


def number_of(value: float) -> int | float:
    """A number as JSON of Go's has it: without a point where it is whole."""
    if not math.isfinite(value):
        raise ValueError("a number that is not finite")
    return int(value) if value.is_integer() and int(value) in _INTEGERS else value


def whole(text: str, base: int = 10) -> int:
    """A whole number that an API server can keep."""
    if len(text) > _DIGITS:
        raise ValueError("a number that is too long")
    value = int(text, base)
    if value not in _INTEGERS:
        raise ValueError("a whole number of more than 64 bits")
    return value


def _resolved(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _BEGINS:
        return text
    # a number that begins with its point has no signs to part it
    plain = text if text[0] == "." else text.replace("_", "")
    sign, digits = ("-", plain[1:]) if plain[:1] == "-" else ("", plain.removeprefix("+"))
    for pattern, base in _BASES:
        found = pattern.fullmatch(digits)
        if found:
            return whole(sign + found[1], base)
    return _float(plain) if _FLOAT.fullmatch(plain) else text


def fraction(text: str) -> int | float:
    """A number of JSON with a point or an exponent, and what JSON does not know: NaN and infinity."""
    if len(text) > _DIGITS:
        raise ValueError("a number that is too long")
    return number_of(float(text))


def _float(text: str) -> Any:
    """As Go reads it: what is beyond a float is text."""
    if len(text) > _DIGITS:
        raise ValueError("a number that is too long")
    value = float(text)
    return value if math.isfinite(value) else text
