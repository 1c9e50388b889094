"""A host of the newest generation that there is: its engine, Compose, Python and databases.

Tests that hold on this machine's engine run there as well, each group as pytest on that host, with the checkout and the
newest controller of this machine. What goes over ssh is asked of both controllers and of the host's own Python.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.application import ROOT
from tests.integration.test_matrix import CONTROLLERS, tell_the_story
from tests.lab import fleet, images, pages
from tests.lab.docker import docker
from tests.lab.steps import wait_until

PYTHON = CONTROLLERS["newest"]
HERE = "tests/integration/"
#: what is run there, by what it shows
GROUPS = {
    "cases of Compose": ["test_compose_cases.py"],
    "first contact": ["test_first_contact.py"],
    "deploy and roll back": ["test_studio_deploy.py"],
    "failed gates": ["test_studio_failures.py", "-k", "slow or half or survives"],
    "a killed run": ["test_studio_kills.py", "-k", "recovers_by_itself and (migrate or apply)"],
    "a backup of its own databases": ["test_studio_database.py", "-k", "record_says or exactly_the_rows"],
}


@pytest.fixture(scope="module")
def newest() -> fleet.Fleet:
    """The host, with the checkout and the newest controller."""
    asked = [str(PYTHON), "-c", "import sys; print(sys.base_prefix)"]
    prefix = Path(subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())
    assert prefix != Path("/usr"), f"{PYTHON} would hide the host's own /usr; install Python elsewhere, as pyenv does."
    venv = PYTHON.parents[1].resolve()
    return fleet.newest([ROOT, prefix, *([] if ROOT in venv.parents else [venv])])


def on(host: fleet.Host, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the newest controller on the host, in the checkout."""
    environment = {
        "PATH": f"{PYTHON.parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "PYTHONPATH": str(ROOT / "src"),
        "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis", images.GENERATION: "newest",
        **variables,
    }  # fmt: skip
    there = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    whole = ["docker", "exec", *there, "--workdir", str(ROOT), host.container, *command]
    return subprocess.run(whole, capture_output=True, text=True, check=False)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("selected", GROUPS.values(), ids=GROUPS.keys())
def test_what_holds_here_holds_there(newest: fleet.Fleet, selected: list[str]) -> None:
    files = [f"{HERE}{part}" if part.endswith(".py") else part for part in selected]
    done = on(newest.hosts[0], "pytest", "--verbose", "-p", "no:cacheprovider", *files)
    print(done.stdout, done.stderr)
    assert done.returncode == 0


@pytest.fixture
def variables(newest: fleet.Fleet, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Pages on that host, with all that there is to reach it by."""
    pages.ensure()
    targets = yaml.safe_load(newest.inventory.read_text())["targets"]
    name = f"newest-{tmp_path.name[-8:].strip('_').lower()}-{os.getpid()}"
    host = newest.hosts[0]
    yield {
        **targets["vars"], **targets["hosts"]["newest"], "app_name": name, "app_platform": "compose",
        "app_source": "images", "app_directory": str(ROOT / "examples/pages"), "app_state_dir": f"/srv/{name}",
        "app_images": dict.fromkeys(("web", "clock"), "127.0.0.1:5000/pages/web"),
        "app_environment": {"PAGES_PORT": "18080"}, "app_release_services": ["web", "clock"],
        "app_soak_seconds": 1, "app_disk_free_mb": 100,
    }  # fmt: skip
    docker("exec", host.container, "docker", "compose", "-p", name, "down", "--volumes", "--timeout", "1")


@pytest.mark.parametrize("controller", CONTROLLERS.values(), ids=CONTROLLERS.keys())
def test_each_controller_reaches_it_over_ssh(controller: Path, variables: dict[str, Any], tmp_path: Path) -> None:
    assert tell_the_story(tmp_path, controller, variables) == ["ok", "unchanged", "ok", "ok"]


def test_podman_is_refused_before_anything_is_made(newest: fleet.Fleet, tmp_path: Path) -> None:
    host, folder = newest.hosts[0], f"/srv/{tmp_path.name}"
    model = {
        "ansible_connection": "local", "app_name": "pods", "app_platform": "compose", "app_source": "images",
        "app_directory": str(ROOT / "examples/pages"), "app_state_dir": f"{folder}/state",
        "app_images": {"web": "127.0.0.1:5000/pages/web"}, "app_release_services": ["web"],
    }  # fmt: skip
    inventory = json.dumps({"targets": {"hosts": {"app": model}}})
    on(host, "sh", "-c", 'mkdir -p "$1" && printf %s "$2" >"$1/hosts.yml"', "sh", folder, inventory)
    docker("exec", "--detach", host.container, "podman", "system", "service", "--time=60", "unix:///run/podman.sock")
    wait_until("Podman's socket", lambda: on(host, "test", "-S", "/run/podman.sock").returncode == 0, seconds=60)
    command = ["doppelganger-ops", "deploy", "1.0", "-i", f"{folder}/hosts.yml", "--json"]
    done = on(host, *command, DOCKER_HOST="unix:///run/podman.sock")
    target = json.loads(done.stdout)["targets"]["app"]
    assert (target["status"], target["failure"]["reason"]) == ("refused", "engine_unsupported"), done.stdout
    assert on(host, "test", "-e", f"{folder}/state").returncode != 0
