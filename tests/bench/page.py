"""The measured part of docs/performance.md."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tests.bench.measure import HEADINGS, Findings, table
from tests.lab import engine

PAGE = Path(__file__).resolve().parents[2] / "docs/performance.md"
BEGIN, END = "<!-- measured: begin, made by `make bench` -->", "<!-- measured: end -->"


def lines(findings: Sequence[Findings], runs: int) -> list[str]:
    """The tables, with what they were measured on."""
    found = [_machine(runs), "", *table(HEADINGS, [row.cells for each in findings for row in each.rows])]
    for each in findings:
        for title, rows in each.where.items():
            found += ["", f"### {title}", "", *rows]
    return found


def write(measured: Sequence[str]) -> None:
    """Put them where the page has those of the last time."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RuntimeError(f"{PAGE} must have a line {BEGIN} and after it a line {END}.")
    PAGE.write_text("\n".join([before + BEGIN, "", *measured, "", END + after]), encoding="utf-8")


def _machine(runs: int) -> str:
    """When, and on what."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    docker = engine.ensure()
    return (
        f"{datetime.date.today().isoformat()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Python {platform.python_version()}, ansible-core {version('ansible-core')}, engine {docker.version}, "
        f"Compose {docker.compose}; medians of {runs}, load {os.getloadavg()[2]:.1f} over the last 15 minutes."
    )
