"""How hypothesis runs here: the same examples each time, or as many new ones as ``make fuzz`` asks for."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# no time limit for an example on a busy machine, and nothing left on the disk
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.register_profile(
    "fuzz",
    deadline=None,
    database=None,
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "5000")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
