# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a step waits for, reported while it waits, to a listener; most of the time there is none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

#: told words without secrets, each time that they change
Listener = Callable[[str], None]

_listener: Listener | None = None
_last = ""


def tell(words: Callable[[], str]) -> None:
    """Say what is waited for, as often as you like: the words, without secrets, are only made for a listener."""
    global _last
    if _listener is None:
        return
    said = words()
    if said != _last:
        _last = said
        _listener(said)


@contextlib.contextmanager
def told_to(listener: Listener | None) -> Iterator[None]:
    """While the body runs, the listener is told."""
    global _listener, _last
    before, _listener, _last = _listener, listener, ""
    try:
        yield
    finally:
        _listener = before
