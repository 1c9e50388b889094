# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether to ask an API server again, and when: a pure function, so that a table of cases can be its test."""

from __future__ import annotations

from dataclasses import dataclass

#: how long a request is tried again, in seconds, before the server counts as unreachable
PATIENCE = 15.0
#: the same where another request has just waited without success
GIVEN_UP_PATIENCE = 0.5
#: the longest wait before one more attempt, in seconds, whatever the server asks for
LONGEST = 5.0
#: requests that may be sent twice: the second time they change nothing more
SAFE_VERBS = frozenset({"get", "list", "watch", "apply", "update", "patch", "delete", "review"})
_TRANSIENT = frozenset({500, 502, 503, 504})


@dataclass(frozen=True)
class Failure:
    """How an attempt failed: with a ``status``, or (0) without an answer.

    ``was_sent`` False means that the server never saw the request, ``is_final`` that another attempt is of no use (a
    certificate that does not hold). ``was_outrun`` means that another write came in between, of a change that does not
    depend on what was read. ``retry_after`` is what the server asked for, in seconds.
    """

    status: int = 0
    was_sent: bool = True
    is_final: bool = False
    was_outrun: bool = False
    retry_after: float | None = None


def wait_before(
    attempt: int, failure: Failure, verb: str, *, spent: float, patience: float = PATIENCE, logged_in_anew: bool = False
) -> float | None:
    """Seconds to wait before attempt number ``attempt + 1``, None where there should be none.

    ``attempt`` counts from 0, ``spent`` is the time since the first attempt began. 401 is worth one more attempt, with
    a login read again; 409 none where only the caller can decide again.
    """
    if failure.is_final:
        return None
    if failure.status == 401:
        return None if logged_in_anew else 0.0
    if not _is_worth_it(failure, verb):
        return None
    wait: float = min(LONGEST, 2.0, 0.1 * 2**attempt)
    if failure.retry_after is not None:
        wait = min(LONGEST, max(wait, failure.retry_after))
    return wait if spent + wait <= patience else None


def _is_worth_it(failure: Failure, verb: str) -> bool:
    if failure.status == 429 or failure.was_outrun or not failure.was_sent:
        return True
    return verb in SAFE_VERBS and (failure.status == 0 or failure.status in _TRANSIENT)


def retry_after(header: str | None) -> float | None:
    """The seconds of a Retry-After header; None for none, and for a date, which API servers do not send."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None
