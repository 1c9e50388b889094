# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A value in a JSON document, by its path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PLACE = re.compile(r"[0-9]{1,9}")


def value_at(data: Any, path: str) -> Any:
    """Follow a dotted path, in which numbers are positions of a list; KeyError where it leads nowhere."""
    found = data
    for step in str(path).split("."):
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and _PLACE.fullmatch(step) and int(step) < len(found):
            found = found[int(step)]
        else:
            raise KeyError(path)
    return found
