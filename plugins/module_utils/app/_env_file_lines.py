# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines of an env file that Compose cannot read: found before it looks, as it would repeat them, secrets included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ._interpolation import interpolated, problem_in

_NOTHING = re.compile(r"(?:\s+|#[^\n]*)*")
_KEY = re.compile(r"(?:export\s+)?(?P<key>[^=:\n]*)(?P<end>[=:\n]|\Z)[ \t\v\f\r\x85\xa0]*")
_ODD = re.compile(r"[^\w\s.\[\]-]")
_VALUE = re.compile(
    r"""'(?P<single>(?:\\.|[^'\\])*)'|"(?P<double>(?:\\.|[^"\\])*)"|(?P<open>['"])|(?P<plain>[^\n]*)""", re.DOTALL
)


class Unreadable(NamedTuple):
    """A line, counted from 1, and what is wrong with it, in words that say nothing of what is in it."""

    line: int
    what: str


def unreadable(text: str, known: Mapping[str, str]) -> Unreadable | None:
    """The first line that cannot be read. Values may name ``known`` variables, else earlier ones."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    found: dict[str, str] = {}
    place = 0
    while True:
        begins = _end(_NOTHING.match(text, place))
        key = _KEY.match(text, begins)
        if begins >= len(text) or key is None:
            return None
        what, place = _name_problem(key["key"], key["end"]), key.end()
        if not what and key["end"] in ("=", ":"):
            value = _VALUE.match(text, place)
            what, place = _value_problem(value, {**found, **known}), _end(value)
            if not what and value is not None and value["single"] is None:
                found[key["key"].strip()] = interpolated(_said(value), {**found, **known})
        if what:
            return Unreadable(text.count("\n", 0, begins) + 1, what)


def _end(found: re.Match[str] | None) -> int:
    return found.end() if found else 0


def _name_problem(name: str, end: str) -> str:
    if end in ("=", ":") and not name.strip():
        return "a variable has a name"
    if _ODD.search(name):
        return "a variable's name has letters, digits and _ . - [ ] only"
    return "a variable's name has no space in it" if re.search(r"\s", name.strip()) else ""


def _value_problem(value: re.Match[str] | None, known: Mapping[str, str]) -> str:
    if value is None or value["single"] is not None:
        return ""
    if value["open"]:
        return "a quote is opened and never closed"
    return problem_in(_said(value), known)


def _said(value: re.Match[str]) -> str:
    if value["double"] is not None:
        return value["double"].replace(r"\$", "$$")
    return (value["plain"] or "").partition(" #")[0].strip()
