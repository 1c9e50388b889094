"""A deployment of a changed version, by the playbook and by the plain script, and where its time goes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from tests.bench import studio
from tests.bench.measure import Cost, Findings, compared, cost_of, median_cpu, median_wall, say, table
from tests.integration.application import Application, Run

PHASES = ("preflight", "images", "backup", "migrate", "apply", "verify", "soak")
MOST = 1.15


def measure(runs: int) -> Findings:
    """Take turns, so that whatever slows the machine down slows both sides down."""
    ours: list[Cost] = []
    plain: list[Cost] = []
    floor: list[Cost] = []
    results: list[dict[str, float]] = []
    steps: list[dict[str, float]] = []
    with studio.sources() as source, studio.application(source) as app, studio.application(source) as other:
        script = studio.Plain.clone(other, source)
        for number in range(runs + 2):  # the first two build each of the trees, and make the database
            version = source.release()
            cost, run = _timed_ours(app, version)
            plain_cost, seconds = _timed_plain(script, version)
            say(f"deploy {number - 1 if number > 1 else 'warm-up'}: {cost.wall:.2f} s, script {plain_cost.wall:.2f} s")
            if number > 1:
                ours.append(cost)
                plain.append(plain_cost)
                results.append({phase["name"]: phase["seconds"] for phase in run.target()["phases"]})
                steps.append(seconds)
                floor.append(cost_of(lambda: studio.empty(app.folder, app.inventory)))
    row = compared("deploy a changed version", median_wall(ours), median_wall(plain), "plain script", MOST)
    table_of_time = where(ours, results, plain, steps, median_wall(floor))
    return Findings([row], {"Where the time of a deployment goes": table_of_time})


def _timed_ours(app: Application, version: str) -> tuple[Cost, Run]:
    kept: list[Run] = []
    cost = cost_of(lambda: kept.append(studio.deploy(app, version)))
    return cost, kept[0]


def _timed_plain(script: studio.Plain, version: str) -> tuple[Cost, dict[str, float]]:
    kept: list[dict[str, float]] = []
    cost = cost_of(lambda: kept.append(script.deploy(version)))
    return cost, kept[0]


def _median_of(name: str, every: Sequence[dict[str, float]]) -> float:
    return statistics.median(each.get(name, 0.0) for each in every)


def where(ours: Sequence[Cost], results: Sequence[dict[str, float]], plain: Sequence[Cost],
          steps: Sequence[dict[str, float]], floor: float) -> list[str]:  # fmt: skip
    """Each phase on both sides, and what is between them."""
    rows = [(name, _median_of(name, results), _median_of(name, steps)) for name in PHASES]
    known, known_plain = sum(row[1] for row in rows), sum(row[2] for row in rows)
    total, total_plain = median_wall(ours), median_wall(plain)
    rows += [
        ("ansible-playbook's own start and end", floor, 0.0),
        ("tasks between the phases", total - known - floor, total_plain - known_plain),
        ("all of it", total, total_plain),
        ("processor time", median_cpu(ours), median_cpu(plain)),
    ]
    return table(["phase", "playbook, s", "plain script, s"], [(name, f"{a:.2f}", f"{b:.2f}") for name, a, b in rows])
