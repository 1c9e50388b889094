"""Which file of tests a worker takes next, and how long each took.

Files with a cluster mostly wait, the others mostly keep a core busy. So half of the workers begin with the one sort and
half with the other, the longest file first; whoever finds nothing of its own sort left helps the others.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from xdist.scheduler import LoadFileScheduling

#: about how long each file takes, in seconds, on two cores with two workers of each sort; until recorded, estimates
SECONDS = Path("tests/integration/seconds.yml")


def has_cluster(name: str) -> bool:
    """Whether the tests of a file use a cluster."""
    return name.startswith(("test_kube_", "test_lab_kubernetes"))


def next_file(left: Collection[str], seconds: Mapping[str, int], *, cluster: bool) -> str:
    """The longest of the sort, else of the other; one that nobody has measured may be longer than all."""

    def rank(path: str) -> tuple[bool, float]:
        name = path.rpartition("/")[2]
        return has_cluster(name) == cluster, seconds.get(name, float("inf"))

    return max(left, key=rank)


class Pools(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Two pools of workers for two sorts of files."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self._seconds: dict[str, int] = yaml.safe_load((config.rootpath / SECONDS).read_text())

    def _assign_work_unit(self, node: Any) -> None:
        is_odd = int(node.gateway.id.removeprefix("gw")) % 2 == 1
        self.workqueue.move_to_end(next_file(self.workqueue, self._seconds, cluster=is_odd), last=False)
        super()._assign_work_unit(node)


class Clock:
    """Adds up what each file took, and says so at the end; OPS_RECORD_SECONDS=1 writes the table again."""

    def __init__(self, table: Path) -> None:
        self._table = table
        self._taken: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._taken[Path(report.location[0]).name] += report.duration

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("seconds by file")
        for name, seconds in sorted(self._taken.items(), key=lambda one: -one[1]):
            terminalreporter.write_line(f"{seconds:7.1f} {name}")
        if os.environ.get("OPS_RECORD_SECONDS"):
            known: dict[str, int] = yaml.safe_load(self._table.read_text()) if self._table.exists() else {}
            known.update({name: round(seconds) for name, seconds in self._taken.items()})
            self._table.write_text("---\n" + "".join(f"{name}: {seconds}\n" for name, seconds in sorted(known.items())))
