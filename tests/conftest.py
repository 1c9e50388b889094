"""How tests run here: how long each may take, and which examples hypothesis makes.

Those are the same each time, or as many new ones as ``make fuzz`` asks for.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# no time limit for an example on a busy machine, and nothing left on the disk
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
# for a look in between; of so few examples nothing can be said of their kind
settings.register_profile(
    "quick",
    settings.get_profile("repeatable"),
    max_examples=20,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
settings.register_profile(
    "fuzz",
    deadline=None,
    database=None,
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "5000")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

#: how long a test may take with its fixtures, in seconds, where that is more than pyproject.toml says
LIMITS = {"integration": 1800}
if settings.get_current_profile_name() == "fuzz":
    LIMITS["fuzz"] = 7200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the time that its folder has; what a test says of itself counts before it."""
    here = Path(__file__).parent
    for item in items:
        seconds = LIMITS.get(item.path.relative_to(here).parts[0]) if here in item.path.parents else None
        if seconds:
            item.add_marker(pytest.mark.timeout(seconds))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT interrupts this process and those that it starts.

    Under nohup, and in the background of a script, it is ignored, and children inherit that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
