# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeping secrets out of everything that is shown or kept.

Every value of an env file counts as a secret, whatever its key is called: better one word too many blanked out in a
log line than a password shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

BLANK = "********"
#: shorter values (a port, "true", "info") would blank out half of every log
SHORTEST = 6

#: the longest user part of a URL that is blanked out wherever a text is cut
_LONGEST_USER = 4096
# up to the last @ before a slash or a space: an unquoted password may have one in it. Over http the user alone may be a
# token; elsewhere it is a name. The scheme is looked back at from what ends it: looking for its beginning is quadratic
_USERINFO = re.compile(
    r"://(?:(?:(?<=http://)|(?<=https://))[^/\s]+@|(?<=[a-z0-9+.-]://)[^/\s:@]*:[^/\s]+@)", re.IGNORECASE
)


def forms(secret: str) -> set[str]:
    """A secret as it may be written: plain, line by line, URL-quoted, in JSON, by compose, as Python shows it."""
    return {
        secret,
        *(line for line in map(str.strip, secret.splitlines()) if len(line) >= SHORTEST),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        secret.replace("$", "$$"),
        repr(secret)[1:-1],
    }


def _any_of(words: Sequence[str], depth: int = 3) -> str:
    """A pattern for the longest of some words, which are given longest first.

    By their first characters: tried one after the other, the forms of a hundred secrets take seconds for one log.
    """
    if not depth or len(words) < 3:
        return f"(?:{'|'.join(map(re.escape, words))})"
    branches: dict[str, list[str]] = {}
    for word in words:
        branches.setdefault(word[:1], []).append(word[1:])
    return f"(?:{'|'.join(re.escape(first) + _any_of(rests, depth - 1) for first, rests in branches.items())})"


class Redactor:
    """Blanks out known values, however they are quoted, and the user part of each URL that has a password or is one."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        plain = {secret for secret in secrets if secret and len(secret) >= SHORTEST}
        longest_first = sorted({form for secret in plain for form in forms(secret)}, key=len, reverse=True)
        self._known = re.compile(_any_of(longest_first)) if longest_first else None
        #: no secret is longer than this, in whichever form
        self.reach = max([_LONGEST_USER, *map(len, longest_first[:1])])

    def text(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(BLANK, text)
        return _USERINFO.sub(f"://{BLANK}@", text)

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
