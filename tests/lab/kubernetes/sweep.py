"""Remove what a cluster leaves on its machine once its programs have ended."""

import json
import os
import shutil
from itertools import pairwise
from pathlib import Path

from tests.lab.docker import docker
from tests.lab.kubernetes.place import FOLDER
from tests.lab.steps import LabError, answers, run

LABEL = "io.kubernetes.pod.namespace"
VOLUMES = Path("/tmp/hostpath_pv")  # the controller-manager makes volumes here and nowhere else
LOG_FOLDERS = (Path("/var/log/containers"), Path("/var/log/pods"))
# what kubelet and kube-proxy set for themselves
SETTINGS = (
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/bridge/bridge-nf-call-iptables",
    "net/ipv4/conf/all/route_localnet",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
SYSTEM = Path("/proc/sys")


def remember_settings() -> None:
    found = {name: (SYSTEM / name).read_text().strip() for name in SETTINGS if (SYSTEM / name).exists()}
    (FOLDER / "settings.json").write_text(json.dumps(found))


def everything() -> None:
    """Nothing happens without the cluster's folder: then there was none, and the rest is somebody else's."""
    if not FOLDER.exists():
        return
    _containers()
    _mounts()
    for family in ("iptables", "ip6tables"):
        _chains(family)
    _groups()
    _logs()
    _settings()
    shutil.rmtree(VOLUMES, ignore_errors=True)
    shutil.rmtree(FOLDER)


def without_kubernetes(saved: str) -> str:
    """What iptables-restore is to read so that of these tables (iptables-save) every KUBE- chain and rule goes."""
    lines: list[str] = []
    chains: list[str] = []
    for line in saved.splitlines():
        words = line.split()
        if line.startswith("*"):
            lines.append(line)
        elif line.startswith(":KUBE-"):
            chains.append(words[0][1:])
            # names it: that empties a chain
            lines.append(f"{words[0]} - [0:0]")
        elif line.startswith("-A ") and not words[1].startswith("KUBE-") and _jumps_to_kubernetes(words):
            lines.append(f"-D{line[2:]}")
        elif line == "COMMIT":
            lines += [*(f"-X {chain}" for chain in chains), line]
            chains = []
    return "\n".join([*lines, ""])


def _jumps_to_kubernetes(words: list[str]) -> bool:
    return any(word in ("-j", "-g") and target.startswith("KUBE-") for word, target in pairwise(words))


def _chains(family: str) -> None:
    if not answers([f"{family}-save"]):
        return
    change = without_kubernetes(run([f"{family}-save"]))
    if "KUBE-" in change:
        run([f"{family}-restore", "--noflush"], stdin=change)


def _containers() -> None:
    if not answers(["docker", "info"]):
        return
    names = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}").split()
    if names:
        docker("rm", "--force", "--volumes", *names)


def _mounts() -> None:
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for target in reversed(mounted):
        if Path(target).is_relative_to(FOLDER):
            run(["umount", target])


def _groups() -> None:
    groups = Path("/sys/fs/cgroup")
    for top in [*groups.glob("kubepods*"), *groups.glob("*/kubepods*")]:
        for folder, _, _ in os.walk(top, topdown=False):
            os.rmdir(folder)


def _logs() -> None:
    """Links to logs of containers that are gone; what belongs to others is not a broken link."""
    for top in LOG_FOLDERS:
        for folder, _, files in os.walk(top, topdown=False):
            for path in (Path(folder) / name for name in files):
                if path.is_symlink() and not path.exists():
                    path.unlink()
            if not any(Path(folder).iterdir()):
                os.rmdir(folder)


def _settings() -> None:
    try:
        found = json.loads((FOLDER / "settings.json").read_text())
    except FileNotFoundError:
        return
    for name, value in found.items():
        try:
            (SYSTEM / name).write_text(value)
        except OSError as reason:
            raise LabError(f"{SYSTEM / name} could not be set back to {value}: {reason}") from reason
