# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeping secrets out of everything that is shown or kept.

Every value of an env file counts as a secret, whatever its key is called: better one word too many blanked out in a
log line than a password shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import _secret_forms
from ._characters import is_printable, printable
from ._secret_finder import SHORTEST, Finder, add
from ._secret_values import embedded

BLANK = "********"

#: the longest user part of a URL that is blanked out wherever a text is cut
_LONGEST_USER = 4096
#: how many characters a character of a secret takes at most where it is escaped, twice
_LONGEST_SPELLING = 16
#: a longer secret (a key, a certificate) is looked for in pieces of so many characters as well
_PIECE = 128
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
        encoded = {secret: _secret_forms.encodings(secret) for secret in plain}
        forms = {secret: encoded[secret] | _secret_forms.forms(secret) for secret in plain}
        self._written = Finder(map(_secret_forms.alike, _all(forms)))
        self._meant = Finder(map(_secret_forms.spelled, plain | _all(encoded)))
        longest = max((len(form) for secret in plain if len(secret) <= _PIECE for form in forms[secret]), default=0)
        #: of a secret that a cut has gone through, no more characters than these are not found, in whichever form
        self.reach = max(_LONGEST_USER, longest * _LONGEST_SPELLING)

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
        if was_cut or len(text) > len(seen):  # the end of it may belong to a secret that goes on
            shown = shown[: len(shown) - len(self.text(seen[-self.reach :]))]
        return shown[:size]

    def tail(self, text: str, size: int, was_cut: bool = False) -> str:
        """The end of a text in the same way; ``was_cut``: it is itself the end of a longer one."""
        seen = text[-(size + self.reach) :]
        shown = self.text(seen)
        if was_cut or len(text) > len(seen):
            shown = shown[len(self.text(seen[: self.reach])) :]
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

    def _blanked(self, text: str) -> str:
        """The text with a blank for each stretch that is a secret: all are found before the first is replaced."""
        flat = _secret_forms.alike(text)
        spans = self._written.spans(flat)
        if self._meant:
            meant = _secret_forms.Spelled(flat)
            # a text that is spelled in one way already has been looked through
            spans += (meant.origin(*span) for span in (self._meant.spans(meant.text) if meant.text != flat else ()))
        done, said = 0, []
        for begin, end in _merged(spans):
            said += [text[done:begin], BLANK]
            done = end
        return "".join([*said, text[done:]])


def _whole(secrets: Iterable[str | None]) -> set[str]:
    """The secrets with those within them, each line of its own, and as they are where they were made printable.

    Stars at the ends of one are left out, as they might be those of a blank: then no blank makes a secret of its
    surroundings.
    """
    given = {secret for secret in secrets if secret and len(secret) >= SHORTEST}
    within = given | {one for secret in given for one in embedded(secret)}
    lines = {line for secret in within for line in (secret, *map(str.strip, secret.splitlines()))}
    parts = {part for line in lines for part in (line, printable(line)) for part in part.split(BLANK)}
    stripped = {piece.strip("*") for part in parts for piece in _with_pieces(part.strip("*"))}
    return {part for part in stripped if len(part) >= SHORTEST}


def _all(forms: Mapping[str, set[str]]) -> set[str]:
    return {form for each in forms.values() for form in each}


def _with_pieces(part: str) -> Iterator[str]:
    """The part and, where it is long, pieces of it: whatever a cut has left of it, all but a piece is found."""
    yield part
    if len(part) > _PIECE:
        yield from (part[at : at + _PIECE] for at in range(0, len(part) - _PIECE, _PIECE))
        yield part[-_PIECE:]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        add(found, begin, end)
    return found
