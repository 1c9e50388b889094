"""Names whose resolver is silent: whoever asks for one goes on in time, and the process can end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.support.silent_names import ASKERS, FAKE

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.timeout(100)
@pytest.mark.parametrize("asker", list(ASKERS))
def test_a_name_that_is_looked_up_for_ever_holds_nobody_up(asker: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "collections"), str(ROOT)])}
    argv = [sys.executable, "-c", FAKE + ASKERS[asker]]
    # the resolver would take 300 s
    done = subprocess.run(argv, check=False, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["asked", "late"]
