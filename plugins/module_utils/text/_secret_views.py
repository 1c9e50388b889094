# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A text as it is meant: spelled in one way, what was taken apart as one, and what is in its base64.

Each is a text of its own in which secrets are looked for, and which knows where each of its characters is from. What is
encoded may be encoded once more, or be broken over lines, so all of that is done within it again.
"""

from __future__ import annotations

import binascii
import re
from bisect import bisect_right
from collections.abc import Iterator
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
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{10,}")
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
        for skipped in range(4):
            decoded = _Decoded(joined.text, skipped)
            for inner in views(decoded.text, deep + 1) if decoded.text else ():
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
    """What is in all that may be base64, where that many characters before it do not belong to it."""

    def __init__(self, text: str, skipped: int) -> None:
        self._begins: list[int] = []
        self._origins: list[int] = []
        parts: list[str] = []
        length = 0
        for found in _ENCODED.finditer(text):
            start = found.start() + skipped
            encoded = text[start : found.end()]
            # one at the end has no byte of its own; bytes are one character each
            whole = encoded[: len(encoded) - (len(encoded) % 4 == 1)]
            part = binascii.a2b_base64(whole.translate(_OF_URLS) + "=" * (-len(whole) % 4)).decode("latin-1")
            self._begins.append(length)
            self._origins.append(start)
            parts.append(f"{part}\0")
            length += len(part) + 1
        self.text = "".join(parts)

    def origin(self, begin: int, end: int) -> tuple[int, int]:
        """From the first character that has a part of it to the last."""
        return self._of(begin)[0], self._of(end - 1)[1]

    def _of(self, at: int) -> tuple[int, int]:
        number = bisect_right(self._begins, at) - 1
        start, within = self._origins[number], at - self._begins[number]
        return start + within * 8 // 6, start + (within * 8 + 13) // 6
