# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A checklist for people: a line for each check, and the whole in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core._verdicts import ADVISORY, ERROR, FAIL, INCONCLUSIVE, PASS, REQUIRED, SKIPPED
from ._judge import Result

_MARKS = {PASS: "[x]", FAIL: "[ ]", ERROR: "[!]", INCONCLUSIVE: "[?]", SKIPPED: "[-]"}
_WORDS = {
    FAIL: "failed",
    ERROR: "could not be checked",
    INCONCLUSIVE: "not decided",
}
_WIDEST = 60


def checklist(results: Sequence[Result]) -> str:
    """Write a line for each check: a mark, its name, how long it took, and the reason where it did not pass."""
    width = max((min(len(result.name), _WIDEST) for result in results), default=0)
    return "\n".join(_line(result, width) for result in results)


def _line(result: Result, width: int) -> str:
    line = f"{_MARKS[result.state]} {result.name:<{width}}  {result.elapsed_s:6.2f} s"
    if result.severity == ADVISORY:
        line += "  (advisory)"
    if result.state in (PASS, SKIPPED):
        return line + (f"  {result.reason}" if result.state == SKIPPED else "")
    return f"{line}  {' '.join(result.reason.split())}"


def summary(verdict: str, results: Sequence[Result]) -> str:
    """Say it in one sentence: what passed, or which required checks did not, and why."""
    required = [result for result in results if result.severity == REQUIRED]
    advisory = [result for result in results if result.severity == ADVISORY and result.state in _WORDS]
    passed = sum(result.state == PASS for result in required)
    aside = f"; advisory: {_named(advisory)}" if advisory else ""
    if verdict == PASS:
        skipped = sum(result.state == SKIPPED for result in required)
        left_out = f", {skipped} skipped" if skipped else ""
        return f"{passed} of {len(required)} required checks passed{left_out}{aside}."
    if not any(result.state in _WORDS for result in required):
        return "No required check could run, so the state of the application is unknown."
    such = {state: [result for result in required if result.state == state] for state in _WORDS}
    if such[FAIL]:
        # the others were mostly told to stop, which is no news; the checklist has them
        return f"{len(such[FAIL])} of {len(required)} required checks failed: {_named(such[FAIL])}{aside}."
    parts = [
        f"{len(such[state])} {_WORDS[state]}: {_named(such[state])}" for state in (ERROR, INCONCLUSIVE) if such[state]
    ]
    return f"Of {len(required)} required checks {passed} passed, {'; '.join(parts)}{aside}."


def _named(results: Sequence[Result]) -> str:
    return ", ".join(f"{result.name} ({' '.join(result.reason.split())})" for result in results)


def as_data(result: Result) -> dict[str, Any]:
    """Give a verdict as plain data."""
    return {
        "name": result.name,
        "kind": result.kind,
        "severity": result.severity,
        "state": result.state,
        "reason": result.reason,
        "latency_ms": result.latency_ms,
        "attempts": result.attempts,
        "elapsed_s": result.elapsed_s,
        "observed": dict(result.observed),
    }
