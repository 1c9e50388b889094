"""Nothing in a repository takes more than a few seconds and some memory; what would is refused by its file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.contract.house import ROOT
from tests.unit.support.hostile_manifests import CASES

SECONDS = 5
MIB = 200


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    paths = [str(ROOT), *(path for path in sys.path if path)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.support.hostile_manifests"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        timeout=300,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_by_its_file_and_in_time(measured: dict[str, Any], name: str) -> None:
    said = measured[name]["said"]
    assert f"/{CASES[name][0]}" in said
    assert len(said) < 500
    assert measured[name]["work"] < SECONDS


def test_all_of_it_together_takes_little_memory(measured: dict[str, Any]) -> None:
    assert max(one["mib"] for one in measured.values()) < MIB
