# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text in which programs show their metrics (Prometheus 0.0.4, OpenMetrics 1.0), as far as somebody asks for it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ...core._patterns import fullmatch
from ...text._excerpt import excerpt

#: who writes a longer one does not mean to be read; in characters
_LONGEST_LINE = 65536
_TEXT = r'"[^"\\]*(?:\\.[^"\\]*)*"'
#: each part begins with what the one before cannot hold, so that nothing is checked twice
_PAIR = re.compile(rf"[ \t]*({_TEXT}|[a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*({_TEXT})[ \t]*(,?)[ \t]*")
_BLANK = re.compile(r"[ \t]*")
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ESCAPES = re.compile(r'\\[n\\"]')
_EXCERPT = 120
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
        raise Unreadable("the response was cut off: it has no # EOF at its end")
    found: dict[str, list[Point]] = {name: [] for name in wanted}
    for line in text.split("\n"):
        name = _name_of(line)
        if name not in found:
            continue
        try:
            found[name].append(_point(line, 1 if open_metrics else 1000))
        except ValueError:
            raise Unreadable(
                f"a line of {excerpt(name, _EXCERPT)} cannot be read: {excerpt(line, _EXCERPT)!r}"
            ) from None
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


def _point(line: str, ticks: int) -> Point:
    """Read a line, whose own time is in so many parts of a second; ValueError where it cannot be read."""
    name = _NAME.match(line)
    if name is None or len(line) > _LONGEST_LINE:
        raise ValueError
    labels: dict[str, str] = {}
    rest = line[name.end() :].lstrip(" \t")
    if rest.startswith("{"):
        labels, end = _labels(rest)
        rest = rest[end:]
    value, *times = rest.partition("#")[0].split()
    if len(times) > 1:
        raise ValueError
    return Point(labels, number(value), number(times[0]) / ticks if times else None)


def _labels(text: str) -> tuple[dict[str, str], int]:
    """The labels between the brackets that a text begins with, and where it goes on."""
    found: dict[str, str] = {}
    at, has_more = 1, True
    while has_more and (pair := _PAIR.match(text, at)) is not None:
        found[_plain(pair[1])] = _plain(pair[2])
        at, has_more = pair.end(), bool(pair[3])
    blank = _BLANK.match(text, at)
    end = blank.end() if blank else at
    if not text.startswith("}", end):
        raise ValueError
    return found, end + 1


def _plain(text: str) -> str:
    """What a quoted text stands for."""
    return _ESCAPES.sub(lambda match: _ESCAPED[match[0]], text[1:-1]) if text.startswith('"') else text


def number(text: str) -> float:
    """A number as programs write it, NaN and infinities too; Python would take 1_000 and the digits of any script."""
    if "_" in text or not text.isascii():
        raise ValueError(text[:_EXCERPT])
    return float(text)


def number_or_none(text: str) -> float | None:
    """The same, None where it is none."""
    try:
        return number(text)
    except ValueError:
        return None
