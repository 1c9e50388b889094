"""The studio twice on one engine: deployed by the playbooks, and by a plain script that does the same steps."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from examples.studio import repository
from tests.bench.measure import say
from tests.integration.application import Application, Run, play, studio
from tests.lab import engine, images

SCRIPT = Path(__file__).with_name("plain_deploy.sh")
IMAGE = "doppelganger-studio/app"
SOAK = 2


@dataclass
class Source:
    """The studio's repository, in which a new version can be had at any time."""

    folder: Path

    def __post_init__(self) -> None:
        repository.build(self.folder)
        self.made: list[str] = []
        self._trees = itertools.cycle(("v0.2.0", "v0.2.1"))

    def release(self) -> str:
        """Tag a new commit with the tree of the version that is not the last one.

        The commit is new, so nobody may take an image from before; the tree is not, so every build finds its layers.
        """
        version = f"bench-{os.getpid()}-{len(self.made)}"
        who = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
        commit = self._git(*who, "commit-tree", f"{next(self._trees)}^{{tree}}", "-m", version)
        self._git("tag", version, commit)
        self.made.append(version)
        return version

    def _git(self, *arguments: str) -> str:
        command = ["git", f"--git-dir={self.folder}", *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def forget(self) -> None:
        """Take the images' names away that building these versions gave."""
        names = [f"{IMAGE}:{version}" for version in self.made]
        subprocess.run(["docker", "image", "rm", *names], check=False, capture_output=True)


@dataclass
class Plain:
    """The studio as the plain script deploys it."""

    application: Application
    checkout: Path

    @classmethod
    def clone(cls, application: Application, source: Source) -> Plain:
        """With a checkout, the env file in it, and a folder for the backups."""
        checkout = application.folder / "checkout"
        subprocess.run(["git", "clone", "--quiet", str(source.folder), str(checkout)], check=True)
        variables = {**application.env, **application.variables["app_environment"]}
        variables["COMPOSE_PROJECT_NAME"] = application.name
        (checkout / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        (application.folder / "backups").mkdir()
        # a first deployment has no database to back up, which is a case that the script leaves out
        data = ["docker", "compose", "up", "--detach", "--wait", "postgres", "redis"]
        subprocess.run(data, cwd=checkout, check=True, capture_output=True)
        return cls(application, checkout)

    def deploy(self, version: str) -> dict[str, float]:
        """Run the script and give the seconds of each of its steps."""
        app = self.application
        dashboard = f"http://127.0.0.1:{app.variables['app_environment']['STUDIO_DASHBOARD_PORT']}"
        arguments = [self.checkout, version, app.folder / "backups", app.url, dashboard, SOAK]
        done = subprocess.run([SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the plain script failed: {done.stdout}{done.stderr}")
        return seconds_of(done.stdout)


def seconds_of(told: str) -> dict[str, float]:
    """The seconds of each step, of what a plain script prints: each step with the moment at which it began."""
    marks = [line.split() for line in told.splitlines()]
    pairs = itertools.pairwise((name, float(moment)) for name, moment in marks)
    return {name: then - moment for (name, moment), (_, then) in pairs}


def deploy(app: Application, version: str) -> Run:
    """Deploy by the playbook; a measurement of a failure is none."""
    return must(app.deploy(version))


def must(run: Run) -> Run:
    """The run, which has to have ended well."""
    if run.rc:
        raise RuntimeError(f"the playbook failed:\n{run.output}")
    return run


def empty(folder: Path, inventory: Path) -> Run:
    """A playbook that does nothing: what no playbook can be faster than."""
    path = folder / "empty.yml"
    path.write_text("- hosts: targets\n  gather_facts: false\n  tasks: []\n")
    return must(play(inventory, str(path.with_suffix(""))))


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def sources() -> Iterator[Source]:
    """A repository of the studio for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="doppelganger-bench-") as folder:
        source = Source(Path(folder) / "studio.git")
        try:
            yield source
        finally:
            source.forget()


@contextlib.contextmanager
def application(source: Source) -> Iterator[Application]:
    """A studio, not deployed yet, that is gone after the block."""
    engine.ensure()
    names = images.ensure()
    with tempfile.TemporaryDirectory(prefix="doppelganger-bench-") as folder:
        app = studio(Path(folder), source.folder, names, free_port(), free_port())
        app.variables |= {"app_soak_seconds": SOAK, "app_lease_ttl": 60}
        app.write()
        try:
            yield app
        finally:
            say(f"take {app.name} away")
            app.remove()
