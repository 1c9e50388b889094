"""Measure, and compare with plain scripts: ``python -m tests.bench [--runs 5] [--only NAME] [--write]``."""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from tests.bench import controller, deploying, kubernetes, metrics, page, probes, race, standing, wrapper
from tests.bench.measure import Findings, bounded, compared, say
from tests.integration import application
from tests.playing import Processes


def _probes(runs: int) -> Findings:
    pairs = [probes.measure() for _ in range(1 if runs < race.ROUNDS else runs // race.ROUNDS)]
    by_hand, ours = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    what = f"{probes.PROBES:,} HTTP probes in one task"
    return Findings([compared(what, ours, by_hand, "bare asyncio client", 1.3)])


def _metrics(runs: int) -> Findings:
    pairs = [metrics.measure() for _ in range(1 if runs < race.ROUNDS else runs // race.ROUNDS)]
    by_hand, ours = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    what = f"{metrics.METRICS} metrics of one Prometheus in one task"
    judge = bounded(f"a verdict on {metrics.SAMPLES:,} samples", metrics.judge(), 0.2)
    return Findings([compared(what, ours, by_hand, "bare asyncio client", 1.3), judge])


MEASUREMENTS: dict[str, Callable[[int], Findings]] = {
    "deploy": deploying.measure,
    "standing": standing.measure,
    "probes": _probes,
    "metrics": _metrics,
    "controller": controller.measure,
    "kubernetes": kubernetes.measure,
    "wrapper": wrapper.measure,
}


def main() -> int:
    """Measure what is asked for, print the table, and write it down when told to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often each side runs; the table has the medians")
    parser.add_argument("--only", choices=MEASUREMENTS, action="append", help="one measurement, and not all of them")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {page.PAGE.name}; needs all of them")
    options = parser.parse_args()
    # told to end, it still removes what it has made
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if options.write and options.only:
        parser.error("--write needs all measurements, so it goes without --only")
    # what a person pays for a run, the start of ansible-playbook included
    application.PLAYERS = Processes()
    findings = []
    for name in options.only or MEASUREMENTS:
        say(f"{name} ...")
        findings.append(MEASUREMENTS[name](options.runs))
    measured = page.lines(findings, options.runs)
    print("\n".join(measured))
    if options.write:
        page.write(measured)
        say(f"written to {page.PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
