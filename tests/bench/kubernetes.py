"""The studio on the cluster: deployed by the playbook and by the plain script, and what nothing and one task cost."""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import jinja2

from ansible_collections.doppelganger.ops.plugins.module_utils.operations._info import INFO
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._target import KubeTarget
from tests.bench import collection, standing, studio
from tests.bench.cluster import REPLICAS, Studio
from tests.bench.cluster import studio as on_cluster
from tests.bench.deploying import where
from tests.bench.measure import Cost, Findings, Row, compared, cost_of, median_wall, say
from tests.integration.application import ROOT, Run
from tests.lab import lock

SCRIPT = Path(__file__).with_name("plain_kubernetes.sh")
PLAYBOOK = Path(__file__).with_name("plain_kubernetes")
MANIFESTS = ROOT / "examples/studio/app/kubernetes"
#: how long pods take to end varies, which only many turns even out
TURNS, FIELD_TURNS = 3, 3
DEPLOY_MOST, TASK_MOST, PLAYBOOK_MOST = 1.05, 0.06, 0.5
STANDING_MOST = standing.Most(deploy=2.0, verify=1.2, monitor=1.5)
#: how many tasks more the longer of two playbooks has
TASKS = 20
#: where the way of a task's requests is read from: what the role ``app`` makes of the inventory
MODEL = """
- hosts: targets
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: doppelganger.ops.app, rolespec_validate: false}
    - ansible.builtin.copy: {content: "{{ app_model | to_json }}", dest: "{{ playbook_dir }}/model.json", mode: "0600"}
"""
READING = """
- hosts: targets
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: doppelganger.ops.app, rolespec_validate: false}
"""
TASK = "    - doppelganger.ops.target_info: {app: '{{ app_model }}'}\n"


@dataclass
class Plain:
    """The studio as a script, or a playbook without us, deploys it."""

    app: Studio
    checkout: Path
    manifests: Path

    @classmethod
    def prepare(cls, app: Studio, source: studio.Source) -> Plain:
        """With a checkout, the manifests as one file, a folder for backups, and a database.

        A first deployment has no database to back up, which is a case that a plain script leaves out.
        """
        checkout, manifests = app.folder / "checkout", app.folder / "manifests.yml"
        subprocess.run(["git", "clone", "--quiet", str(source.folder), str(checkout)], check=True)
        known = {"images": {"app": "@IMAGE@"}, "environment": app.variables["app_environment"], "env": app.env}
        texts = {
            path.name: jinja2.Template(path.read_text(), undefined=jinja2.StrictUndefined).render(known)
            for path in sorted(MANIFESTS.glob("*.j2"))
        }
        manifests.touch(mode=0o600)
        manifests.write_text("\n".join(texts.values()))
        (app.folder / "backups").mkdir()
        for name in ("postgres.yml.j2", "redis.yml.j2"):
            app.kubectl("apply", "--filename", "-", stdin=texts[name])
        # what the release's own objects are when it is new: the migration needs the configuration
        release = texts["app.yml.j2"].split("---\n")
        app.kubectl("apply", "--filename", "-", stdin="---\n".join(one for one in release if "Deployment" not in one))
        app.kubectl("rollout", "status", "--timeout=120s", "statefulset/postgres")
        return cls(app, checkout, manifests)

    def deploy(self, version: str) -> dict[str, float]:
        """Run the script and give the seconds of each of its steps."""
        app = self.app
        base = app.variables["app_build"]["app"]["args"]["BASE_IMAGE"]
        arguments = [
            self.checkout, version, app.folder / "backups", self.manifests, app.image, base, app.namespace, studio.SOAK
        ]  # fmt: skip
        command = [str(SCRIPT), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(app.cluster.env))
        if done.returncode:
            raise RuntimeError(f"the plain script failed: {done.stdout}{done.stderr}")
        return studio.seconds_of(done.stdout)


def measure(runs: int) -> Findings:
    """Take turns, so that whatever slows the machine or the cluster down slows all sides down."""
    # nobody breaks the cluster on purpose meanwhile, as one of the tests does
    with lock.together("cluster"), studio.sources() as source, on_cluster(source) as app, on_cluster(source) as other:
        plain = Plain.prepare(other, source)
        found = _deployments(runs, source, app, plain)
        found.rows += standing.rows(runs, app, source.made[-1], STANDING_MOST, "Kubernetes: ")
        found.rows.append(_task(runs, app))
    return found


@dataclass
class _Turn:
    """One version, deployed by each side."""

    ours: Cost
    script: Cost
    field: Cost
    phases: dict[str, float]
    steps: dict[str, float]


