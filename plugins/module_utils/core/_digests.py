# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Digests of what has secrets in it. They are where others may read them, so they depend on a key of the target's own:
nobody can try out what a secret might be.

The key lies with the state of the application, and so do the releases that it is older than: a target without state has
a new one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Protocol

FILE = "digests.json"
_SCHEMA = 1
_BEFORE_KEYS = re.compile("[0-9a-f]{64}")


class Kept(Protocol):
    """Where the key is: the part of a store that is needed here."""

    def read(self, name: str) -> dict[str, Any] | None:
        """Read a JSON file, None where there is none."""

    def write(self, name: str, data: Mapping[str, Any], *, token: int | None = None) -> None:
        """Write it, for the holder of the lease."""


class Digests:
    """Makes digests with one key; without one, with a key that nobody has: they are the same in this object alone."""

    def __init__(self, key: str = "") -> None:
        self._key = key or secrets.token_hex(32)
        self._is_kept = bool(key)

    @classmethod
    def of_store(cls, store: Kept) -> Digests:
        """With the key that is kept there; refuses one that is damaged, as the next one would be kept in its place."""
        kept = store.read(FILE)
        return cls(kept["key"] if kept else "")

    def keep(self, store: Kept, token: int) -> None:
        """Keep the key, for the holder of the lease, unless it is kept already."""
        if not self._is_kept:
            store.write(FILE, {"schema": _SCHEMA, "key": self._key}, token=token)
            self._is_kept = True

    def of(self, value: Any) -> str:
        """A digest of plain data, the same for the same data."""
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
        return f"hmac:{hmac.new(bytes.fromhex(self._key), text.encode(), hashlib.sha256).hexdigest()}"


def is_comparable(digest: str) -> bool:
    """Whether a recorded digest is one of these; records that are older than the key have plain ones."""
    return _BEFORE_KEYS.fullmatch(digest) is None
