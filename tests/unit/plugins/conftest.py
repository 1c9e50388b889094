"""How hypothesis runs here: the same examples each time, no time limit on a busy machine, nothing left on the disk."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True, database=None)
settings.load_profile("house")
