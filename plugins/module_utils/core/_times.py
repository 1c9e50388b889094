# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Times as engines and kubelets write them, and as we do."""

from __future__ import annotations

import calendar
import re
import time
from datetime import datetime, timezone

STAMP = "%Y-%m-%dT%H:%M:%S"
_ZONED = re.compile(r"(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?P<fraction>(\.\d+)?)(?P<zone>[+-]\d\d:\d\d)")


def in_utc(stamp: str) -> str:
    """A time (RFC 3339) in UTC, so that comparing two as text compares the moments.

    Where the clock of a host is not UTC, some drivers of logs and runtimes write its own time with an offset.
    """
    parts = None if stamp.endswith("Z") else _ZONED.fullmatch(stamp)
    if parts is None:
        return stamp
    try:
        moment = datetime.fromisoformat(f"{parts['moment']}{parts['zone']}").astimezone(timezone.utc)
    except (ValueError, OverflowError):  # no such moment
        return stamp
    return f"{moment:%Y-%m-%dT%H:%M:%S}{parts['fraction']}Z"


def epoch(stamp: str) -> float:
    """Turn the engine's time stamp (RFC 3339, nanoseconds) into seconds; 0 for "never"."""
    if not stamp or stamp.startswith("0001-"):
        return 0.0
    moment, _, rest = in_utc(stamp).partition(".")
    fraction = "".join(each for each in rest[:9] if each.isdigit())
    whole = calendar.timegm(time.strptime(moment[:19], STAMP))
    return whole + (float(f"0.{fraction}") if fraction else 0.0)


def iso(moment: float) -> str:
    """A moment, in seconds since 1970, as people and JSON readers write it."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> float:
    """The moment that :func:`iso` wrote, in seconds since 1970."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()


def ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
