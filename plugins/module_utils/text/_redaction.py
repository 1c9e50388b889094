# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeping secrets out of everything that is shown or kept.

Every value of an env file counts as a secret, whatever its key is called: better one word too many blanked out in a
log line than a password shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from . import _secret_forms
from ._characters import is_printable, printable
from ._secret_finder import SHORTEST, Finder, add
from ._secret_values import embedded, parts
from ._secret_views import views

BLANK = "********"

#: the longest user part of a URL that is blanked out wherever a text is cut
_LONGEST_USER = 4096
#: how many characters a character of a secret takes at most where it is escaped, twice
_LONGEST_SPELLING = 16
#: what is shown of a secret that is cut through may be too short to be known as a part of one
_TOO_LITTLE = SHORTEST * _LONGEST_SPELLING
#: one of the lines over which base64 is broken
_BROKEN_LINE = re.compile(r"[ \t]{0,100}[A-Za-z0-9+/=_-]{16,1024}\r?")
#: the user part of a URL as far as it can be seen where it is cut through
_USER = re.compile(rf"[^/\s]{{0,{_LONGEST_USER}}}")
_USER_ENDS = re.compile(rf"[^/\s]{{0,{_LONGEST_USER}}}@")
# up to the last @ before a slash or a space: an unquoted password may have one in it. Over http the user alone may be a
# token; elsewhere it is a name. The scheme is looked back at from what ends it: looking for its beginning is quadratic
_USERINFO = re.compile(
    r"://(?:(?:(?<=http://)|(?<=https://))[^/\s]+@|(?<=[a-z0-9+.-]://)[^/\s:@]*:[^/\s]+@)", re.IGNORECASE
)


class Redactor:
    """Blanks out known values, however they are written, and the user part of each URL that has a password or is one.

    What it gives back may be shown on a terminal: it has no control characters either.
    """

    def __init__(self, secrets: Iterable[str | None]) -> None:
        plain = _whole(secrets)
        encoded = {form for secret in plain for form in _secret_forms.encodings(secret)}
        forms = {form for secret in plain for form in _secret_forms.forms(secret)} | encoded
        written = {*map(_secret_forms.alike, forms)}
        # what was decoded has a character for each byte
        in_bytes = {secret.encode("utf-8", "surrogatepass").decode("latin-1") for secret in plain}
        meant = {*map(_secret_forms.spelled, plain | encoded | in_bytes)}
        self._known = _Known(written, meant)
        # what one that is cut through shows in any case; of those within another, the blank
        self._begins = _Known({BLANK, *written}, {BLANK, *meant}, slice(SHORTEST))
        self._ends = _Known({BLANK, *written}, {BLANK, *meant}, slice(-SHORTEST, None))
        #: no secret takes more characters than this, in whichever form
        self.reach = max(_LONGEST_USER, max(map(len, forms), default=0) * _LONGEST_SPELLING)

    def text(self, text: str) -> str:
        """The text without secrets."""
        if not is_printable(text):
            # first, as a sequence for a terminal takes what follows it along; and once more, as it may be within one
            text = printable(self._blanked(text))
        return _USERINFO.sub(f"://{BLANK}@", self._blanked(text))

    def head(self, text: str, size: int, was_cut: bool = False) -> str:
        """The beginning of a text, blanked out first and cut afterwards, so that no part of a secret is left.

        ``was_cut``: the text is itself the beginning of a longer one, which may have cut a secret through.
        """
        seen = text[: size + self.reach]
        shown = self.text(seen)
        if was_cut or len(text) > len(seen):
            shown = shown[: self._last_begin(shown)]
        return shown[:size]

    def tail(self, text: str, size: int, was_cut: bool = False) -> str:
        """The end of a text in the same way; ``was_cut``: it is itself the end of a longer one."""
        seen = text[-(size + self.reach) :]
        shown = self.text(seen)
        if was_cut or len(text) > len(seen):
            shown = shown[self._first_end(shown) :]
        return shown[-size:]

    def data(self, value: Any) -> Any:
        """Plain data without secrets, in values and in keys."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.data(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.data(item) for item in value]
        return value

    def _last_begin(self, shown: str) -> int:
        """Where a secret may begin that goes on behind the end: on the last line, as each of its lines is known, or on
        one of those that were broken, which are one with it."""
        line = max(len(shown) - _size_of_last(shown), len(shown) - self.reach)
        rest = shown[line:]
        begins = [begin for begin, _ in self._begins.spans(rest)]
        _, is_url, user = rest.rpartition("://")
        if is_url and _USER.fullmatch(user):
            begins.append(len(rest) - len(user))
        return line + max(0, min([*begins, len(rest) - _TOO_LITTLE]))

    def _first_end(self, shown: str) -> int:
        """Where one has ended that began before the beginning: on the first line, in the same way."""
        rest = shown[: _size_of_first(shown)][: self.reach]
        user = _USER_ENDS.match(rest)
        ends = [end for _, end in self._ends.spans(rest)] + ([user.end()] if user else [])
        return min(len(rest), max([*ends, _TOO_LITTLE]))

    def _blanked(self, text: str) -> str:
        """The text with a blank for each stretch that is a secret: all are found before the first is replaced."""
        spans = self._known.spans(text)
        done, said = 0, []
        for begin, end in spans:
            said += [text[done:begin], BLANK]
            done = end
        return "".join([*said, text[done:]])


class _Known:
    """Finds texts however they are written: as a whole, or as each of their characters may be spelled."""

    def __init__(self, written: Iterable[str], meant: Iterable[str], part: slice = slice(None)) -> None:
        self._written = Finder(one[part] for one in written)
        self._meant = Finder(one[part] for one in meant)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """From where to where one is, in order; what overlaps or touches as one."""
        spans = self._written.spans(_secret_forms.alike(text))
        for view in views(text) if self._meant else ():
            spans += (view.origin(*span) for span in self._meant.spans(view.text))
        return _merged(spans)


def _whole(secrets: Iterable[str | None]) -> set[str]:
    """The secrets with those within them, each line of its own, and as they are where they were made printable.

    Stars at the ends of one are left out, as they might be those of a blank: then no blank makes a secret of its
    surroundings.
    """
    given = {secret for secret in secrets if secret and len(secret) >= SHORTEST}
    within = given | {one for secret in given for one in embedded(secret)}
    within |= {part for secret in within for part in parts(secret)}
    lines = {line for secret in within for line in (secret, *map(str.strip, secret.splitlines()))}
    unblanked = {part.strip("*") for line in lines for one in (line, printable(line)) for part in one.split(BLANK)}
    return {part for part in unblanked if len(part) >= SHORTEST}


def _size_of_last(text: str) -> int:
    """How long the last line is, with those before it that go on in it."""
    begin = text.rfind("\n") + 1
    while begin:
        before = text.rfind("\n", 0, begin - 1) + 1
        if not _BROKEN_LINE.fullmatch(text, before, begin - 1):
            break
        begin = before
    return len(text) - begin


def _size_of_first(text: str) -> int:
    """How long the first line is, with those after it that it goes on in."""
    end = text.find("\n")
    while end >= 0:
        after = text.find("\n", end + 1)
        if not _BROKEN_LINE.fullmatch(text, end + 1, len(text) if after < 0 else after):
            break
        end = after
    return len(text) if end < 0 else end


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        add(found, begin, end)
    return found
