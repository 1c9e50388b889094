# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds thousands of texts within another in one pass, whose time depends on the length of that one alone.

Every text that is looked for has a beginning of at least :data:`SHORTEST` characters. Wherever it is, one of the first
pieces of that beginning is at a place that is divisible by :data:`_STEP`, so only the pieces there are looked up.
"""

from __future__ import annotations

from collections.abc import Iterable

#: shorter values (a port, "true", "info") would blank out half of every log
SHORTEST = 6
_PIECE = 3
_STEP = SHORTEST - _PIECE + 1


class Finder:
    """Looks for texts; those that are shorter than :data:`SHORTEST` are left out."""

    def __init__(self, wanted: Iterable[str]) -> None:
        self._by_beginning: dict[str, list[str]] = {}
        offsets: dict[str, set[int]] = {}
        for text in sorted({text for text in wanted if len(text) >= SHORTEST}, key=len, reverse=True):
            self._by_beginning.setdefault(text[:SHORTEST], []).append(text)
        for beginning in self._by_beginning:
            for offset in range(_STEP):
                offsets.setdefault(beginning[offset : offset + _PIECE], set()).add(offset)
        # the earliest beginning first
        self._offsets = {piece: sorted(found, reverse=True) for piece, found in offsets.items()}

    def __bool__(self) -> bool:
        return bool(self._offsets)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """From where to where there is one of them: in order, and what overlaps or touches as one."""
        known = self._offsets
        hits = (at for at in range(0, len(text), _STEP) if text[at : at + _PIECE] in known)
        found: list[tuple[int, int]] = []
        for at in hits:
            for offset in known[text[at : at + _PIECE]]:
                add(found, at - offset, self._end(text, at - offset))
        return found

    def _end(self, text: str, start: int) -> int:
        """Where the longest one that begins there ends; ``start`` where none does."""
        if start >= 0:
            for one in self._by_beginning.get(text[start : start + SHORTEST], ()):
                if text.startswith(one, start):
                    return start + len(one)
        return start


def add(spans: list[tuple[int, int]], begin: int, end: int) -> None:
    """Add a span that begins no earlier than the last one does; an empty one is none."""
    if begin >= end:
        return
    if spans and begin <= spans[-1][1]:
        spans[-1] = spans[-1][0], max(spans[-1][1], end)
    else:
        spans.append((begin, end))
