"""What nothing costs: a deployment that changes nothing, the whole of verify, and a playbook without a task."""

from __future__ import annotations

from tests.bench import studio
from tests.bench.measure import Cost, Findings, bounded, cost_of, median_wall, say
from tests.integration.application import Application

DEPLOY_MOST, VERIFY_MOST = 3.0, 1.5


def measure(runs: int) -> Findings:
    """Take turns with an empty playbook, which is the floor."""
    costs: dict[str, list[Cost]] = {"empty": [], "deploy": [], "verify": []}
    with studio.sources() as source, studio.application(source) as app:
        version = source.release()
        studio.deploy(app, version)
        for number in range(1, runs + 1):
            costs["empty"].append(cost_of(lambda: studio.empty(app.folder, app.inventory)))
            costs["deploy"].append(cost_of(lambda: _unchanged(app, version)))
            costs["verify"].append(cost_of(lambda: studio.must(app.play("verify"))))
            last = ", ".join(f"{name} {each[-1].wall:.2f} s" for name, each in costs.items())
            say(f"nothing to change {number}: {last}")
    floor = f"{median_wall(costs['empty']):.2f} s, empty playbook"
    return Findings(
        [
            bounded("deploy what runs already", median_wall(costs["deploy"]), DEPLOY_MOST, floor),
            bounded("verify", median_wall(costs["verify"]), VERIFY_MOST, floor),
        ]
    )


def _unchanged(app: Application, version: str) -> None:
    run = studio.deploy(app, version)
    if run.changed():
        raise RuntimeError(f"something changed:\n{run.output}")
