# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether values are worse than those of the time before: Mann-Whitney's test with an effect size. Nothing is random.

A test alone finds any difference, however small, in enough samples; so the effect (Cliff's delta) and the shift of the
median must be large enough as well.
"""

from __future__ import annotations

import functools
import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

from ..core._verdicts import FAIL, INCONCLUSIVE, PASS
from ._metric import ABOVE

#: with fewer than this a test cannot see anything at the usual levels
FEWEST_SAMPLES = 5
#: up to here the exact distribution is used where no two values are equal, as scipy does
_EXACT_UP_TO = 8


@dataclass(frozen=True)
class Comparison:
    """How much worse counts as worse."""

    min_samples: int = 20
    alpha: float = 0.02
    effect: float = 0.33
    tolerance: float = 0.1


@dataclass(frozen=True)
class Difference:
    """What the test found. ``delta`` is Cliff's, from -1 to 1, positive where the later values are higher; ``a12`` the
    chance that a later value is higher than an earlier one."""

    u: float
    p: float
    delta: float
    a12: float


def mann_whitney(later: Sequence[float], earlier: Sequence[float], overlap: float = 1.0) -> Difference:
    """Test whether later values tend to be higher than earlier ones (one-sided).

    ``overlap`` is how many samples in a row were made of the same: those of windows that overlap depend on each other,
    so that the sum of their ranks spreads by that much more.
    """
    n, m = len(later), len(earlier)
    if not n or not m:
        raise ValueError("both sides need values")
    u, ties = _u(later, earlier)
    is_exact = not ties and min(n, m) <= _EXACT_UP_TO and overlap == 1
    p = _exact(int(u), n, m) if is_exact else _approximate(u, n, m, ties, overlap)
    a12 = u / (n * m)
    return Difference(u, p, 2 * a12 - 1, a12)


def compared(
    later: Sequence[float], earlier: Sequence[float], how: Comparison, op: str = ABOVE, overlap: float = 1.0
) -> tuple[str, str]:
    """The verdict on a metric whose later values must not be worse, and why. ``op`` says which way is worse."""
    fewest = max(how.min_samples, FEWEST_SAMPLES)
    if min(len(later), len(earlier)) < fewest:
        return INCONCLUSIVE, f"{len(earlier)} samples before and {len(later)} now, {fewest} of each are needed"
    odd = sum(not math.isfinite(value) for value in (*later, *earlier))
    if odd:
        return INCONCLUSIVE, f"{odd} of the samples to compare are not numbers"
    sign = 1 if op == ABOVE else -1
    found = mann_whitney([sign * value for value in later], [sign * value for value in earlier], overlap)
    before, now = median(earlier), median(later)
    shift = sign * (now - before)
    said = (
        f"median {now:.4g} after {before:.4g} before (p {found.p:.2g}, effect {found.delta:+.2f}, "
        f"{len(later)} against {len(earlier)} samples)"
    )
    is_worse = found.p < how.alpha and found.delta >= how.effect and shift > how.tolerance * abs(before)
    return (FAIL, f"worse than before: {said}") if is_worse else (PASS, f"not worse than before: {said}")


def _u(later: Sequence[float], earlier: Sequence[float]) -> tuple[float, list[int]]:
    """How often a later value is higher, ties counting half; and how many values each tie has."""
    ordered = sorted(earlier)
    counts = Counter(later)
    counts.update(earlier)
    ties = [count for count in counts.values() if count > 1]
    if not ties:
        return float(sum(bisect_left(ordered, value) for value in later)), ties
    twice = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in later)
    return twice / 2, ties


def _approximate(u: float, n: int, m: int, ties: Sequence[int], overlap: float) -> float:
    """By the normal distribution, corrected for ties, for continuity and for what samples share."""
    size = n + m
    spread = n * m / 12 * (size + 1 - sum(tie**3 - tie for tie in ties) / (size * (size - 1)))
    if spread <= 0:  # all values are equal
        return 1.0
    z = (u - n * m / 2 - 0.5) / math.sqrt(spread * overlap)
    return NormalDist().cdf(-z)


def _exact(u: int, n: int, m: int) -> float:
    """The share of all orders in which the later values are as high as this or higher."""
    ways = _ways(min(n, m), max(n, m))
    return sum(ways[u:]) / sum(ways)


@functools.lru_cache(maxsize=64)
def _ways(n: int, m: int) -> tuple[int, ...]:
    """In how many orders of n and m values each u occurs: the coefficients of the Gaussian binomial."""
    ways = [1] + [0] * (n * m)
    for step in range(1, n + 1):
        for place in range(n * m, m + step - 1, -1):
            ways[place] -= ways[place - m - step]
        for place in range(step, n * m + 1):
            ways[place] += ways[place - step]
    return tuple(ways)
