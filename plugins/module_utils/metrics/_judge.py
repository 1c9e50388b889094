# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From samples to a verdict, in the manner of Argo Rollouts' analysis: pure, so that each case is a line of a table.

Unlike there, no sample is ever a pass, and what an error or an undecided metric leads to is the inventory's to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..core._verdicts import ERROR, FAIL, INCONCLUSIVE, PASS
from ._metric import ABOVE, Limit
from ._values import Sample

GO_ON, UNDO = "go_on", "undo"
#: as few samples can be on a line by chance
FEWEST_FOR_TREND = 8
#: Kendall's tau from which on values are taken to go one way, and what they must have moved of the limit
_ONE_WAY, _LEAST_GROWTH = 0.7, 0.02
_POINTS = 200


@dataclass(frozen=True)
class Rules:
    """How often to look and what may go wrong; limits are how many are tolerated, so one more decides.

    A count of 0 goes on until it is stopped. Samples of the first ``warm_up`` seconds do not count. Errors do not count
    for ``count``, as nothing was seen. Without ``ends_early`` too many errors, or too many samples that nothing can be
    said of, do not end the watch: what comes later may still fail. ``projected`` fails what is on its way to pass the
    limit within so many seconds.
    """

    interval: float = 1.0
    count: int = 0
    failure_limit: int = 0
    inconclusive_limit: int = 0
    consecutive_error_limit: int = 4
    warm_up: float = 0.0
    projected: float = 0.0
    ends_early: bool = True
    on_error: str = GO_ON
    on_inconclusive: str = GO_ON


@dataclass
class Tally:
    """What has been seen so far; ``verdict`` is empty while it is open."""

    rules: Rules
    passed: int = 0
    failed: int = 0
    undecided: int = 0
    errors_in_a_row: int = 0
    verdict: str = ""
    reason: str = ""
    _doubt: tuple[str, str] = ("", "")

    @property
    def counted(self) -> int:
        """How many samples say something, if only that no verdict is possible."""
        return self.passed + self.failed + self.undecided

    def add(self, state: str, reason: str, final: bool = False) -> None:
        """Take in the state of one sample."""
        rules = self.rules
        if state == ERROR:
            self.errors_in_a_row += 1
            if final or self.errors_in_a_row > rules.consecutive_error_limit:
                self._end(ERROR, reason, self.errors_in_a_row, "in a row could not be taken")
            return
        self.errors_in_a_row = 0
        if state == PASS:
            self.passed += 1
        elif state == FAIL:
            self.failed += 1
            if self.failed > rules.failure_limit:
                self._end(FAIL, reason, self.failed, "failed")
                return
        else:
            self.undecided += 1
            if self.undecided > rules.inconclusive_limit:
                self._end(INCONCLUSIVE, reason, self.undecided, "could not be decided")
        if rules.count and self.counted >= rules.count and not self.verdict:
            self.stop(reason)

    def stop(self, last: str = "") -> None:
        """Come to a verdict with what there is: something must have been seen, and been seen to pass."""
        if self.verdict:
            return
        if self._doubt[0]:
            self.verdict, self.reason = self._doubt
        elif self.errors_in_a_row and not self.counted:
            self.verdict, self.reason = ERROR, last or "no sample could be taken"
        elif not self.passed:
            self.verdict, self.reason = INCONCLUSIVE, last or "no sample was taken"
        elif self.rules.count and self.counted < self.rules.count:
            self.verdict = INCONCLUSIVE
            self.reason = f"{self.counted} of the {self.rules.count} samples that are needed"
        else:
            self.verdict, self.reason = PASS, ""

    def weigh(self, verdict: str, reason: str) -> None:
        """Take in what all samples together show: beside what could not be seen, only that they fail says more."""
        if self.verdict == PASS or (verdict == FAIL and self.verdict != FAIL):
            self.verdict, self.reason = verdict, reason

    def _end(self, verdict: str, reason: str, times: int, what: str) -> None:
        found = verdict, reason if times <= 1 else f"{reason} ({times} samples {what})"
        if verdict == FAIL or self.rules.ends_early:
            self.verdict, self.reason = found
        else:
            self._doubt = found


def assessed(found: Sample, limit: Limit | None) -> tuple[str, str]:
    """The state of one sample against a limit, and why."""
    value = found.value
    if limit is not None and math.isfinite(value) and limit.is_passed(value):
        return FAIL, f"{value:.4g} is {limit.op} {limit.value:g}" + (f" at {found.series}" if found.series else "")
    if found.state != PASS:
        return found.state, found.reason
    if not math.isfinite(value):
        return INCONCLUSIVE, "the value is not a number"
    return PASS, ""


def judged(samples: Sequence[Sample], limit: Limit | None, rules: Rules, began: float | None = None) -> Tally:
    """The verdict on samples in the order of their time; ``began`` is when the warm-up started, the first sample unless
    given."""
    tally = Tally(rules)
    start = (began if began is not None else samples[0].at if samples else 0.0) + rules.warm_up
    last = ""
    for one in samples:
        if one.at < start:
            continue
        state, reason = assessed(one, limit)
        last = reason or last
        tally.add(state, reason, one.final)
        if tally.verdict:
            return tally
    tally.stop(last)
    if rules.projected and limit is not None:
        tally.weigh(*on_its_way([one for one in samples if one.at >= start], limit, rules.projected))
    return tally


def on_its_way(samples: Sequence[Sample], limit: Limit, seconds: float) -> tuple[str, str]:
    """Whether values go steadily towards the limit and pass it within so many seconds: a leak, a disk that fills."""
    points = [(one.at, one.value) for one in samples if one.state == PASS and math.isfinite(one.value)]
    if len(points) < FEWEST_FOR_TREND:
        return INCONCLUSIVE, f"{len(points)} samples show no trend, {FEWEST_FOR_TREND} are needed"
    slope, tau = trend_of(points)
    worse = slope if limit.op == ABOVE else -slope
    grown = worse * (points[-1][0] - points[0][0])
    # a limit of 0 says nothing about what is much
    enough = _LEAST_GROWTH * (abs(limit.value) or max(abs(value) for _, value in points))
    if worse <= 0 or abs(tau) < _ONE_WAY or grown < enough:
        return PASS, ""
    left = abs(limit.value - points[-1][1]) / worse
    if left > seconds:
        return PASS, ""
    return FAIL, f"{points[-1][1]:.4g}, and at {slope:+.3g} a second it is {limit.op} {limit.value:g} in {left:.0f} s"


def trend_of(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """How fast values change (Theil and Sen: the median of all slopes, which one outlier does not move), and how much
    they go one way (Kendall's tau, from -1 to 1)."""
    if len(points) > _POINTS:  # spread over the whole time
        points = [points[index * (len(points) - 1) // (_POINTS - 1)] for index in range(_POINTS)]
    slopes = sorted(
        (later - earlier) / (then - at)
        for place, (at, earlier) in enumerate(points)
        for then, later in points[place + 1 :]
        if then > at
    )
    if not slopes:
        return 0.0, 0.0
    ups, downs = sum(slope > 0 for slope in slopes), sum(slope < 0 for slope in slopes)
    middle = len(slopes) // 2
    return (slopes[middle] + slopes[~middle]) / 2, (ups - downs) / len(slopes)


def overall(states: Iterable[str]) -> str:
    """The worst of the verdicts that count; where nothing was seen, nothing is known, and that is no pass."""
    found = set(states)
    return next((one for one in (FAIL, ERROR, INCONCLUSIVE, PASS) if one in found), INCONCLUSIVE)
