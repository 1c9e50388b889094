"""Running something and saying what it took; rows of a table with a target each."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cost:
    """What something took, in seconds: on the clock, and of the processor, with all the processes that it started."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Row:
    """One line of the table. ``met`` is None where a figure is only shown."""

    what: str
    measured: str
    against: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def cells(self) -> list[str]:
        """The line, as text."""
        return [self.what, self.measured, self.against, self.ratio, self.target, VERDICTS[self.met]]


VERDICTS = {True: "met", False: "MISSED", None: ""}
HEADINGS = ["what", "measured", "against", "ratio", "target", "verdict"]


@dataclass
class Findings:
    """What a measurement found: its rows, and where the time went, as a table of its own."""

    rows: list[Row]
    where: dict[str, list[str]] = field(default_factory=dict)


def cost_of(work: Callable[[], object]) -> Cost:
    """Do the work and say what it took. Processes that outlive it (ssh's shared connections) are not in the figure."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    work()
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def median_wall(costs: Iterable[Cost]) -> float:
    """The median of the times on the clock."""
    return statistics.median(cost.wall for cost in costs)


def median_cpu(costs: Iterable[Cost]) -> float:
    """The median of the processor's times."""
    return statistics.median(cost.cpu for cost in costs)


def compared(what: str, ours: float, theirs: float, against: str, most: float) -> Row:
    """A row that compares two times."""
    ratio = ours / theirs
    return Row(
        what, f"{ours:.2f} s", f"{theirs:.2f} s, {against}", f"{ratio:.2f}", f"ratio at most {most}", ratio <= most
    )


def bounded(what: str, seconds: float, most: float, against: str = "") -> Row:
    """A row with a time that has a limit."""
    return Row(what, f"{seconds:.2f} s", against, "", f"at most {most} s", seconds <= most)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Aligned lines of a Markdown table, which a terminal shows as well as a page."""
    every = [list(headings), *map(list, rows)]
    widths = [max(len(row[column]) for row in every) for column in range(len(headings))]
    every.insert(1, ["-" * width for width in widths])
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in every)
    return [f"| {' | '.join(row)} |" for row in padded]


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
