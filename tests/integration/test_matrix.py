"""Both ends of what is supported: ansible-core and Python of the controller, and the oldest Python of a target."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.application import ROOT, Run, play
from tests.integration.conftest import free_port
from tests.lab import pages
from tests.lab.paths import CACHE

CONTROLLERS = {"oldest": ROOT / ".venv/bin/python", "newest": ROOT / ".venv-3.13/bin/python"}


@pytest.fixture(scope="module")
def target_python() -> Path:
    """A Python 3.9 with the docker SDK, as an old target has it."""
    python = CACHE / "target-3.9" / "bin" / "python"
    if not python.exists():
        found = sorted(Path.home().glob(".pyenv/versions/3.9.*/bin/python"))
        assert found, "Python 3.9 is needed as the interpreter of a target; install it, for example with pyenv."
        subprocess.run([found[-1], "-m", "venv", python.parents[1]], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "docker"], check=True)
    return python


@pytest.fixture(params=list(CONTROLLERS))
def controller(request: pytest.FixtureRequest) -> Path:
    """The interpreter of the controller."""
    python = CONTROLLERS[request.param]
    assert python.exists(), f"{python} is missing: run `make venv venv-newest`."
    return python


@pytest.fixture
def variables(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Pages on the engine of this machine."""
    pages.ensure()
    name, port = f"matrix-{secrets.token_hex(3)}", free_port()
    yield {
        "ansible_connection": "local", "app_name": name, "app_platform": "compose", "app_source": "images",
        "app_directory": str(ROOT / "examples/pages"), "app_state_dir": str(tmp_path / "state"),
        "app_images": dict.fromkeys(("web", "clock"), "127.0.0.1:5000/pages/web"),
        "app_environment": {"PAGES_PORT": str(port)}, "app_release_services": ["web", "clock"],
        "app_soak_seconds": 1, "app_disk_free_mb": 100,
    }  # fmt: skip
    down = ["docker", "compose", "-p", name, "down", "--volumes", "--timeout", "1"]
    subprocess.run(down, check=True, capture_output=True)


def run(tmp_path: Path, controller: Path, variables: dict[str, Any], playbook: str, **inputs: Any) -> Run:
    """Run a playbook with a controller."""
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"targets": {"hosts": {"app": variables}}}))
    return play(inventory, playbook, python=str(controller), **inputs)


def tell_the_story(tmp_path: Path, controller: Path, variables: dict[str, Any]) -> list[str]:
    """Deploy, deploy again, deploy the next, roll back; the statuses."""
    steps: list[tuple[str, dict[str, str]]] = [
        ("deploy", {"version": "1.0"}),
        ("deploy", {"version": "1.0"}),
        ("deploy", {"version": "1.1"}),
        ("rollback", {"release": "1.0"}),
    ]
    found = []
    for playbook, inputs in steps:
        done = run(tmp_path, controller, variables, playbook, **inputs)
        assert done.rc == 0, done.output
        assert "WARNING" not in done.output, done.output
        found.append(done.target()["status"])
    return found


def test_each_controller_tells_the_same_story(tmp_path: Path, controller: Path, variables: dict[str, Any]) -> None:
    variables["ansible_python_interpreter"] = str(controller)
    assert tell_the_story(tmp_path, controller, variables) == ["ok", "unchanged", "ok", "ok"]


def test_a_target_may_have_python_3_9(
    tmp_path: Path, controller: Path, variables: dict[str, Any], target_python: Path
) -> None:
    # become makes a module of what would run in the controller's process
    become = {"ansible_become": True, "ansible_become_method": "ansible.builtin.su"}
    variables.update({"ansible_python_interpreter": str(target_python), **become})
    assert tell_the_story(tmp_path, controller, variables) == ["ok", "unchanged", "ok", "ok"]
