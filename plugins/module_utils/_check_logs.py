# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Error lines in logs: found by patterns, excused by others, counted over as many readings as it takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils._check_judge import FAIL, PASS, Outcome

_SHOWN = 5
_LINE = 300


class LogScan:
    """Remembers how far each container's log was read and what was found in it."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._patterns = re.compile("|".join(f"(?:{each})" for each in options["patterns"]) or r"(?!)")
        self._allow = [re.compile(each) for each in options["allow"]]
        self._limit = int(options["limit"])
        self._read_to: dict[str, tuple[str, int]] = {}
        self.lines = 0
        self.matches = 0
        self.shown: list[str] = []

    def read_to(self, container_id: str) -> str:
        """Give the stamp of the last line that was read."""
        return self._read_to.get(container_id, ("", 0))[0]

    def read(self, container_id: str, service: str, stamped: Iterable[str]) -> None:
        """Read on in the log of a container, over lines that start with their time stamp."""
        last, seen = self._read_to.get(container_id, ("", 0))  # the engine stamps lines that come together alike
        current, count = last, 0
        for line in stamped:
            stamp, _, text = line.partition(" ")
            if stamp < last:
                continue
            current, count = stamp, count + 1 if stamp == current else 1
            if stamp == last and count <= seen:
                continue
            self._read_to[container_id] = (current, count)
            self.lines += 1
            if self._patterns.search(text) and not any(each.search(text) for each in self._allow):
                self.matches += 1
                if len(self.shown) < _SHOWN:
                    self.shown.append(f"{service}: {text.strip()[:_LINE]}")

    def outcome(self) -> Outcome:
        """Judge what was found; a line that is there stays there, so waiting does not mend it."""
        observed = {"lines_read": self.lines, "matches": self.matches, "lines": list(self.shown)}
        if self.matches <= self._limit:
            seen = f", {self.matches} matched of {self._limit} allowed" if self.matches else ", no error among them"
            return Outcome(PASS, f"{self.lines} lines read{seen}", observed)
        count = "1 error line" if self.matches == 1 else f"{self.matches} error lines"
        return Outcome(FAIL, f"{count}, the first: {self.shown[0]}", observed, final=True)
