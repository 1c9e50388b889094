# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets that kept releases run with, sealed in their rendered configuration.

An env file only has the values of today, while an older release that runs again logs those of its own day.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from ...app import _secret_sources
from ...state._folder import Store

#: compose ignores what starts with x-
KEY = "x-secrets"


def seal(values: Iterable[str]) -> dict[str, Any]:
    """What joins a rendered configuration, where a single dollar would be a variable."""
    return {KEY: sorted({value.replace("$", "$$") for value in values if value})}


def unseal(store: Store, public: Container[str] = ()) -> list[str]:
    """The secrets of every release that is kept, but for the values of ``public`` keys; a file that cannot be read has
    nothing to say."""
    kept, _ = store.readable("releases", "compose.json")
    found: list[str] = []
    for config in kept.values():
        found += (value.replace("$$", "$") for value in config.get(KEY, []))
        found += _secret_sources.of_config(config, public)
    return found
