"""Who may change or use the lab: several test runs may ask for it at once."""

import fcntl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from tests.lab.paths import CACHE, folder

_depth: Counter[str] = Counter()
_uses: "dict[str, Use]" = {}


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
    """A part of the lab that many use at once, and that one may have alone for a moment, to break it.

    Whoever waits for it holds the turnstile, so those who come later do not get in before.
    """

    def __init__(self, handle: IO[str], turnstile: IO[str]) -> None:
        self._handle = handle
        self._turnstile = turnstile

    def _take(self, how: int) -> None:
        fcntl.flock(self._turnstile, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._handle, how)
        finally:
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)

    def share(self) -> None:
        """Use it beside others."""
        self._take(fcntl.LOCK_SH)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else uses it, and keep it from them."""
        # two who wait for each other's share would wait for ever
        fcntl.flock(self._handle, fcntl.LOCK_UN)
        self._take(fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            self.share()


@contextmanager
def together(name: str) -> Iterator[Use]:
    """Use a part of the lab beside others, who do not break it meanwhile; inside itself it is the same use."""
    if name in _uses:
        yield _uses[name]
        return
    place = folder(CACHE)
    with (place / f"lock-{name}").open("w") as handle, (place / f"turnstile-{name}").open("w") as turnstile:
        use = _uses[name] = Use(handle, turnstile)
        use.share()
        try:
            yield use
        finally:
            del _uses[name]