def _turn(app: Studio, plain: Plain, deploy_there: Callable[[str], None] | None, version: str) -> _Turn:
    runs: list[Run] = []
    steps: list[dict[str, float]] = []
    ours = cost_of(lambda: runs.append(app.play("deploy", version=version)))
    script = cost_of(lambda: steps.append(plain.deploy(version)))
    field = cost_of(lambda: deploy_there(version)) if deploy_there else Cost(0, 0)
    phases = {phase["name"]: phase["seconds"] for phase in runs[0].target()["phases"]}
    return _Turn(ours, script, field, phases, steps[0])


def _deployments(runs: int, source: studio.Source, app: Studio, plain: Plain) -> Findings:
    turns: list[_Turn] = []
    floor: list[Cost] = []
    with _of_the_field(source) as deploy_there:
        for number in range(TURNS * runs + 2):  # the first two build each of the trees, and make the database
            there = deploy_there if number < FIELD_TURNS + 2 else None
            turn = _turn(app, plain, there, source.release())
            said = f"{number - 1 if number > 1 else 'warm-up'}: {turn.ours.wall:.2f} s, script {turn.script.wall:.2f} s"
            say(f"deploy {said}" + (f", kubernetes.core {turn.field.wall:.2f} s" if there else ""))
            if number > 1:
                turns.append(turn)
                floor.append(cost_of(lambda: studio.empty(app.folder, app.inventory)))
    ours, script = [turn.ours for turn in turns], [turn.script for turn in turns]
    what = f"Kubernetes: deploy a changed version, {REPLICAS} replicas"
    rows = [compared(what, median_wall(ours), median_wall(script), "plain script", DEPLOY_MOST)]
    if deploy_there:
        field = median_wall([turn.field for turn in turns if turn.field.wall])
        rows.append(compared(what, median_wall(ours), field, "playbook with kubernetes.core", PLAYBOOK_MOST))
    phases, steps = [turn.phases for turn in turns], [turn.steps for turn in turns]
    title = "Where the time of a deployment on Kubernetes goes"
    return Findings(rows, {title: where(ours, phases, script, steps, median_wall(floor))})


def _task(runs: int, app: Studio) -> Row:
    """What one task more costs a playbook, beyond its requests on a connection that is there already."""
    (app.folder / "model.yml").write_text(MODEL)
    app.play(str(app.folder / "model"))
    model = json.loads((app.folder / "model.json").read_text())
    for name, tasks in (("short", 1), ("long", 1 + TASKS)):
        (app.folder / f"{name}.yml").write_text(READING + TASK * tasks)
    beyond: list[float] = []
    for number in range(1, runs + 1):
        short, long = (cost_of(lambda name=name: app.play(str(app.folder / name))).wall for name in ("short", "long"))  # type: ignore[misc]
        requests = _requests(model)
        beyond.append((long - short) / TASKS - requests)
        say(f"one task {number}: {(long - short) / TASKS:.3f} s, its requests {requests:.3f} s")
    what = f"Kubernetes: a task that reads the cluster, beyond its requests ({TASKS} in a row)"
    return Row(what, f"{median(beyond):.3f} s", "", "", f"at most {TASK_MOST} s", median(beyond) <= TASK_MOST)


def _requests(model: dict[str, Any]) -> float:
    """The seconds that the requests of the task take."""
    target = KubeTarget.of({"app": model})
    taken: list[float] = []
    with target.project:
        for _ in range(TASKS + 1):
            began = time.perf_counter()
            INFO.run(target, {}, False)
            taken.append(time.perf_counter() - began)
    return median(taken[1:])


@contextlib.contextmanager
def _of_the_field(source: studio.Source) -> Iterator[Any]:
    """Deploys a version by a plain playbook with kubernetes.core, where that is installed; None elsewhere."""
    place = collection.place()
    if place is None:
        say(f"no kubernetes.core here, so nothing is compared with it; to have it: {collection.HOW}")
        yield None
        return
    with on_cluster(source) as app:
        plain = Plain.prepare(app, source)
        numbers = itertools.count()

        def deploy(version: str) -> None:
            variables = {
                "checkout": str(plain.checkout), "version": version, "repository": app.image,
                "base": app.variables["app_build"]["app"]["args"]["BASE_IMAGE"], "namespace": app.namespace,
                "manifests": str(plain.manifests), "soak": studio.SOAK,
                "dump": str(app.folder / "backups" / f"{next(numbers)}.dump"),
            }  # fmt: skip
            collection.play(place, PLAYBOOK.with_suffix(".yml"), app, variables)

        yield deploy
