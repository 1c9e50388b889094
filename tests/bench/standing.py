"""What nothing costs: a deployment that changes nothing, the whole of verify, and a look at all metrics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.bench import studio
from tests.bench.measure import Cost, Findings, Row, bounded, cost_of, median_wall, say
from tests.integration.application import Run

#: the seconds of two values (`ops_looks`), a second apart, each of which counters take from the look before it
WINDOW = 2.0


class Standing(Protocol):
    """An application that runs."""

    folder: Path

    @property
    def inventory(self) -> Path:
        """The one file of its inventory."""

    def play(self, playbook: str, **inputs: Any) -> Run:
        """Run a playbook."""


@dataclass(frozen=True)
class Most:
    """The limits, in seconds."""

    deploy: float
    verify: float
    monitor: float


def measure(runs: int) -> Findings:
    """On the engine."""
    with studio.sources() as source, studio.application(source) as app:
        version = source.release()
        studio.deploy(app, version)
        return Findings(rows(runs, app, version, Most(deploy=3.0, verify=1.5, monitor=1.5)))


def rows(runs: int, app: Standing, version: str, most: Most, where: str = "") -> list[Row]:
    """Take turns with an empty playbook, which is the floor."""
    costs: dict[str, list[Cost]] = {"empty": [], "deploy": [], "verify": [], "monitor": []}
    for number in range(1, runs + 1):
        costs["empty"].append(cost_of(lambda: studio.empty(app.folder, app.inventory)))
        costs["deploy"].append(cost_of(lambda: _unchanged(app, version)))
        costs["verify"].append(cost_of(lambda: studio.must(app.play("verify"))))
        costs["monitor"].append(cost_of(lambda: studio.must(app.play("monitor"))))
        last = ", ".join(f"{name} {each[-1].wall:.2f} s" for name, each in costs.items())
        say(f"{where}nothing to change {number}: {last}")
    wall = {name: median_wall(each) for name, each in costs.items()}
    floor = f"{wall['empty']:.2f} s, empty playbook"
    metrics = f"{where}monitor, all metrics, aside from the {WINDOW:g} s of its looks"
    return [
        bounded(f"{where}deploy what runs already", wall["deploy"], most.deploy, floor),
        bounded(f"{where}verify", wall["verify"], most.verify, floor),
        bounded(metrics, wall["monitor"] - WINDOW, most.monitor, floor),
    ]


def _unchanged(app: Standing, version: str) -> None:
    run = studio.must(app.play("deploy", version=version))
    if run.changed():
        raise RuntimeError(f"something changed:\n{run.output}")
