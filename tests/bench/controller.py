"""The controller's processor time for each host of a deployment over ssh, for fleets of several sizes."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from examples import images as examples_images
from tests.bench.measure import Cost, Findings, Row, cost_of, median_cpu, median_wall, say, table
from tests.bench.studio import must
from tests.integration.application import ROOT, play
from tests.lab import fleet, images, registry
from tests.lab.docker import docker, remove

SIZES = (1, 3, 10)
FOLDER = "/srv/bench"
#: what a figure may differ from that of a smaller fleet without having grown
NOISE = 1.05


@dataclass(frozen=True)
class Deployment:
    """Pages on so many hosts of the fleet, apart from what the other sizes have there."""

    size: int
    inventory: Path

    @property
    def name(self) -> str:
        """Also the compose project."""
        return f"bench-pages-{self.size}"

    def write(self, hosts: fleet.Fleet, repository: str) -> None:
        """So many hosts of the fleet's inventory, with the application in it."""
        found: dict[str, Any] = yaml.safe_load(hosts.inventory.read_text())
        found["targets"]["hosts"] = dict(list(found["targets"]["hosts"].items())[: self.size])
        found["targets"]["vars"] |= {
            "app_name": self.name,
            "app_platform": "compose",
            "app_state_dir": f"{FOLDER}/{self.name}",
            "app_directory": FOLDER,
            "app_source": "images",
            "app_images": dict.fromkeys(("web", "clock"), f"{repository}/pages/web"),
            "app_release_services": ["web", "clock"],
            "app_environment": {"PAGES_REGISTRY": repository, "PAGES_PORT": str(18000 + self.size)},
            "app_checks": [
                {"name": "Containers", "kind": "containers"},
                {"name": "Page", "kind": "http", "url": f"http://127.0.0.1:{18000 + self.size}/"},
                {"name": "Log", "kind": "logs"},
            ],
            "app_soak_seconds": 1,
            "app_disk_free_mb": 100,
            "app_batches": [1, "100%"],
        }
        self.inventory.parent.mkdir()
        self.inventory.write_text(yaml.safe_dump(found))

    def deploy(self, number: int) -> Cost:
        """Deploy the other version."""
        version = examples_images.VERSIONS[number % len(examples_images.VERSIONS)]
        return cost_of(lambda: must(play(self.inventory, "deploy", "--forks", "10", version=version)))


def measure(runs: int, sizes: Sequence[int] = SIZES) -> Findings:
    """Take turns between the sizes."""
    costs: dict[int, list[Cost]] = {size: [] for size in sizes}
    with tempfile.TemporaryDirectory(prefix="doppelganger-bench-") as folder, _fleet(max(sizes)) as hosts:
        repository = _pages(hosts)
        deployments = [Deployment(size, Path(folder) / str(size) / "hosts.yml") for size in sizes]
        try:
            for deployment in deployments:
                deployment.write(hosts, repository)
                say(f"fleet of {deployment.size}: the first deployment takes {deployment.deploy(0).wall:.2f} s")
            for number in range(1, runs + 1):
                for deployment in deployments:
                    cost = deployment.deploy(number)
                    costs[deployment.size].append(cost)
                    say(f"fleet of {deployment.size}, {number}: {cost.wall:.2f} s, of the processor {cost.cpu:.2f} s")
        finally:
            _remove([deployment.name for deployment in deployments], hosts)
    return _found(costs)


def _found(costs: dict[int, list[Cost]]) -> Findings:
    per_host = {size: median_cpu(each) / size for size, each in costs.items()}
    smallest, largest = min(costs), max(costs)
    shown = ", ".join(f"{size}: {seconds:.2f} s" for size, seconds in per_host.items())
    row = Row(
        "controller CPU a host and deployment, by hosts",
        shown,
        ratio=f"{per_host[largest] / per_host[smallest]:.2f}",
        target="does not grow",
        met=all(per_host[size] <= NOISE * per_host[smallest] for size in costs),
    )
    lines = []
    before = 0
    for size, each in costs.items():
        more = (median_cpu(each) - (median_cpu(costs[before]) if before else 0.0)) / (size - before)
        lines.append(
            [str(size), f"{median_wall(each):.2f}", f"{median_cpu(each):.2f}", f"{per_host[size]:.2f}", f"{more:.2f}"]
        )
        before = size
    headings = ["hosts", "wall, s", "CPU, s", "CPU a host, s", "CPU of each further host, s"]
    return Findings([row], {"The controller of a fleet": table(headings, lines)})


@contextlib.contextmanager
def _fleet(count: int) -> Iterator[fleet.Fleet]:
    """So many hosts; those that are started for it go away again."""
    before = _running()
    try:
        yield fleet.ensure(count)
    finally:
        for container in sorted(_running() - before):
            say(f"take {container} away")
            remove(container)


def _pages(hosts: fleet.Fleet) -> str:
    """Put Pages into the registry, whose address is returned, and its compose file onto each host."""
    repository = registry.ensure().address
    os.environ["BUSYBOX_IMAGE"] = images.ensure().busybox
    examples_images.push("pages", repository)
    text = (ROOT / "examples/pages/compose.yml").read_text()
    for host in hosts.hosts:
        hosts.ssh(host, f"mkdir -p {FOLDER} && cat > {FOLDER}/compose.yml <<'END'\n{text}END\n")
    return repository


def _running() -> set[str]:
    """The containers that are hosts of the fleet."""
    return set(docker("ps", "--all", "--format", "{{.Names}}", "--filter", f"label={fleet.LABEL}").split())


def _remove(names: Sequence[str], hosts: fleet.Fleet) -> None:
    """Take the deployments away from every host."""
    for host in hosts.hosts:
        down = "; ".join(f"docker compose -p {name} down --volumes --timeout 1" for name in names)
        hosts.ssh(host, f"{{ {down}; rm -rf {FOLDER}; }} >/dev/null 2>&1")
