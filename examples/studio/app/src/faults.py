"""Faults on purpose, to show and to test what happens then.

The file FAULT at the root of the source names one, an empty file none; the variable STUDIO_FAULT overrides it. How bad
it is, is said by STUDIO_FAULT_AFTER (seconds without errors), STUDIO_ERROR_SHARE (of the requests, 1 is all),
STUDIO_SLOW_SECONDS (for each answer) and STUDIO_LEAK_MIB (a second). Building the image runs this file.
"""

import itertools
import logging
import os
import sys
import threading
import time
from collections.abc import Callable

from src import settings

FAULTS = ("none", "build", "crash", "unhealthy", "errors", "logs", "leak", "slow")
# what answers 500 to people often still tells its watchers that all is well
WATCHED = ("/health", "/metrics")

_started = time.monotonic()
_leaked: list[bytes] = []
_requests = itertools.count(1)
_log = logging.getLogger(__name__)


class FaultError(Exception):
    """An error on purpose."""


def current() -> str:
    fault = os.environ.get("STUDIO_FAULT") or (settings.ROOT / "FAULT").read_text().strip() or "none"
    if fault not in FAULTS:
        sys.exit(f"ERROR the fault {fault!r} is not one of {', '.join(FAULTS)}")
    return fault


def at_build() -> None:
    if current() == "build":
        sys.exit("ERROR this version does not build: the fault `build` is on")


def at_start() -> None:
    match current():
        case "crash":
            _log.error("cannot start: the fault `crash` is on")
            sys.exit(1)
        case "logs":
            _every(1.0, lambda: _log.error("a job failed: the fault `logs` is on"))
        case "leak":
            _every(0.1, lambda: _leaked.append(b"x" * int(_number("STUDIO_LEAK_MIB", 80) * (1 << 20) / 10)))


def before_answer(path: str) -> None:
    match current():
        case "slow":
            time.sleep(_number("STUDIO_SLOW_SECONDS", 1.5))
        case "errors" if path not in WATCHED and time.monotonic() - _started >= _number("STUDIO_FAULT_AFTER", 3):
            _fail_a_share_of()


def complaint() -> str | None:
    """Why the application calls itself unhealthy."""
    return "the fault `unhealthy` is on" if current() == "unhealthy" else None


def _fail_a_share_of() -> None:
    # evenly, and not by chance: a test has to see the share it asks for
    share, number = _number("STUDIO_ERROR_SHARE", 1), next(_requests)
    if int(number * share) > int((number - 1) * share):
        raise FaultError("the fault `errors` is on")


def _number(name: str, default: float) -> float:
    return float(os.environ.get(name) or default)


def _every(seconds: float, act: Callable[[], None]) -> None:
    def run() -> None:
        while True:
            act()
            time.sleep(seconds)

    threading.Thread(target=run, daemon=True).start()


if __name__ == "__main__":
    at_build()
