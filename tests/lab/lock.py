"""Who may change or use the lab: several test runs may ask for it at once."""

import fcntl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

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


class Use:
    """A part of the lab that many use at once, and that one may have alone for a moment, to break it."""

    def __init__(self, handle: IO[str]) -> None:
        self._handle = handle

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else uses it, and keep it from them."""
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_SH)


@contextmanager
def together(name: str) -> Iterator[Use]:
    """Use a part of the lab beside others, who do not break it meanwhile."""
    with (folder(CACHE) / f"lock-{name}").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield Use(handle)
