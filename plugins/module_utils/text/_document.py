# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Data as text: for a reader of JSON and a reader of YAML alike, as Compose reads its files as YAML; and for people."""

from __future__ import annotations

import json
import re
from typing import Any

#: in YAML a character beyond U+FFFF has no escape of two halves, and some of the others are line breaks or forbidden
_ESCAPED = re.compile("[\x7f-\uffff]")


def document(data: Any) -> str:
    """JSON that is YAML as well."""
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def readable(data: Any) -> str:
    """JSON for people: what JSON does not have is there as text."""
    return json.dumps(data, indent=1, sort_keys=True, default=str) + "\n"
