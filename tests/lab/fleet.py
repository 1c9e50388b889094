"""Hosts with sshd and an engine of their own, as privileged containers, and the Ansible inventory that names them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.lab import images, network
from tests.lab.paths import CACHE, folder
from tests.lab.steps import LabError, answers, run, step, wait_until

FOLDER = CACHE / "fleet"
KEY = FOLDER / "key"
KNOWN_HOSTS = FOLDER / "known_hosts"
LABEL = "lab.fleet"


@dataclass(frozen=True)
class Host:
    name: str
    address: str
    container: str


@dataclass(frozen=True)
class Fleet:
    hosts: tuple[Host, ...]
    inventory: Path
    key: Path

    def ssh(self, host: Host, *command: str) -> str:
        """Run a command on a host the way Ansible reaches it."""
        return run(["ssh", "-i", self.key, *_ssh_options(), f"root@{host.address}", *command])


def ensure(count: int = 3) -> Fleet:
    """A fleet of that many hosts, all reachable; hosts beyond them are left alone and not in the inventory."""
    hosts = tuple(_host(number) for number in range(1, count + 1))
    wanted = _wanted()
    missing = [host for host in hosts if _state(host) != wanted]
    if missing:
        with step(f"start {', '.join(host.name for host in missing)}"):
            for host in missing:
                _start(host, wanted)
            for host in missing:
                _wait(host)
    for host in hosts:
        mend(host)
    _write_known_hosts(hosts)
    return Fleet(hosts, _write_inventory(hosts), KEY)


def down() -> None:
    names = run(["docker", "ps", "--all", "--quiet", "--filter", f"label={LABEL}"]).split()
    if names:
        with step("remove the fleet"):
            run(["docker", "rm", "--force", "--volumes", *names])


def cut(host: Host) -> None:
    """Take a host off the network; what runs on it goes on running."""
    run(["docker", "network", "disconnect", network.NAME, host.container])


def mend(host: Host) -> None:
    """Make a host reachable again, whether it was cut off, paused or stopped."""
    networks = run(["docker", "container", "inspect", "--format", "{{json .NetworkSettings.Networks}}", host.container])
    if network.NAME not in networks:
        run(["docker", "network", "connect", "--ip", host.address, network.NAME, host.container])
    status = run(["docker", "container", "inspect", "--format", "{{.State.Status}}", host.container])
    if status == "paused":
        run(["docker", "unpause", host.container])
    elif status != "running":
        run(["docker", "start", host.container])
        _wait(host)


def _host(number: int) -> Host:
    return Host(f"host{number}", network.address(number), f"doppelganger-lab-host{number}")


def _wanted() -> str:
    """What a host is made of; one made of anything else is made anew."""
    if not KEY.exists():
        folder(FOLDER)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", KEY])
    image = run(["docker", "image", "inspect", "--format", "{{.Id}}", images.machine()])
    made_of = image + KEY.with_suffix(".pub").read_text() + str(images.tar(images.ensure()))
    return hashlib.sha256(made_of.encode()).hexdigest()[:12]


def _state(host: Host) -> str:
    try:
        return run(["docker", "container", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', host.container])
    except LabError:
        return "absent"


def _start(host: Host, made_of: str) -> None:
    if answers(["docker", "container", "inspect", host.container]):
        run(["docker", "rm", "--force", "--volumes", host.container])
    base = images.tar(images.ensure())
    command = ["docker", "run", "--detach", "--privileged", "--init", "--name", host.container, "--hostname", host.name]
    command += ["--network", network.ensure(), "--ip", host.address, "--label", f"{LABEL}={made_of}"]
    command += ["--volume", f"{KEY}.pub:/lab/key.pub:ro", "--volume", f"{base}:/lab/images/{base.name}:ro"]
    run([*command, images.MACHINE])


def _wait(host: Host) -> None:
    wait_until(f"{host.name}: its engine", ["docker", "exec", host.container, "test", "-f", "/run/lab-ready"], seconds=180)


def _ssh_options() -> list[str]:
    return ["-o", f"UserKnownHostsFile={KNOWN_HOSTS}", "-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=ERROR"]


def _write_known_hosts(hosts: Sequence[Host]) -> None:
    lines = []
    for host in hosts:
        public = run(["docker", "exec", host.container, "cat", "/etc/ssh/ssh_host_ed25519_key.pub"])
        lines.append(f"{host.address} {' '.join(public.split()[:2])}\n")
    KNOWN_HOSTS.write_text("".join(lines))


def _write_inventory(hosts: Sequence[Host]) -> Path:
    inventory = folder(FOLDER / "inventory") / "hosts.yml"
    connection = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(KEY),
        "ansible_ssh_common_args": " ".join(_ssh_options()),
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    targets = {"hosts": {host.name: {"ansible_host": host.address} for host in hosts}, "vars": connection}
    inventory.write_text(yaml.safe_dump({"targets": targets}, sort_keys=False))
    return inventory
