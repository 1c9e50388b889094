# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check is, and how a checklist is read: every mistake in it is named before anything is checked."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core._errors import Refused
from ..core._options import WORDS, Option, converted, described, listed, near
from ..core._verdicts import ADVISORY, REQUIRED
from ._kinds import KINDS


@dataclass(frozen=True)
class Check:
    """One line of a checklist: what to look at, and how long and how often before it counts."""

    name: str
    kind: str
    severity: str = REQUIRED
    timeout: float = 30.0
    attempt_timeout: float = 5.0
    interval: float = 0.5
    successes: int = 1
    hold: float = 0.0
    hold_failures: int = 0
    when_present: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def guards(self) -> bool:
        """Whether it keeps looking until all others have ended: what runs now may crash while they wait for it."""
        return self.kind in KINDS and KINDS[self.kind].guards

    @property
    def watches(self) -> bool:
        """Whether it only watches what the others hold: a metric, which is of no use once one of them has failed."""
        return self.kind == "metric"


COMMON = {
    "name": Option("name", required=True, about="How the checklist calls it. Each name is used once."),
    "kind": Option("str", required=True, choices=tuple(KINDS), about="What to look at."),
    "severity": Option(
        "str", REQUIRED, choices=(REQUIRED, ADVISORY),
        about="Whether it takes part in the verdict. An C(advisory) one is only shown.",
    ),
    "timeout": Option(
        "float", 30.0, about="How long it may take in all until it passes, in seconds, without O(checks[].hold)."
    ),
    "attempt_timeout": Option("float", 5.0, about="How long a single attempt may take, in seconds."),
    "interval": Option("float", 0.5, about="The pause between two attempts, in seconds."),
    "successes": Option("int", 1, about="How many attempts in a row must pass."),
    "hold": Option(
        "float", 0.0, may_be_negative=False, about="How long it must go on passing after that, in seconds."
    ),
    "hold_failures": Option(
        "int", 0, may_be_negative=False, about="How many attempts in a row may fail during O(checks[].hold)."
    ),
    "when_present": Option(
        "bool", False,
        about="Skip the check where its service is not among O(services), or without those has no container.",
    ),
}  # fmt: skip

_KNOWN = {name: {**COMMON, **kind.options} for name, kind in KINDS.items()}

#: 30 days, in seconds
_LONGEST = 30 * 86400.0


def parse_checks(raw: Sequence[Any]) -> list[Check]:
    """Read a checklist; refuse it with all that is wrong with it."""
    problems: list[str] = []
    checks = [check for number, entry in enumerate(raw, 1) for check in _read(number, entry, problems)]
    times = collections.Counter(check.name for check in checks)
    problems += [f"check {name!r}: the name is used {count} times" for name, count in times.items() if count > 1]
    if not raw:
        problems.append("the checklist is empty: at least one check is needed to say anything")
    if problems:
        raise Refused(
            f"The checklist cannot be read: {listed(problems)}" + ("" if problems[-1].endswith("?") else "."),
            hint="Fix app_checks; ansible-doc doppelganger.ops.health_check lists the kinds and their options.",
        )
    return checks


def needs_engine(check: Check) -> bool:
    """Whether the check must ask the container engine."""
    return (check.kind in KINDS and KINDS[check.kind].asks_platform) or bool(check.options.get("service"))


def _read(number: int, entry: Any, problems: list[str]) -> list[Check]:
    if not isinstance(entry, Mapping):
        problems.append(f"check {number}: expected a dictionary, found {described(entry)}")
        return []
    kind = str(entry.get("kind"))
    found = (
        [] if kind in KINDS else [f"kind must be one of {', '.join(KINDS)}, found {kind[:100]!r}{near(kind, KINDS)}"]
    )
    values = {} if found else _values(kind, entry, found)
    found = found or _senseless(kind, values)
    if found:
        where = f"check {str(entry.get('name') or number)[:100]!r}"
        problems += [f"{where}: {each}" for each in found]
        return []
    common = {name: values.pop(name) for name in COMMON}
    return [Check(**common, options=values)]


def _values(kind: str, entry: Mapping[str, Any], found: list[str]) -> dict[str, Any]:
    known = _KNOWN[kind]
    values = {name: option.default for name, option in known.items()}
    for name, given in entry.items():
        if name not in known:
            found.append(f"unknown option {str(name)[:100]!r} for kind {kind}{near(name, known)}")
        elif given is not None:
            values[name] = converted(given, known[name].type)
            if values[name] is None:
                found.append(f"{name} must be {WORDS[known[name].type]}, found {described(given)}")
    found += [f"{name} is missing" for name, option in known.items() if option.required and entry.get(name) is None]
    return values


def _senseless(kind: str, values: Mapping[str, Any]) -> list[str]:
    """Name values of the right type that make no sense."""
    wrong = [
        f"{name} must be more than 0, found {values[name]:g}"
        for name in ("timeout", "attempt_timeout", "interval", "successes")
        if values[name] <= 0
    ]
    wrong += [
        f"{name} must not be negative, found {values[name]:g}"
        for name, option in _KNOWN[kind].items()
        if not option.may_be_negative and (values[name] or 0) < 0
    ]
    wrong += [
        f"{name} must be at most {_LONGEST:g} seconds, found {values[name]:g}"
        for name in ("timeout", "attempt_timeout", "interval", "hold")
        if values[name] > _LONGEST
    ]
    severity = values["severity"]
    if severity not in (REQUIRED, ADVISORY):
        wrong.append(
            f"severity must be required or advisory, found {severity[:100]!r}{near(severity, (REQUIRED, ADVISORY))}"
        )
    if values.get("port") is not None and not 0 < values["port"] < 65536:
        wrong.append(f"port must be from 1 to 65535, found {values['port']}")
    if values["when_present"] and not values.get("service"):
        wrong.append("when_present needs a service to be present")
    return [*wrong, *KINDS[kind].problems(values)]
