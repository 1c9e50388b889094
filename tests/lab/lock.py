"""One process at a time changes the lab: several test runs may ask for it at once."""

import fcntl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.paths import CACHE, folder

_depth: Counter[str] = Counter()


@contextmanager
def alone(name: str = "lock") -> Iterator[None]:
    """Hold the lab's lock, or another one where that would keep all others waiting; inside itself it is free."""
    with (folder(CACHE) / name).open("w") as handle:
        if not _depth[name]:
            fcntl.flock(handle, fcntl.LOCK_EX)
        _depth[name] += 1
        try:
            yield
        finally:
            _depth[name] -= 1
