"""An application under test: its inventory, its runs, and what can be seen of it from outside."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import yaml

from tests.lab.images import Images
from tests.playing import Players, Processes

ROOT = Path(__file__).resolve().parents[2]
MARKER = "OPS_TEST_RUN"
#: how the runs are played that are not killed
PLAYERS: Players | Processes = Players(ROOT, "compose", "kubernetes")


@dataclass(frozen=True)
class Run:
    """How a playbook ended: its exit code, what it printed, what it published, and the recap of each host."""

    rc: int
    output: str
    stats: dict[str, Any]
    recap: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """What it printed, on one line: where lines end depends on the width."""
        return " ".join(self.output.split())

    @property
    def result(self) -> dict[str, Any]:
        """What was published under our key."""
        found: dict[str, Any] = self.stats.get("doppelganger_ops", {})
        return found

    def target(self, host: str = "app") -> dict[str, Any]:
        """The result of one host."""
        found: dict[str, Any] = self.result["targets"][host]
        return found

    def changed(self, host: str = "app") -> int:
        """How many tasks the recap calls changed."""
        return self.recap[host]["changed"]


def controller(python: str = sys.executable) -> str:
    """The ansible-playbook that belongs to an interpreter."""
    return str(Path(python).with_name("ansible-playbook"))


def command_line(inventory: Path, playbook: str, *arguments: str, **inputs: Any) -> list[str]:
    """The arguments of ansible-playbook."""
    extra = [part for name, value in inputs.items() for part in ("-e", json.dumps({name: value}))]
    return ["-i", str(inventory), str(ROOT / "playbooks" / f"{playbook}.yml"), *arguments, *extra]


def environment(stats: Path) -> dict[str, str]:
    """What ansible-playbook runs with; our callback writes the stats."""
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/integration/callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "write_stats,patience,doppelganger.ops.report,doppelganger.ops.preload",
        "OPS_TEST_STATS": str(stats),
    }


def start(
    inventory: Path, playbook: str, *arguments: str, python: str = sys.executable, **inputs: Any
) -> tuple[subprocess.Popen[str], str, Path]:
    """Start a playbook in a session of its own, marked so that every process of it can be found."""
    marker = uuid.uuid4().hex
    stats = inventory.parent / f"stats-{marker}.json"
    process = subprocess.Popen(
        [controller(python), *command_line(inventory, playbook, *arguments, **inputs)],
        cwd=ROOT,
        env={**environment(stats), MARKER: marker},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    return process, marker, stats


def play(inventory: Path, playbook: str, *arguments: str, python: str = sys.executable, **inputs: Any) -> Run:
    """Run a playbook to its end."""
    ident = uuid.uuid4().hex
    stats, output = (inventory.parent / f"{what}-{ident}" for what in ("stats", "output"))
    code = PLAYERS.play(python, command_line(inventory, playbook, *arguments, **inputs), environment(stats), output)
    return ended(code, output.read_text(), stats)


def ended(code: int, output: str, stats: Path) -> Run:
    """A run that has ended, with what our callback wrote."""
    found = json.loads(stats.read_text()) if stats.exists() else {}
    return Run(code, output, found.get("published", {}), found.get("recap", {}))


def processes_of(marker: str) -> list[int]:
    """Every living process that carries the marker in its environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"{MARKER}={marker}".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
    return found


def kill_all(process: subprocess.Popen[str], marker: str) -> None:
    """SIGKILL to the run and to everything that it started."""
    process.send_signal(signal.SIGKILL)
    while victims := processes_of(marker):
        for victim in victims:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.01)
    process.communicate()


