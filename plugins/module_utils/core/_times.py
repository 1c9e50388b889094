# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The times that engines and kubelets write before the lines of a log."""

from __future__ import annotations

import re
from datetime import datetime, timezone

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
