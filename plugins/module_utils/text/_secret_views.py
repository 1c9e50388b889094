# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A text as it is meant: spelled in one way, what was taken apart as one, and what is in its base64.

Each is a text of its own in which secrets are looked for, and which knows where each of its characters is from. What is
encoded may be encoded once more, or be broken over lines, so all of that is done within it again.
"""

from __future__ import annotations

import binascii
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

from ._secret_forms import Rewritten, Spelled, alike, nearly_alike

#: what is in the middle of a word that belongs together: the end of a line, with the indent of the next one and what a
#: log has before each; a colour, as it is, in JSON, and as cat -v and syslog write it
_BETWEEN = re.compile(
    r"\r?\n(?:[\w.-]{1,64} {1,32}\| ?)?(?:\d{4}-\d\d-\d\dT[\d:.]{8,20}(?:Z|[+-]\d\d:\d\d) )?[ \t]{0,100}|\r"
    r"|(?:\x1b|\\(?:u001[bB]|x1[bB]|033|e)|\^\[|#033)\[[0-?]{0,32}[ -/]{0,4}[@-~]",
    re.ASCII,
)
#: what may be base64 that has a secret in some other form in it; in one of its own it is known as it is
_ENCODED = re.compile(r"[A-Za-z0-9+/]{10,}")
_OF_URLS = str.maketrans("-_", "+/")
#: how often something is encoded in base64 at most
_DEEPEST = 3


class _Origin(Protocol):
    def __call__(self, begin: int, end: int) -> tuple[int, int]: ...


class View(NamedTuple):
    """A text, and where what is from ``begin`` to ``end`` in it is from."""

    text: str
    origin: _Origin


def views(text: str, deep: int = 0) -> Iterator[View]:
    """Each view of a text."""
    spelled = Spelled(alike(text))
    yield View(spelled.text, spelled.origin)
    joined = _joined(text)
    if joined.text != spelled.text:
        yield View(alike(joined.text), joined.origin)
    if deep < _DEEPEST:
        words = [(found.start(), found[0]) for found in _ENCODED.finditer(joined.text.translate(_OF_URLS))]
        for skipped in range(4 if words else 0):
            decoded = _Decoded(words, skipped)
            for inner in views(decoded.text, deep + 1):
                yield _within(_within(inner, decoded.origin), joined.origin)


def _within(inner: View, outer: _Origin) -> View:
    return View(inner.text, lambda begin, end: outer(*inner.origin(begin, end)))


def _joined(text: str) -> View:
    """What was taken apart is one: in the text itself, and in what is spelled in it."""
    plain = Rewritten(_lasting(text))
    spelled = Spelled(nearly_alike(plain.text), nearly_alike)
    joined = Rewritten(_lasting(spelled.text))
    return _within(_within(View(joined.text, joined.origin), spelled.origin), plain.origin)


def _lasting(text: str) -> Iterator[tuple[str, int, int]]:
    done = 0
    for found in _BETWEEN.finditer(text):
        if found.start() > done:
            yield text[done : found.start()], done, found.start()
        done = found.end()
    if done < len(text):
        yield text[done:], done, len(text)


class _Decoded:
    """What is in words that may be base64, where that many characters before it do not belong to it.

    All are decoded at once, as there may be a hundred thousand. After each are three zeros at least, which are As.
    """

    def __init__(self, words: Sequence[tuple[int, str]], skipped: int) -> None:
        parts = [word[skipped:] + "A" * (8 - (len(word) - skipped) % 4) for _, word in words]
        self._begins = [0, *accumulate(len(part) // 4 * 3 for part in parts)]
        self._origins = [start + skipped for start, _ in words]
        # bytes are one character each
        self.text = binascii.a2b_base64("".join(parts)).decode("latin-1")

    def origin(self, begin: int, end: int) -> tuple[int, int]:
        """From the first character that has a part of it to the last."""
        return self._of(begin)[0], self._of(end - 1)[1]

    def _of(self, at: int) -> tuple[int, int]:
        number = min(bisect_right(self._begins, at), len(self._origins)) - 1
        start, within = self._origins[number], at - self._begins[number]
        return start + within * 8 // 6, start + (within * 8 + 13) // 6
