# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parts of what others have said, for people: blanked out first and cut afterwards, in this one place.

What cuts a text is far from what knows the secrets: a probe that quotes a body, a command that failed. So a caller that
knows them passes them once, for all that its body quotes. One process works on one target, so its threads share them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from ._gist import end_of, gist_of
from ._redaction import Redactor

#: ends what a reader has cut already
CUT = "…[cut]"
#: how much of a text is checked for each character that is shown: the rest may be blanks
_LOOKED_AT = 16
_LINE = 500
#: lines that a message quotes at most
_FEW = 15
#: how much of a log line or a page is checked to find what counts in it
_ENVELOPE = 64 * 1024

_nothing_known = Redactor(())
_asking = threading.local()
_asked: Callable[[], Redactor] | None = None


@contextlib.contextmanager
def quoted_by(redactor: Callable[[], Redactor]) -> Iterator[None]:
    """While the body runs, whatever is quoted loses these secrets; they are only asked for where something is."""
    global _asked
    before, _asked = _asked, redactor
    try:
        yield
    finally:
        _asked = before


def _redactor() -> Redactor:
    # what goes wrong while the secrets are read is quoted as well, and has only itself to ask
    if _asked is None or getattr(_asking, "now", False):
        return _nothing_known
    _asking.now = True
    try:
        return _asked()
    finally:
        _asking.now = False


def excerpt(text: str | bytes, limit: int) -> str:
    """The beginning of a text on one line, without secrets."""
    said = _decoded(text)
    shown = _redactor().head(said, limit * _LOOKED_AT, was_cut=said.endswith(CUT))
    return " ".join(shown.split())[:limit]


def gist(text: str | bytes, limit: int) -> str:
    """What counts in a log line or a page, on one line, cut at a word. What was decoded is looked through once more."""
    said = _decoded(text)
    whole = _redactor().head(said, _ENVELOPE, was_cut=said.endswith(CUT))
    line = excerpt(gist_of(whole), limit + 1)
    if len(line) <= limit:
        return line
    at = line.rfind(" ", limit // 2, limit)
    return f"{line[: at if at > 0 else limit - 1]}…"


def last_lines(text: str | bytes, lines: int = 15, was_cut: bool = False) -> list[str]:
    """The last lines that say something, without secrets, each of them cut where it is long."""
    shown = _redactor().tail(_decoded(text), lines * _LINE, was_cut)
    return [line.rstrip()[:_LINE] for line in shown.splitlines() if line.strip()][-lines:]


def last_words(text: str | bytes, lines: int = 15) -> str:
    """The same as one text."""
    return "\n".join(last_lines(text, lines))


def last_said(text: str | bytes, limit: int = _LINE) -> str:
    """What counts at the end of a command's output, for a message: the exception of a traceback, the message of a JSON
    log line, the title of a page, otherwise as many of the last lines as fit."""
    found = end_of("\n".join(_shown_end(text)))
    lines: list[str] = []
    room = limit
    for line in reversed(found.splitlines()[-_FEW:]):
        room -= len(line) + 1
        if lines and room < 0:
            break
        lines.insert(0, line)
    return gist("\n".join(lines), limit)


def _shown_end(text: str | bytes) -> list[str]:
    shown = _redactor().tail(_decoded(text), _ENVELOPE, False)
    return [line.rstrip() for line in shown.splitlines() if line.strip()]


def _decoded(text: str | bytes) -> str:
    return text if isinstance(text, str) else text.decode("utf-8", "replace")
