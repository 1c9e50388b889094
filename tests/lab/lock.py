"""One process at a time changes the lab: several test runs may ask for it at once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.paths import CACHE, folder

_depth = 0


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lab's lock; inside itself it is free."""
    global _depth
    with (folder(CACHE) / "lock").open("w") as handle:
        if not _depth:
            fcntl.flock(handle, fcntl.LOCK_EX)
        _depth += 1
        try:
            yield
        finally:
            _depth -= 1
