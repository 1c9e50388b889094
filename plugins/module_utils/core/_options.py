# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an option of a check, of a metric or of its source may be, and how a value that somebody wrote becomes one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..text._visible import hidden


@dataclass(frozen=True)
class Option:
    """One option that somebody may write. ``about`` is for the documentation, in the markup of Ansible."""

    type: str
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    about: str = ""
    may_be_negative: bool = True


#: whole numbers are exact up to here, wherever they come to; no time and no size is larger
_LARGEST = 2**53
#: of a value, of a problem, and how many of these
_SHOWN, _LONGEST, _LISTED = 100, 500, 20

#: how messages say what was expected
WORDS = {
    "str": "a string",
    "name": "a string all of which can be seen",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list of strings",
    "words": "a string or a list of strings",
    "regexes": "a list of regular expressions",
    "codes": "a number or a list of numbers",
    "dict": "a dictionary",
    "patterns": "a dictionary of regular expressions",
    "any": "anything",
    "regex": "a regular expression",
}


def converted(given: Any, wanted: str) -> Any:
    """Give the value in the wanted type, None when it is not of it."""
    number = isinstance(given, (int, float)) and not isinstance(given, bool)
    if wanted == "any":
        return given
    if wanted == "str":
        return given if isinstance(given, str) and given else None
    if wanted == "name":
        return given if isinstance(given, str) and given and not hidden(given) else None
    if wanted == "bool":
        return given if isinstance(given, bool) else None
    if wanted == "int":
        return given if number and isinstance(given, int) and abs(given) <= _LARGEST else None
    if wanted == "float":
        return float(given) if number and abs(given) <= _LARGEST else None
    if wanted == "dict":
        return given if isinstance(given, Mapping) else None
    if wanted == "regex":
        return given if _is_pattern(given) else None
    if wanted == "patterns":
        fits = isinstance(given, Mapping) and all(_is_pattern(str(each)) for each in given.values())
        return given if fits else None
    return _converted_list(given, wanted)


def read(given: Mapping[str, Any], known: Mapping[str, Option], found: list[str], prefix: str = "") -> dict[str, Any]:
    """Read options, each with its default; what is wrong with them is added to ``found``."""
    values = {name: option.default for name, option in known.items()}
    for name, value in given.items():
        if name not in known:
            found.append(f"unknown option {prefix}{str(name)[:_SHOWN]}{near(name, known)}")
            continue
        if value is None:
            continue
        values[name] = converted(value, known[name].type)
        if values[name] is None:
            found.append(f"{prefix}{name} must be {WORDS[known[name].type]}, found {described(value)}")
        elif known[name].choices and values[name] not in known[name].choices:
            choices = ", ".join(known[name].choices)
            found.append(
                f"{prefix}{name} must be one of {choices}, found {described(value)}{near(value, known[name].choices)}"
            )
    found += [f"{prefix}{name} is missing" for name, one in known.items() if one.required and given.get(name) is None]
    return values


def described(given: Any) -> str:
    """A value as a person is shown it."""
    if isinstance(given, (Mapping, list, tuple)):
        return f"a {type(given).__name__}"
    if isinstance(given, int) and abs(given) > _LARGEST:
        return "a larger number"
    return f"{given if isinstance(given, (int, float)) else str(given)[:_SHOWN]!r} ({type(given).__name__})"


def listed(problems: Sequence[str], between: str = "; ") -> str:
    """What is wrong, as many of them as a person reads."""
    more = [f"and {len(problems) - _LISTED} more"] if len(problems) > _LISTED else []
    return between.join([one[:_LONGEST] for one in problems[:_LISTED]] + more)


def near(given: Any, known: Iterable[str]) -> str:
    """The name that may have been meant, as the end of a sentence."""
    close = difflib.get_close_matches(str(given)[:_SHOWN], list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def _converted_list(given: Any, wanted: str) -> Any:
    every = list(given) if isinstance(given, (list, tuple)) else [given] if wanted in ("codes", "words") else None
    fits = {"codes": lambda each: converted(each, "int") is not None, "regexes": _is_pattern}
    right = fits.get(wanted, lambda each: isinstance(each, str))
    return tuple(every) if every is not None and all(right(each) for each in every) else None


def _is_pattern(given: Any) -> bool:
    try:
        re.compile(given)
    except (re.error, TypeError, OverflowError, RecursionError):  # {99999999999}, or brackets a thousand deep
        return False
    return isinstance(given, str)
