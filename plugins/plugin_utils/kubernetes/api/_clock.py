# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The clock of an API server, as far as its answers tell.

Whether a lease has expired is decided by one clock, whichever controller asks. A ``Date`` header has whole seconds, so
each answer gives bounds; where this machine's clock lies within them, it is taken as it is.
"""

from __future__ import annotations

import threading
from email.utils import parsedate_to_datetime


class ServerClock:
    """How far the server's clock is ahead of this machine's, in seconds; negative where it is behind."""

    def __init__(self) -> None:
        self._least = float("-inf")
        self._most = float("inf")
        self._lock = threading.Lock()

    def heard(self, date: str | None, sent: float, received: float) -> None:
        """Take the ``Date`` of an answer into account; ``sent`` and ``received`` are by this machine's clock."""
        try:
            said = parsedate_to_datetime(date or "").timestamp()
        except ValueError:
            return
        least, most = said - received, said + 1 - sent
        with self._lock:
            # bounds that contradict the earlier ones: one of the clocks was set, or another server answered
            contradict = least > self._most or most < self._least
            self._least = least if contradict else max(self._least, least)
            self._most = most if contradict else min(self._most, most)

    @property
    def ahead(self) -> float:
        """Seconds to add to this machine's clock; 0 where it agrees as far as can be told."""
        with self._lock:
            return self._least if self._least > 0 else min(0.0, self._most)
