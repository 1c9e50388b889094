# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From attempts to a verdict: a state machine that is given the time, so that it can be tested without waiting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core._verdicts import ADVISORY, ERROR, FAIL, INCONCLUSIVE, PASS, REQUIRED, SKIPPED, Outcome
from ._checklist import Check

#: with less time a last attempt would say nothing about the application, only that it was cut off
_SHORTEST_ATTEMPT = 1.0


@dataclass(frozen=True)
class Result:
    """The verdict on one check."""

    name: str
    kind: str
    severity: str
    state: str
    reason: str
    latency_ms: float
    attempts: int
    elapsed_s: float
    observed: Mapping[str, Any]


class Judge:
    """Follows one check: ``after`` each attempt it says how long to wait for the next one, None when it has decided."""

    def __init__(self, check: Check, started: float) -> None:
        self.check = check
        self.started = started
        self.attempts = 0
        self.last: Outcome | None = None
        self.passed_at: float | None = None
        self._streak = 0
        self._failures = 0
        self._blind_since: float | None = None
        self._decided: Outcome | None = None
        self._decided_at = started

    @property
    def decided(self) -> bool:
        """Whether there is a verdict."""
        return self._decided is not None

    @property
    def state(self) -> str:
        """The verdict."""
        return self._decided.state if self._decided else ""

    @property
    def ends_all(self) -> str:
        """Why nothing else is worth waiting for, if it says so."""
        return self._decided.ends_all if self._decided else ""

    @property
    def severity(self) -> str:
        """Whether it counts."""
        return ADVISORY if self._decided is not None and self._decided.is_aside else self.check.severity

    def held(self, now: float) -> bool:
        """Whether it has passed for as long as it must."""
        return self.passed_at is not None and now >= self.passed_at + self.check.hold

    def holding(self, now: float) -> bool:
        """Whether it has passed and must go on passing."""
        return self.passed_at is not None and not self.decided and not self.held(now)

    def attempt_timeout(self, now: float) -> float:
        """Say how long the next attempt may take."""
        if self.passed_at is not None:
            return self.check.attempt_timeout
        left = max(_SHORTEST_ATTEMPT, self.started + self.check.timeout - now)
        return min(self.check.attempt_timeout, left)

    def after(self, outcome: Outcome, now: float, may_end: bool = True) -> float | None:
        """Take in an attempt. Without ``may_end`` a check that has passed goes on, to guard the others."""
        self.attempts += 1
        self.last = outcome
        if not outcome.out_of_reach:
            self._blind_since = None
        elif self._blind_since is None:
            self._blind_since = now
        if outcome.state == PASS:
            return self._after_pass(outcome, now, may_end)
        self._streak = 0
        self._failures += 1
        if outcome.final or outcome.state == SKIPPED:
            return self._end(outcome, now)
        if self.passed_at is not None:
            return self._after_slip(outcome, now)
        return self._wait_or_give_up(outcome, now)

    def stop(self, why: str, now: float) -> None:
        """End it before it could decide by itself."""
        seen = f" (last: {self.last.reason})" if self.last else ""
        observed = self.last.observed if self.last else {}
        self._end(Outcome(INCONCLUSIVE, f"stopped: {why}{seen}", observed, latency_ms=self._latency()), now)

    def result(self) -> Result:
        """Give the verdict."""
        if self._decided is None:
            raise RuntimeError(f"{self.check.name} has not been decided")
        end = self._decided_at
        if self._decided.state == PASS and self.passed_at is not None:
            end = self.passed_at + self.check.hold
        return Result(
            name=self.check.name,
            kind=self.check.kind,
            severity=self.severity,
            state=self._decided.state,
            reason=self._decided.reason,
            latency_ms=round(self._latency(), 1),
            attempts=self.attempts,
            elapsed_s=round(end - self.started, 3),
            observed=self._decided.observed,
        )

    def _latency(self) -> float:
        return self.last.latency_ms if self.last else 0.0

    def _after_pass(self, outcome: Outcome, now: float, may_end: bool) -> float | None:
        self._streak += 1
        self._failures = 0
        if self.passed_at is None:
            if self._streak < self.check.successes:
                missing = f"passed {self._streak} of the {self.check.successes} times in a row that are needed"
                return self._wait_or_give_up(Outcome(INCONCLUSIVE, missing, outcome.observed), now)
            self.passed_at = now
        if may_end and self.held(now):
            return self._end(outcome, now)
        left = self.passed_at + self.check.hold - now
        return min(self.check.interval, left) if left > 0 else self.check.interval

    def _after_slip(self, outcome: Outcome, now: float) -> float | None:
        if self._may_see_again(now):
            return self.check.interval
        if self.held(now):  # it only goes on to guard the others, so it may pass again while its time lasts
            self.passed_at = None
            return self._wait_or_give_up(outcome, now)
        if self._failures <= self.check.hold_failures:
            return self.check.interval
        since = now - (self.passed_at or now)
        return self._end(
            Outcome(outcome.state, f"passed, and {since:.1f} s later no more: {outcome.reason}", outcome.observed), now
        )

    def _may_see_again(self, now: float) -> bool:
        """Whether the platform is out of reach, for no longer than the check may take to pass: nothing is broken yet.

        Only passing again ends the hold, so that what was not seen is not taken for fine.
        """
        return self._blind_since is not None and now - self._blind_since < self.check.timeout

    def _wait_or_give_up(self, outcome: Outcome, now: float) -> float | None:
        check = self.check
        # Room is kept for a last attempt just before the time is up, unless that would be this very moment.
        left = self.started + check.timeout - now - min(check.attempt_timeout, check.interval)
        if left > check.interval / 10:
            return min(check.interval, left)
        spent = f" (last of {self.attempts} attempts in {now - self.started:.1f} s)" if self.attempts > 1 else ""
        return self._end(Outcome(outcome.state, outcome.reason + spent, outcome.observed), now)

    def _end(self, outcome: Outcome, now: float) -> float | None:
        self._decided = outcome
        self._decided_at = now
        return None


def overall(results: Iterable[Result]) -> str:
    """Sum the required checks up: the worst of them, where failing is worse than not having been able to look.

    Where none of them checked anything, nothing is known, and that is no pass.
    """
    states = {result.state for result in results if result.severity == REQUIRED}
    for one in (FAIL, ERROR, INCONCLUSIVE, PASS):
        if one in states:
            return one
    return INCONCLUSIVE