def however_slow(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The checks without a limit for the time of an answer, for tests that show something else on a busy machine."""
    return [{name: value for name, value in check.items() if name != "max_latency_ms"} for check in checks]


@dataclass
class Application:
    """One application on the engine of this machine."""

    name: str
    folder: Path
    variables: dict[str, Any]
    env: dict[str, str]
    url: str
    secrets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = self.folder / "state"
        self.inventory = self.folder / "inventory" / "hosts.yml"
        self.write()

    def write(self, **changes: Any) -> Path:
        """Write the inventory and the env file, with some variables changed."""
        connection = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        hosts = {"app": {**connection, **self.variables, **changes}}
        self.inventory.parent.mkdir(exist_ok=True)
        self.inventory.write_text(yaml.safe_dump({"targets": {"hosts": hosts}}))
        path = self.folder / ".env"
        path.write_text("".join(f"{key}={value}\n" for key, value in self.env.items()))
        path.chmod(0o600)
        return self.inventory

    def play(self, playbook: str, *arguments: str, **inputs: Any) -> Run:
        """Run one of our playbooks against it."""
        return play(self.inventory, playbook, *arguments, **inputs)

    def deploy(self, version: str, *arguments: str, **inputs: Any) -> Run:
        """Deploy a version."""
        return self.play("deploy", *arguments, version=version, **inputs)

    def read(self, name: str) -> dict[str, Any]:
        """A file of the state."""
        found: dict[str, Any] = json.loads((self.state / name).read_text())
        return found

    def current(self) -> dict[str, Any]:
        """The record of the release that should run."""
        return self.read(f"releases/{self.read('current.json')['release']}/record.json")

    def containers(self) -> dict[str, tuple[str, str, str]]:
        """Each service's container: id, start time, image."""
        with contextlib.closing(docker.from_env()) as client:
            label = f"com.docker.compose.project={self.name}"
            found = client.containers.list(all=True, filters={"label": label})
            return {
                c.labels["com.docker.compose.service"]: (str(c.id), c.attrs["State"]["StartedAt"], c.attrs["Image"])
                for c in found
                if c.labels.get("com.docker.compose.oneoff") != "True"
            }

    def remove(self) -> None:
        """Take everything of it away."""
        down = ["docker", "compose", "-p", self.name, "down", "--volumes", "--remove-orphans", "--timeout", "1"]
        subprocess.run(down, check=True, capture_output=True)
        with contextlib.closing(docker.from_env()) as client:
            kept = f"doppelganger-ops/{self.name}"
            for image in client.images.list(kept):
                for tag in image.tags:
                    if tag.startswith(f"{kept}:"):
                        client.images.remove(tag)


def studio(folder: Path, source: Path, images: Images, port: int, dashboard: int) -> Application:
    """The example application, with a checklist as in its inventory and short times."""
    name = f"studio-{secrets.token_hex(3)}"
    passwords = {"POSTGRES_PASSWORD": secrets.token_urlsafe(18), "SECRET_KEY": secrets.token_urlsafe(18)}
    url = f"http://127.0.0.1:{port}"
    shared = yaml.safe_load((ROOT / "inventories/compose_local/group_vars/targets/main.yml").read_text())
    checks = json.loads(
        json.dumps(shared["app_checks"])
        .replace(":8000", f":{port}")
        .replace("127.0.0.1:3000", f"127.0.0.1:{dashboard}")
    )
    for check in checks:
        if "max_latency_ms" in check:
            # wide enough for a busy machine, below what the fault "slow" makes of it
            check.update({"max_latency_ms": 1450, "timeout": 12})
    variables = {
        **{key: value for key, value in shared.items() if key.startswith("app_")},
        "app_name": name,
        "app_state_dir": str(folder / "state"),
        "app_repository": str(source),
        "app_env_files": [str(folder / ".env")],
        "app_environment": {
            "PYTHON_IMAGE": images.python, "POSTGRES_IMAGE": images.postgres, "REDIS_IMAGE": images.redis,
            "STUDIO_PORT": str(port), "STUDIO_DASHBOARD_PORT": str(dashboard), "STUDIO_FAULT_AFTER": "2",
        },
        "app_checks": checks,
        "app_soak_seconds": 4,
        "app_start_timeout": 60,
        "app_lease_ttl": 5,
        "app_disk_free_mb": 100,
    }  # fmt: skip
    return Application(name, folder, variables, passwords, url, list(passwords.values()))
