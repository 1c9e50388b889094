# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text in which programs show their metrics (Prometheus 0.0.4, OpenMetrics 1.0), as far as somebody asks for it."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ansible_collections.doppelganger.ops.plugins.module_utils._excerpt import excerpt
from ansible_collections.doppelganger.ops.plugins.module_utils._patterns import fullmatch

_LABELS = r'\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}'
# no two repetitions of the same next to each other: that would be quadratic
_LINE = re.compile(
    r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:[ \t]*" + _LABELS + r")?[ \t]+(\S+)(?:[ \t]+(-?[0-9.eE+]+))?[ \t]*(?:#.*)?"
)
_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"')
_ESCAPED = {r"\n": "\n", r"\\": "\\", r"\"": '"'}


class Unreadable(Exception):
    """What came is not an exposition, or not all of one."""


@dataclass(frozen=True)
class Point:
    """One line: labels, value, and its time in seconds since 1970 where it has one of its own."""

    labels: Mapping[str, str]
    value: float
    at: float | None = None


def parse(text: str, wanted: Collection[str], open_metrics: bool = False) -> dict[str, list[Point]]:
    """The points of the families that are wanted; of the others not even whether they can be read."""
    if open_metrics and not text.rstrip().endswith("# EOF"):
        raise Unreadable("the answer broke off: it has no # EOF at its end")
    found: dict[str, list[Point]] = {name: [] for name in wanted}
    for line in text.split("\n"):
        name = _name_of(line)
        if name not in found:
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise Unreadable(f"a line of {name} cannot be read: {excerpt(line, 120)!r}")
        at = match[4]
        seconds = None if at is None else _number(at, line) / (1 if open_metrics else 1000)
        found[name].append(Point(_labels(match[2] or ""), _number(match[3], line), seconds))
    return found


def text_of(labels: Mapping[str, str]) -> str:
    """Labels as a person is shown them."""
    return ",".join(f"{name}={value}" for name, value in labels.items())


def matches(labels: Mapping[str, str], where: Mapping[str, str]) -> bool:
    """Whether each label matches its regular expression as a whole; one that is missing is empty."""
    return all(fullmatch(str(pattern), labels.get(name, "")) for name, pattern in where.items())


def _name_of(line: str) -> str:
    end = min((place for place in (line.find("{"), line.find(" "), line.find("\t")) if place > 0), default=0)
    return line[:end]


def _labels(text: str) -> dict[str, str]:
    return {
        name: _ESCAPES.sub(lambda match: _ESCAPED.get(match[0], match[0]), value) for name, value in _PAIR.findall(text)
    }


_ESCAPES = re.compile(r'\\[n\\"]')


def _number(text: str, line: str) -> float:
    try:
        return float(text.replace("Inf", "inf")) if text != "NaN" else math.nan
    except ValueError:
        raise Unreadable(f"{excerpt(text, 40)!r} is not a number: {excerpt(line, 120)!r}") from None
