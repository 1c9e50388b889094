# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one definition of what is not printable text: whatever moves a cursor, is a command to a terminal, turns the
direction of reading, cannot be seen, or cannot be encoded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: all but tab and line feed of the control characters, C1 included; what cannot be seen; what turns the direction of
#: reading; lines' ends that are no line feed; halves of characters. Joiners stay: some alphabets are spelled with them
UNPRINTABLE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff"
)
_UNPRINTABLE = re.compile(f"[{UNPRINTABLE}]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# each begins where the one before has ended, so reading is linear. A string without an end (OSC, DCS) hides nothing
_SEQUENCE = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9b-\x9f\x90\x98\n]*(?:\x07|\x1b\\\\|\x9c)"
    "|\x1b[ -/]+[0-~]"
)


def is_printable(text: str) -> bool:
    """Whether there is nothing in the text that may not be shown; tabs and line feeds may."""
    return _UNPRINTABLE.search(text) is None


def printable(text: str) -> str:
    """The text without what may not be shown: sequences for terminals with what belongs to them, other ends of lines as
    line feeds."""
    if is_printable(text):
        return text
    return _UNPRINTABLE.sub("", _SEQUENCE.sub("", _LINE_ENDS.sub("\n", text)))


def printable_data(value: Any) -> Any:
    """Plain data in which each text may be shown, keys included."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable_data(key): printable_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable_data(item) for item in value]
    return value
