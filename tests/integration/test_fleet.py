"""Three hosts over ssh, each with an engine of its own, and an unrelated application without a database."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import doppelganger_ops as ops
from tests.integration.application import ROOT, Run, play
from tests.integration.embedding import in_phase, nothing_left, wait_until
from tests.lab import fleet
from tests.lab import pages as lab_pages
from tests.lab.docker import docker

#: of its own, so that nothing else on the hosts is in the way
PORT = 20000 + secrets.randbelow(10000)
URL = f"http://127.0.0.1:{PORT}/"
CHECKS = [
    {"name": "Containers running and healthy", "kind": "containers"},
    {"name": "The page answers", "kind": "http", "url": URL, "body_contains": "Pages"},
]
#: checks that 1.0 passes and 1.1 does not
WRONG = [
    *CHECKS,
    {"name": "The page is of 1.0", "kind": "http", "url": URL, "body_contains": "Pages 1.0", "timeout": 3},
]


@dataclass
class Fleet:
    """The application on all hosts of the lab's fleet."""

    hosts: fleet.Fleet
    folder: Path
    name: str

    @property
    def names(self) -> list[str]:
        """The hosts in the order of the inventory."""
        return [host.name for host in self.hosts.hosts]

    def inventory(self, broken: Mapping[str, Mapping[str, Any]] | None = None) -> Path:
        """The inventory of all hosts, some of them with other variables."""
        inventory: dict[str, Any] = yaml.safe_load(self.hosts.inventory.read_text())
        targets = inventory["targets"]
        for host, variables in (broken or {}).items():
            targets["hosts"][host].update(variables)
        directory = f"/srv/{self.name}"
        targets["vars"].update({
            "app_name": self.name, "app_platform": "compose", "app_source": "images", "app_directory": directory,
            "app_state_dir": f"{directory}/state",
            "app_images": dict.fromkeys(("web", "clock"), "127.0.0.1:5000/pages/web"),
            "app_environment": {"PAGES_PORT": str(PORT)},
            "app_release_services": ["web", "clock"], "app_checks": CHECKS, "app_soak_seconds": 1,
            "app_start_timeout": 60, "app_disk_free_mb": 100, "app_lease_ttl": 10,
        })  # fmt: skip
        path = self.folder / "hosts.yml"
        path.write_text(yaml.safe_dump(inventory))
        return path

    def play(
        self, playbook: str, broken: Mapping[str, Mapping[str, Any]] | None = None, *arguments: str, **inputs: Any
    ) -> Run:
        """Run a playbook on all hosts, some of them with other variables."""
        return play(self.inventory(broken), playbook, *arguments, **inputs)

    def running(self) -> dict[str, str]:
        """The version that each host runs, as its page says."""
        ask = ["docker", "exec", f"{self.name}-web-1", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/"]
        found = {}
        for host in self.hosts.hosts:
            page = self.hosts.ssh(host, *ask)
            found[host.name] = page.partition("<h1>Pages ")[2].partition("<")[0]
        return found

    def another(self, host: fleet.Host) -> str:
        """A version that is not the current release of the host."""
        current = json.loads(self.hosts.ssh(host, "cat", f"/srv/{self.name}/state/current.json"))["release"]
        return "1.0" if current.endswith("1.1") else "1.1"

    def releases(self, host: str) -> list[str]:
        """The ids of a host's releases."""
        found = next(one for one in self.hosts.hosts if one.name == host)
        return self.hosts.ssh(found, "ls", f"/srv/{self.name}/state/releases").split()

    def lease(self, host: fleet.Host) -> dict[str, Any]:
        """The lease as the host keeps it."""
        found: dict[str, Any] = json.loads(self.hosts.ssh(host, "cat", f"/srv/{self.name}/state/lease.json"))
        return found

    def working(self, host: fleet.Host) -> list[str]:
        """What works on the host on behalf of a run: an interpreter, and the commands that it started."""
        listed = docker("exec", host.container, "ps", "-eo", "comm,args").splitlines()
        return [line for line in listed if line.split()[0] in ("python3", "docker", "docker-compose")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Pages 1.0 on three hosts."""
    lab_pages.ensure("pages")
    application = Fleet(fleet.ensure(3), tmp_path_factory.mktemp("fleet"), f"pages-{secrets.token_hex(3)}")
    compose = (ROOT / "examples/pages/compose.yml").read_text()
    for host in application.hosts.hosts:
        application.hosts.ssh(host, "install", "-d", "-m", "0700", f"/srv/{application.name}")
        application.hosts.ssh(host, f"cat > /srv/{application.name}/compose.yml <<'END'\n{compose}\nEND")
    run = application.play("deploy", version="1.0")
    assert run.rc == 0, run.output
    yield application
    for host in application.hosts.hosts:
        application.hosts.ssh(host, "docker", "compose", "-p", application.name, "down", "--volumes", "--timeout", "1")
        application.hosts.ssh(host, "rm", "-rf", f"/srv/{application.name}")


def statuses(run: Run) -> dict[str, str]:
    """Each host's status."""
    return {name: target["status"] for name, target in run.result["targets"].items()}


def test_an_application_given_by_inventory_alone_runs_on_every_host(pages: Fleet) -> None:
    assert pages.running() == dict.fromkeys(pages.names, "1.0")


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_failure_at_any_position_leaves_one_release_everywhere(pages: Fleet, position: int) -> None:
    failing = pages.names[position]
    before = {host: pages.releases(host) for host in pages.names}

    run = pages.play("deploy", {failing: {"app_checks": WRONG}}, version="1.1")

    assert run.rc != 0
    assert run.result["status"] == "rolled_back"
    assert statuses(run) == {
        host: "rolled_back" if index <= position else "skipped" for index, host in enumerate(pages.names)
    }
    assert "The page is of 1.0" in run.result["targets"][failing]["message"]
    assert pages.running() == dict.fromkeys(pages.names, "1.0")
    for untouched in pages.names[position + 1 :]:
        assert pages.releases(untouched) == before[untouched]


@pytest.mark.parametrize("position", [0, 1, 2])
def test_an_unreachable_host_brings_those_before_it_back(pages: Fleet, position: int) -> None:
    lost = pages.hosts.hosts[position]
    fleet.cut(lost)
    try:
        run = pages.play("deploy", version="1.1")
    finally:
        fleet.mend(lost)

    assert run.rc != 0
    expected = ["rolled_back"] * position + ["unreachable"] + ["skipped"] * (2 - position)
    assert statuses(run) == dict(zip(pages.names, expected, strict=True))
    assert "cannot be reached" in run.result["targets"][lost.name]["message"]
    assert pages.running() == dict.fromkeys(pages.names, "1.0")


DOORS = {
    "no such Python": (
        {"ansible_python_interpreter": "/opt/none/python3"},
        "refused",
        "program_missing",
        "/opt/none/python3",
    ),
    "no Python": ({"ansible_python_interpreter": "/usr/bin/sleep"}, "refused", "program_missing", "/usr/bin/sleep"),
    "no such user": ({"ansible_user": "nobody-there"}, "unreachable", "host_unreachable", "Permission denied"),
}


@pytest.mark.parametrize(("broken", "status", "reason", "named"), DOORS.values(), ids=DOORS.keys())
def test_what_keeps_ansible_out_of_a_host_is_said_in_a_sentence(
    pages: Fleet, broken: dict[str, str], status: str, reason: str, named: str
) -> None:
    before, first = pages.running(), pages.names[0]
    target = pages.play("deploy", {first: broken}, version="1.1").target(first)
    assert (target["status"], target["reason"]) == (status, reason), target
    assert named in target["message"]
    assert next(iter(broken)) in target["hint"]
    assert "\n" not in target["message"].strip()
    assert pages.running() == before


@pytest.mark.parametrize("batches", ["1", "1,2", "100%"])
@pytest.mark.parametrize("playbook", ["deploy", "rollback"])
def test_a_host_that_ansible_gives_up_lets_no_host_be_changed(pages: Fleet, playbook: str, batches: str) -> None:
    lost = pages.names[1]
    broken = {lost: {"ansible_host": "{{ no_such_variable }}"}}
    before = {host: pages.releases(host) for host in pages.names}

    run = pages.play(playbook, broken, app_batches=batches, **({"version": "1.1"} if playbook == "deploy" else {}))

    assert run.rc != 0
    assert statuses(run) == {host: "failed" if host == lost else "skipped" for host in pages.names}
    assert run.output.count("no_such_variable") == 1
    assert {host: pages.releases(host) for host in pages.names} == before


def test_a_fleet_that_is_sound_gets_the_release_and_then_has_nothing_to_change(pages: Fleet) -> None:
    assert pages.play("deploy", version="1.1").rc == 0
    assert pages.running() == dict.fromkeys(pages.names, "1.1")

    again = pages.play("deploy", version="1.1")
    assert again.rc == 0
    assert statuses(again) == dict.fromkeys(pages.names, "unchanged")
    json.dumps(again.result)


def test_cancelled_while_the_host_works_nothing_goes_on_there(pages: Fleet) -> None:
    host, ttl = pages.hosts.hosts[0], 5
    inventory = pages.inventory({host.name: {"app_soak_seconds": 60, "app_lease_ttl": ttl}})
    handle = ops.deploy.start(version=pages.another(host), inventory=inventory, limit=host.name)
    in_phase(handle, "verify", lambda: wait_until(lambda: bool(pages.working(host))))
    handle.cancel()
    assert handle.wait(60).status is ops.Status.CANCELLED
    nothing_left(handle.id)
    wait_until(lambda: not pages.working(host), within=5)
    assert pages.working(host) == []
    lease = pages.lease(host)
    assert lease["expires"] <= time.time() + ttl
    time.sleep(1.5)  # somebody who holds it renews it every second
    assert pages.lease(host) == lease


def test_what_was_cancelled_on_the_host_is_recovered_from(pages: Fleet) -> None:
    host = pages.hosts.hosts[0]
    version = pages.another(host)
    result = ops.deploy(version=version, inventory=pages.inventory(), limit=host.name).raise_for_status()
    target = result.targets[host.name]
    assert (target.status, target.recovered is not None) == (ops.Status.OK, True)
    assert pages.running()[host.name] == version


def test_what_a_debian_host_lacks_is_installed_and_then_nothing(pages: Fleet) -> None:
    host = pages.hosts.hosts[-1]
    pages.hosts.ssh(host, "apt-get", "remove", "--yes", "-qq", "python3-docker", "git")
    pages.hosts.ssh(host, "rm", "--recursive", "--force", "/var/lib/apt/lists")  # as on a new machine

    def prepare(*options: str) -> tuple[Run, int]:
        run = pages.play("prepare", None, *options)
        return run, run.changed(host.name)

    asked, _ = prepare("--check")
    assert "no package in its repositories provides it" in asked.said, "a check updates no list"
    run, changed = prepare()
    assert (run.rc, changed) == (0, 1), run.output
    assert pages.hosts.ssh(host, "python3", "-c", "'import docker; print(docker.__name__)'") == "docker"
    assert pages.hosts.ssh(host, "git", "--version").startswith("git version")
    assert prepare("--check")[1] == 0
    assert prepare()[1] == 0
