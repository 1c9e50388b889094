# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a metric is: its limits, and for each kind of source how it is found there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core._options import Option, described, near, read
from ._readers import READERS

#: from worst to least
TIERS = ("critical", "warning", "info")
PRIORITIES = ("P0", "P1", "P2", "P3")
GROUPS = ("application", "system", "database", "cache")
ABOVE, BELOW = "above", "below"


@dataclass(frozen=True)
class Limit:
    """A value that must not be passed, what is due when it is, and for how many seconds it must last before that."""

    tier: str
    op: str
    value: float
    sustained: float = 0.0
    priority: str = "P3"

    def is_passed(self, value: float) -> bool:
        """Whether the value is on the wrong side; exactly at the limit is still fine."""
        return value > self.value if self.op == ABOVE else value < self.value

    @property
    def words(self) -> str:
        """The limit as a person writes it."""
        return f"{'>' if self.op == ABOVE else '<'} {self.value:g}"


@dataclass(frozen=True)
class Metric:
    """An entry of the catalogue. ``sources`` are in the order in which they are tried, options by kind."""

    name: str
    title: str
    group: str = "application"
    unit: str = ""
    limits: tuple[Limit, ...] = ()
    remedy: str = ""
    page: str = ""
    window: float = 300.0
    source: str = ""
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def op(self) -> str:
        """Which way is worse, as its limits say."""
        return self.limits[0].op if self.limits else ABOVE

    def limit(self, tier: str) -> Limit | None:
        """The limit of a tier."""
        return next((one for one in self.limits if one.tier == tier), None)

    def passed(self, value: float) -> Limit | None:
        """The worst of the limits that the value has passed."""
        return next((one for one in self.limits if one.is_passed(value)), None)


#: what a metric says to each kind of source
SOURCES = {name: reader.options for name, reader in READERS.items()}

#: an entry, but for its limits and sources
ENTRY = {
    "title": Option("str", required=True),
    "group": Option("str", "application", choices=GROUPS),
    "unit": Option("str", ""),
    "limits": Option("dict", {}),
    "remedy": Option("str", ""),
    "page": Option("str", ""),
    "window": Option("float", 300.0),
    "source": Option("str", "", choices=("", *SOURCES)),
    "sources": Option("dict", required=True),
}
LIMIT = {
    ABOVE: Option("float"),
    BELOW: Option("float"),
    "sustained": Option("float", 0.0),
    "priority": Option("str", "P3", choices=PRIORITIES),
}


def parse_metric(name: str, entry: Any, problems: list[str]) -> Metric | None:
    """Read an entry; None where something is wrong with it, which is then added to the problems."""
    if not isinstance(entry, Mapping):
        problems.append(f"metric {name!r}: expected a dictionary, found {described(entry)}")
        return None
    found: list[str] = []
    values = read({key: value for key, value in entry.items() if key != "name"}, ENTRY, found)
    limits = _limits(values["limits"] or {}, found)
    sources = _sources(values["sources"] or {}, found)
    if not found:
        found += _senseless(values, limits, sources)
    if found:
        problems += [f"metric {name!r}: {one}" for one in found]
        return None
    return Metric(**{**values, "name": name, "limits": limits, "sources": sources})


def as_data(metric: Metric) -> dict[str, Any]:
    """An entry as plain data, which :func:`parse_metric` reads back."""
    limits = {
        one.tier: {one.op: one.value, "sustained": one.sustained, "priority": one.priority} for one in metric.limits
    }
    plain = {name: value for name in ENTRY if (value := getattr(metric, name)) != ""}
    sources = {kind: given(options, SOURCES[kind]) for kind, options in metric.sources.items()}
    return {"name": metric.name, **plain, "limits": limits, "sources": sources}


def given(options: Mapping[str, Any], known: Mapping[str, Option]) -> dict[str, Any]:
    """What of some options differs from its default."""
    return {name: value for name, value in options.items() if value != known[name].default}


def _limits(given: Mapping[str, Any], found: list[str]) -> tuple[Limit, ...]:
    limits = []
    for tier in given:
        if tier not in TIERS:
            found.append(f"unknown tier {tier!r} in limits, expected {', '.join(TIERS)}{near(tier, TIERS)}")
    for tier in TIERS:
        one = given.get(tier)
        if one is None:
            continue
        if not isinstance(one, Mapping):
            found.append(f"limits.{tier} must be a dictionary, found {described(one)}")
            continue
        values = read(one, LIMIT, found, f"limits.{tier}.")
        ops = [op for op in (ABOVE, BELOW) if values[op] is not None]
        if len(ops) != 1:
            found.append(f"limits.{tier} needs either above or below, found {' and '.join(ops) or 'neither'}")
            continue
        limits.append(Limit(tier, ops[0], values[ops[0]], values["sustained"], values["priority"]))
    return tuple(limits)


def _sources(given: Mapping[str, Any], found: list[str]) -> dict[str, dict[str, Any]]:
    sources = {}
    for kind, options in given.items():
        if kind not in SOURCES:
            found.append(f"unknown source {kind!r}, expected {', '.join(SOURCES)}{near(kind, SOURCES)}")
        elif isinstance(options, Mapping):
            sources[kind] = read(options, SOURCES[kind], found, f"sources.{kind}.")
        elif options is not None:
            found.append(f"sources.{kind} must be a dictionary, found {described(options)}")
    return sources


def _senseless(
    values: Mapping[str, Any], limits: tuple[Limit, ...], sources: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    wrong = [] if sources else ["it has no source, so nothing can be known of it"]
    if values["source"] and values["source"] not in sources:
        wrong.append(f"source is {values['source']}, and sources has none of that kind")
    if values["window"] <= 0:
        wrong.append(f"window must be more than 0, found {values['window']:g}")
    if any(one.sustained < 0 for one in limits):
        wrong.append("sustained must not be negative")
    if len({one.op for one in limits}) > 1:
        wrong.append("its limits must all be above or all be below, otherwise it is unclear which way is worse")
    ordered = [one.value if one.op == ABOVE else -one.value for one in limits]
    if ordered != sorted(set(ordered), reverse=True):
        wrong.append(
            "a worse tier must have the worse limit: " + ", ".join(f"{one.tier} {one.words}" for one in limits)
        )
    return wrong + [
        f"sources.{kind}.{problem}" for kind, options in sources.items() for problem in READERS[kind].problems(options)
    ]
