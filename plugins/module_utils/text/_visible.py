# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a text shows all that is in it: what a caller wrote goes into records and onto terminals of others."""

from __future__ import annotations

import re
import unicodedata

from ._characters import is_printable

#: controls (C0 and C1), format characters (bidi, joiners, tags), lone surrogates, line and paragraph separators, and
#: what no standard has given a meaning to
_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
#: letters and marks that are drawn as nothing: fillers, joiners and selectors. Emoji need U+FE0E and U+FE0F
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)


def hidden(text: str) -> str:
    """Name the first character that nobody would see, as in ``U+202E``; nothing where all can be seen."""
    for char in text:
        if unicodedata.category(char) in _CATEGORIES or _BLANK.match(char) or not is_printable(char):
            return f"U+{ord(char):04X}"
    return ""
