"""Which file of the integration tests is next."""

from __future__ import annotations

import pytest
import yaml

from tests.integration.application import ROOT
from tests.integration.pools import SECONDS, next_file

TAKES = {"test_kube_long.py": 100, "test_kube_short.py": 5, "test_studio_long.py": 80, "test_studio_short.py": 3}
ALL = {f"tests/integration/{name}" for name in TAKES}
NEW = "tests/integration/test_studio_new.py"


@pytest.mark.parametrize(
    ("left", "cluster", "expected"),
    [
        (ALL, True, "test_kube_long.py"),
        (ALL, False, "test_studio_long.py"),
        (ALL - {"tests/integration/test_kube_long.py"}, True, "test_kube_short.py"),
        ({one for one in ALL if "kube" not in one}, True, "test_studio_long.py"),
        ({one for one in ALL if "kube" in one}, False, "test_kube_long.py"),
        (ALL | {NEW}, False, "test_studio_new.py"),
        (ALL | {NEW}, True, "test_kube_long.py"),
    ],
)
def test_a_worker_takes_the_longest_of_its_sort(left: set[str], cluster: bool, expected: str) -> None:
    assert next_file(left, TAKES, cluster=cluster) == f"tests/integration/{expected}"


def test_the_table_has_every_file_and_no_other() -> None:
    table = yaml.safe_load((ROOT / SECONDS).read_text())
    assert sorted(table) == sorted(path.name for path in (ROOT / "tests/integration").glob("test_*.py"))
    assert all(isinstance(seconds, int) for seconds in table.values())
