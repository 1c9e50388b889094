"""An application on a toy: its machine, its runs, and what can be seen of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests.integration.application import ROOT, Run
from tests.playing import Player

SECRET = "correct-horse-battery"
#: the versions that the registry has, and what is wrong with each; ``head`` is where they migrate to
VERSIONS: dict[str, dict[str, Any]] = {
    "v1": {"head": "1"},
    "v2": {"head": "2", "says": f"connected with {SECRET}"},
    "no-images": {"fails": "images"},
    "no-migrate": {"fails": "migrate", "head": "3"},
    "no-apply": {"fails": "apply", "says": f"cannot connect with {SECRET}"},
    "no-verify": {"fails": "verify"},
    "no-soak": {"fails": "soak"},
}
VARIABLES: dict[str, Any] = {
    "ansible_connection": "local",
    "ansible_python_interpreter": sys.executable,
    "app_name": "toy",
    "app_platform": "toy",
    "app_source": "images",
    "app_images": {"web": "web"},
    "app_release_services": ["web"],
    "app_migration_service": "web",
    "app_migration_command": ["migrate"],
    "app_migration_head_query": "head",
    "app_database_service": "db",
    "app_database_name": "toy",
    "app_database_user": "toy",
    "app_env_files": [".env"],
    "app_checks": [
        {"name": "It runs", "kind": "containers", "timeout": 2},
        {"name": "It works", "kind": "exec", "service": "web", "command": ["ask"], "timeout": 0.2, "interval": 0.1},
    ],
    "app_soak_seconds": 0,
    "app_lease_ttl": 1,
    "app_lease_wait": 30,
}


@dataclass
class Host:
    """One toy of a fleet."""

    name: str
    folder: Path

    def __post_init__(self) -> None:
        self.machine = self.folder / "machine"
        self.state = self.folder / "state"
        registry: dict[str, dict[str, dict[str, Any]]] = {"web": VERSIONS, "database": {"15": {}}}
        for repository, versions in registry.items():
            place = self.machine / "registry" / repository
            place.mkdir(parents=True)
            for version, image in versions.items():
                (place / f"{version}.json").write_text(json.dumps({"version": version, **image}))
        (self.machine / ".env").write_text(f"PASSWORD={SECRET}\n")

    @property
    def variables(self) -> dict[str, Any]:
        """What an inventory says of it."""
        return {**VARIABLES, "app_directory": str(self.machine), "app_state_dir": str(self.state)}

    def read(self, name: str) -> dict[str, Any]:
        """A file of its state."""
        found: dict[str, Any] = json.loads((self.state / name).read_text())
        return found

    def current(self) -> str | None:
        """The id of the release that was recorded as the current one."""
        found: str | None = self.read("current.json")["release"]
        return found

    def records(self) -> dict[str, str]:
        """Each release with its status."""
        return {path.name: self.read(f"releases/{path.name}/record.json")["status"] for path in
                sorted((self.state / "releases").iterdir())}  # fmt: skip

    def record(self, release: str) -> dict[str, Any]:
        """The record of a release."""
        return self.read(f"releases/{release}/record.json")

    def backups(self) -> list[str]:
        """The backups, unfinished ones as well."""
        return sorted(path.name for path in (self.state / "backups").glob("*"))

    def runs(self) -> dict[str, str]:
        """Each service with the version that runs, ``exited`` where it does not."""
        found = {}
        for path in sorted((self.machine / "containers").glob("*.json")):
            one = json.loads(path.read_text())
            image = json.loads((self.machine / f"images/{one['image']}.json").read_text())
            found[path.stem] = image["version"] if one["state"] == "running" else "exited"
        return found

    def database(self) -> dict[str, Any]:
        """What is in the database."""
        found: dict[str, Any] = json.loads((self.machine / "database.json").read_text())
        return found

    def put(self, **changes: Any) -> None:
        """Write something into the database."""
        (self.machine / "database.json").write_text(json.dumps({**self.database(), **changes}))

    def audit(self) -> list[str]:
        """The events of the audit trail."""
        return [json.loads(line)["event"] for line in (self.state / "audit.jsonl").read_text().splitlines()]

    def calls(self) -> list[str]:
        """What was done since this was asked last."""
        path = self.machine / "calls.log"
        found = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return found

    def files(self) -> dict[str, bytes]:
        """Every file of it, for what must change nothing."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name != ".lock"
        }


def environment(house: Path) -> dict[str, str]:
    """What Ansible runs with in a house."""
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(house / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(house / "collections"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/integration/callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "write_stats,doppelganger.ops.preload",
    }


class Fleet:
    """Toys, and runs against all of them."""

    def __init__(self, house: Path, player: Player, folder: Path, *names: str) -> None:
        self.house = house
        self.player = player
        self.folder = folder
        self.hosts = [Host(name, folder / name) for name in names]

    @property
    def host(self) -> Host:
        """The only one, or the first."""
        return self.hosts[0]

    def _arguments(self, playbook: str, inputs: dict[str, Any], variables: dict[str, Any]) -> list[str]:
        inventory = self.folder / "hosts.yml"
        hosts = {host.name: {**host.variables, **variables} for host in self.hosts}
        inventory.write_text(yaml.safe_dump({"targets": {"hosts": hosts}}))
        extra = [part for name, value in inputs.items() for part in ("-e", json.dumps({name: value}))]
        return ["-i", str(inventory), str(self.house / f"playbooks/{playbook}.yml"), *extra]

    def play(self, playbook: str, *arguments: str, variables: dict[str, Any] | None = None, **inputs: Any) -> Run:
        """Run a playbook to its end."""
        stats, output = self.folder / "stats.json", self.folder / "output"
        stats.unlink(missing_ok=True)
        given = [*self._arguments(playbook, inputs, variables or {}), *arguments]
        self.player.start(given, {**environment(self.house), "OPS_TEST_STATS": str(stats)}, output)
        rc = self.player.wait()
        found = json.loads(stats.read_text()) if stats.exists() else {}
        said = output.read_text()
        assert SECRET not in said
        return Run(rc, said, found.get("published", {}), found.get("recap", {}))

    def deploy(self, version: str, *arguments: str, **variables: Any) -> Run:
        """Deploy a version, with some variables of the model changed."""
        return self.play("deploy", *arguments, variables=variables, version=version)

    def kill_at(self, moment: str, playbook: str, **inputs: Any) -> None:
        """Start a playbook, and kill all of it when its first toy gets to that moment."""
        hang, hangs = self.host.machine / "hang", self.host.machine / "hangs"
        hang.write_text(moment)
        arguments = self._arguments(playbook, inputs, {})
        known = {**environment(self.house), "OPS_TEST_STATS": os.devnull}
        run = psutil.Process(self.player.start(arguments, known, self.folder / "output"))
        while not hangs.exists() and run.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.005)
        for process in [run, *run.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        assert self.player.wait() == -signal.SIGKILL, (self.folder / "output").read_text()
        hang.unlink()
        hangs.unlink()
