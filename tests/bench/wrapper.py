"""What the Python API adds to a run of ``ansible-playbook``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import doppelganger_ops as ops
from tests.bench.measure import Cost, Findings, bounded, cost_of, median_wall, say
from tests.bench.studio import must
from tests.integration import embedding
from tests.lab import engine, images

MOST = 0.35


def measure(runs: int) -> Findings:
    """Take turns: the same playbook, on a target that knows nothing yet."""
    costs: dict[str, list[Cost]] = {"bare": [], "api": []}
    engine.ensure()
    with tempfile.TemporaryDirectory(prefix="doppelganger-bench-") as folder:
        app = embedding.pages(Path(folder), images.ensure(), 18090)
        ops.releases(inventory=app.inventory).raise_for_status()
        for number in range(1, runs + 1):
            costs["bare"].append(cost_of(lambda: must(app.play("releases"))))
            costs["api"].append(cost_of(lambda: ops.releases(inventory=app.inventory).raise_for_status()))
            say(f"releases {number}: {', '.join(f'{name} {each[-1].wall:.2f} s' for name, each in costs.items())}")
    bare, wrapped = median_wall(costs["bare"]), median_wall(costs["api"])
    against = f"{wrapped:.2f} s against {bare:.2f} s, bare ansible-playbook"
    return Findings([bounded("what the Python API adds to a run", wrapped - bare, MOST, against)])
