"""What goes on beside a test: somebody who visits the application, or does something else again and again."""

from __future__ import annotations

import contextlib
import threading
import urllib.request
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def repeated(act: Callable[[], object], seconds: float) -> Iterator[None]:
    """Something is done again and again while the body runs."""
    gone = threading.Event()

    def run() -> None:
        while not gone.wait(seconds):
            act()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        gone.set()
        thread.join()


@contextlib.contextmanager
def visitors(url: str) -> Iterator[None]:
    """Two ask for projects all the time; what they are answered is not checked."""

    def ask() -> None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/api/projects", timeout=5).close()

    with repeated(ask, 0.1), repeated(ask, 0.1):
        yield
