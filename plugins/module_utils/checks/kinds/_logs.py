# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Error lines in logs: found by patterns, excused by others, counted over as many readings as it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...core._patterns import Patterns
from ...core._verdicts import FAIL, PASS, Outcome
from ...text._excerpt import gist
from ._lines import ERROR_LINES

_SHOWN = 5
_LINE = 300
#: so many characters, or lines, are matched at a time
_BATCH, _BATCH_LINES = 64 * 1024, 1000


class LogScan:
    """Remembers how far each container's log was read and what was found in it."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._patterns = Patterns(options["patterns"], known=ERROR_LINES)
        self._allow = Patterns(options["allow"])
        self._limit = int(options["limit"])
        self._read_to: dict[str, tuple[str, int]] = {}
        self.lines = 0
        self.matches = 0
        self.shown: list[str] = []

    def read_to(self, container_id: str) -> str:
        """Give the stamp of the last line that was read."""
        return self._read_to.get(container_id, ("", 0))[0]

    def read(self, container_id: str, service: str, stamped: Iterable[str]) -> None:
        """Read on in the log of a container, over lines that start with their time stamp; raises TooSlow."""
        batch: list[str] = []
        size = 0
        try:
            for text in self._new(container_id, stamped):
                batch.append(text)
                size += len(text)
                if size > _BATCH or len(batch) > _BATCH_LINES:
                    taken, batch, size = batch, [], 0
                    self._take(service, taken)
        finally:  # who ends the reading for want of time has read these
            self._take(service, batch)

    def _new(self, container_id: str, stamped: Iterable[str]) -> Iterator[str]:
        """The lines that have not been read yet."""
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
            yield text

    def _take(self, service: str, texts: Sequence[str]) -> None:
        wrong = [text for text, found in zip(texts, self._patterns.found_in(texts)) if found]
        wrong = [text for text, excused in zip(wrong, self._allow.found_in(wrong)) if not excused]
        self.matches += len(wrong)
        self.shown += [f"{service}: {gist(text, _LINE)}" for text in wrong[: _SHOWN - len(self.shown)]]

    def close(self) -> None:
        """End what matches."""
        self._patterns.close()
        self._allow.close()

    def outcome(self) -> Outcome:
        """Judge what was found; a line that is there stays there, so waiting does not fix it."""
        observed = {"lines_read": self.lines, "matches": self.matches, "lines": list(self.shown)}
        if self.matches <= self._limit:
            seen = f", {self.matches} matched of {self._limit} allowed" if self.matches else ", no error among them"
            return Outcome(PASS, f"{self.lines} lines read{seen}", observed)
        count = "1 error line" if self.matches == 1 else f"{self.matches} error lines"
        return Outcome(FAIL, f"{count}, the first: {self.shown[0]}", observed, final=True)
