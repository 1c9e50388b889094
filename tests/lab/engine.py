"""A Docker Engine with Compose v2: the one that answers already, or Debian's, started here."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.lab import debian, processes
from tests.lab.lock import alone
from tests.lab.paths import CACHE, HERE, folder
from tests.lab.steps import LabError, answers, run, say, step, wait_until

NAME = "dockerd"
PACKAGES = ["docker.io", "git", "openssh-client"]
# the one folder which both Debian's client and Docker's own read
PLUGINS = Path("/usr/local/lib/docker/cli-plugins")
PID_FILES = {Path("/run/docker.pid"): "dockerd", Path("/run/docker/containerd/containerd.pid"): "containerd"}
CAP_SYS_RESOURCE = 24
BY_HAND = """no Docker Engine with Compose v2 answers here, and the lab installs one only on Debian 12 as root. Either
  - run this again as root on Debian 12, or
  - install Docker Engine (20.10 or newer) and its Compose plugin (v2), start it, and let this user reach it:
    `docker info` and `docker compose version` must both answer. ssh and git are needed, too."""


@dataclass(frozen=True)
class Engine:
    socket: str
    version: str
    compose: str
    started_here: bool


@alone()
def ensure() -> Engine:
    if not _answers():
        if not debian.may_install():
            raise LabError(BY_HAND)
        debian.install(PACKAGES)
        _add_plugin("docker-compose")
        _add_plugin("docker-buildx")
        if not answers(["docker", "info"]):
            _start()
    return Engine(
        socket=run(["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]),
        version=run(["docker", "version", "--format", "{{.Server.Version}}"]),
        compose=run(["docker", "compose", "version", "--short"]),
        started_here=processes.recorded(NAME) is not None,
    )


@alone()
def down() -> None:
    if processes.recorded(NAME) is not None:
        with step("stop the engine"):
            processes.stop(NAME)


def lacks_sys_resource() -> bool:
    status = Path("/proc/self/status").read_text()
    bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
    return not int(bounding, 16) >> CAP_SYS_RESOURCE & 1


def _answers() -> bool:
    return answers(["docker", "info"]) and answers(["docker", "compose", "version"])


def _add_plugin(name: str) -> None:
    target = PLUGINS / name
    if target.exists():
        return
    package = debian.newer(name)
    unpacked = folder(CACHE / "debs" / name)
    run(["dpkg-deb", "--extract", package, unpacked])
    found = next(path for path in unpacked.rglob(name) if path.is_file() and path.parent.name == "cli-plugins")
    say(f"CHANGES THIS MACHINE: {target}")
    folder(PLUGINS)
    shutil.copy2(found, target)
    shutil.rmtree(unpacked)


def _start() -> None:
    path = os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    if lacks_sys_resource():
        path = f"{_runc_wrapper()}:{path}"
    for file, name in PID_FILES.items():
        _forget(file, name)
    say("CHANGES THIS MACHINE: starts dockerd, which keeps its data in /var/lib/docker")
    with step("start the engine"):
        log = processes.start(NAME, ["/usr/sbin/dockerd"], env={**os.environ, "PATH": path})
        try:
            wait_until("the engine's answer", lambda: answers(["docker", "info"]), seconds=60)
        except LabError as silent:
            raise LabError(f"{silent}; see {log}:\n{log.read_text()[-2000:]}") from silent


def _forget(file: Path, name: str) -> None:
    """Remove what a dead daemon left: after a reboot its pid is somebody else's, and a new daemon would not start."""
    try:
        alive = Path(f"/proc/{int(file.read_text())}/comm").read_text().strip() == name
    except (OSError, ValueError):
        alive = False
    if not alive:
        file.unlink(missing_ok=True)


def _runc_wrapper() -> Path:
    # a copy: the engine must not depend on a checkout that may go away
    wrapper = folder(CACHE / "bin") / "runc"
    shutil.copy2(HERE / "recipes" / "runc", wrapper)
    return wrapper.parent
