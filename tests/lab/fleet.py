"""Hosts with sshd and an engine of their own, as privileged containers, and the Ansible inventory that names them.

One more is of the newest generation that Debian has. The checkout and an interpreter lie there where they lie here, so
that tests can also run on it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.lab import images, network
from tests.lab.docker import docker, image_id, inspect, remove
from tests.lab.lock import alone
from tests.lab.paths import CACHE, folder
from tests.lab.steps import answers, run, step, wait_until

FOLDER = CACHE / "fleet"
KEY = FOLDER / "key"
KNOWN_HOSTS = FOLDER / "known_hosts"
LABEL = "lab.fleet"
#: its number, far from those of the others
_NEWEST = 190


@dataclass(frozen=True)
class Host:
    name: str
    address: str
    container: str
    image: str = images.MACHINE


@dataclass(frozen=True)
class Fleet:
    hosts: tuple[Host, ...]
    inventory: Path
    key: Path

    def ssh(self, host: Host, *command: str) -> str:
        """Run a command on a host the way Ansible reaches it."""
        return run(_ssh(host, *command))


@alone()
def ensure(count: int = 3) -> Fleet:
    """A fleet of that many hosts, all reachable; hosts beyond them are left alone and not in the inventory."""
    hosts = tuple(_host(number) for number in range(1, count + 1))
    images.machine()
    _start_missing(hosts, {images.tar(images.ensure()): "/lab/images"})
    return Fleet(hosts, _write_inventory(hosts, "inventory"), KEY)


@alone()
def newest(shared: Sequence[Path] = ()) -> Fleet:
    """A host of the newest generation; ``shared`` folders lie there where they lie here, and can be read."""
    image, base = images.newest()
    host = Host("newest", network.address(_NEWEST), "doppelganger-lab-newest", image)
    _start_missing([host], {base: "/lab/images", **{path: str(path.parent) for path in shared}})
    return Fleet((host,), _write_inventory([host], "inventory-newest"), KEY)


def _start_missing(hosts: Sequence[Host], shared: Mapping[Path, str]) -> None:
    """Start those that are not there as they are wanted, with files and folders of this machine; all are reachable."""
    wanted = {host: _made_of(host, shared) for host in hosts}
    missing = [host for host in hosts if _label(host) != wanted[host]]
    if missing:
        with step(f"start {', '.join(host.name for host in missing)}"):
            for host in missing:
                _start(host, shared, wanted[host])
            for host in missing:
                _wait(host)
        _write_known_hosts(missing)
    for host in hosts:
        mend(host)


@alone()
def down() -> None:
    names = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}").split()
    if names:
        with step("remove the fleet"):
            docker("rm", "--force", "--volumes", *names)


def cut(host: Host) -> None:
    """Take a host off the network; what runs on it goes on running."""
    docker("network", "disconnect", network.NAME, host.container)


def mend(host: Host) -> None:
    """Make a host reachable again, whether it was cut off, paused or stopped."""
    if network.NAME not in inspect("container", host.container, "{{json .NetworkSettings.Networks}}"):
        docker("network", "connect", "--ip", host.address, network.NAME, host.container)
    status = inspect("container", host.container, "{{.State.Status}}")
    if status == "paused":
        docker("unpause", host.container)
    elif status != "running":
        docker("start", host.container)
        _wait(host)
    # a network that was connected again has no route to the host for a moment
    wait_until(f"{host.name}: an answer over ssh", lambda: answers(_ssh(host, "true")), seconds=60)


def _host(number: int) -> Host:
    return Host(f"host{number}", network.address(number), f"doppelganger-lab-host{number}")


def _made_of(host: Host, shared: Mapping[Path, str]) -> str:
    """What a host is made of, in short; one made of anything else is made again."""
    if not KEY.exists():
        folder(FOLDER)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", KEY])
    parts = [image_id(host.image), KEY.with_suffix(".pub").read_text(), *map(str, shared)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _label(host: Host) -> str:
    return inspect("container", host.container, f'{{{{index .Config.Labels "{LABEL}"}}}}')


def _start(host: Host, shared: Mapping[Path, str], made_of: str) -> None:
    remove(host.container)
    options = ["--privileged", "--init", "--stop-timeout", "30", "--name", host.container, "--hostname", host.name]
    options += ["--network", network.ensure(), "--ip", host.address, "--label", f"{LABEL}={made_of}"]
    for path, there in {KEY.with_suffix(".pub"): "/lab", **shared}.items():
        options += ["--volume", f"{path}:{there}/{path.name}:ro"]
    docker("run", "--detach", *options, host.image)


def _wait(host: Host) -> None:
    ready = ["docker", "exec", host.container, "test", "-f", "/run/lab-ready"]
    wait_until(f"{host.name}: its engine's start", lambda: answers(ready), seconds=180)


def _ssh(host: Host, *command: str) -> list[str | Path]:
    return ["ssh", "-i", KEY, *_ssh_options(), f"root@{host.address}", *command]


def _ssh_options() -> list[str]:
    return ["-o", f"UserKnownHostsFile={KNOWN_HOSTS}", "-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=ERROR"]


def _write_known_hosts(hosts: Sequence[Host]) -> None:
    """Each has new keys whenever it is made; what is known of the others stays."""
    addresses = {host.address for host in hosts}
    known = KNOWN_HOSTS.read_text().splitlines(keepends=True) if KNOWN_HOSTS.exists() else []
    lines = [line for line in known if line.split()[0] not in addresses]
    for host in hosts:
        public = docker("exec", host.container, "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
        lines.append(f"{host.address} {' '.join(public.split()[:2])}\n")
    KNOWN_HOSTS.write_text("".join(lines))


def _write_inventory(hosts: Sequence[Host], name: str) -> Path:
    inventory = folder(FOLDER / name) / "hosts.yml"
    connection = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(KEY),
        "ansible_ssh_common_args": " ".join(_ssh_options()),
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    targets = {"hosts": {host.name: {"ansible_host": host.address} for host in hosts}, "vars": connection}
    inventory.write_text(yaml.safe_dump({"targets": targets}, sort_keys=False))
    return inventory
