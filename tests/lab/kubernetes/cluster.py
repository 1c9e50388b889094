"""A cluster to test against: the one that KUBECONFIG names, or one of our own."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.lab import debian, engine, network, processes
from tests.lab.docker import docker
from tests.lab.kubernetes import access, build, node, programs, sweep
from tests.lab.kubernetes.api import Api
from tests.lab.kubernetes.place import FOLDER, NAME, Place, log
from tests.lab.lock import alone
from tests.lab.paths import folder
from tests.lab.steps import LabError, run, say, step

PACKAGES = ["conntrack", "ethtool", "iproute2", "iptables", "mount", "socat", "util-linux"]
STORAGE = "/apis/storage.k8s.io/v1/storageclasses"
STORAGE_CLASS: dict[str, Any] = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "kubernetes.io/host-path",
}
BY_HAND = """KUBECONFIG is not set, and the lab brings up a cluster of its own only on Debian 12 as root. Either
  - run this again as root on Debian 12, or
  - bring one up (kind, k3s, ...) and name its administrator's file: KUBECONFIG=FILE."""


@dataclass(frozen=True)
class Cluster:
    kubeconfig: Path
    context: str
    server: str
    started_here: bool
    programs: Path | None = None

    @property
    def env(self) -> Mapping[str, str]:
        """An environment in which kubectl, ours where there is one, reaches this cluster."""
        path = os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        return {
            **os.environ,
            "KUBECONFIG": str(self.kubeconfig),
            "PATH": f"{self.programs}:{path}" if self.programs else path,
        }

    def kubectl(self, *arguments: str, stdin: str = "", timeout: float = 120) -> str:
        program = shutil.which("kubectl", path=self.env["PATH"])
        if program is None:
            raise LabError("kubectl: expected it on the PATH, found none; install it")
        return run([program, "--context", self.context, *arguments], stdin=stdin, timeout=timeout, env=self.env)

    def start(self, name: str) -> None:
        """Start one of the cluster's programs again, or let it go on, and wait until the cluster is ready."""
        place = self._own(name)
        programs.start(place, name)
        _wait(place)

    def stop(self, name: str) -> None:
        self._own(name)
        programs.stop(name)

    def pause(self, name: str) -> None:
        """Make a program unresponsive: it takes connections and answers nothing."""
        self._own(name)
        processes.pause(name)

    def _own(self, name: str) -> Place:
        place = Place.load() if self.started_here else None
        if place is None:
            raise LabError(
                f"{name}: only the lab's own cluster can be broken, and {self.server} is none; unset KUBECONFIG"
            )
        if name not in programs.COMMANDS:
            raise LabError(f"expected one of {', '.join(programs.COMMANDS)}, found {name!r}")
        return place


def ensure() -> Cluster:
    """The cluster, ready. What a test stopped or paused runs again afterwards."""
    given = os.environ.get("KUBECONFIG", "")
    if given and Path(given) != FOLDER / "kubeconfig":
        return _given(Path(given))
    place = Place.load()
    if place is None or not _whole(place):
        if not debian.may_install():
            raise LabError(BY_HAND)
        # not while holding the lock: a build takes minutes
        place = _bring_up(build.ensure())
    return Cluster(place.kubeconfig, NAME, place.server, started_here=True, programs=place.programs)


@alone()
def down() -> None:
    if FOLDER.exists():
        with step("remove the cluster"):
            for name in reversed(programs.COMMANDS):
                programs.stop(name)
            sweep.everything()


def _given(path: Path) -> Cluster:
    try:
        config: dict[str, Any] = yaml.safe_load(path.read_text())
        context = config["current-context"]
        name = next(each["context"]["cluster"] for each in config["contexts"] if each["name"] == context)
        server = next(each["cluster"]["server"] for each in config["clusters"] if each["name"] == name)
    except (OSError, yaml.YAMLError, KeyError, TypeError, StopIteration) as reason:
        raise LabError(
            f"KUBECONFIG={path}: expected one file whose current context names a cluster, found {reason!r}; "
            "unset it to get a cluster of the lab's own"
        ) from reason
    return Cluster(path, context, server, started_here=False)


def _whole(place: Place) -> bool:
    everything = programs.running() == list(programs.COMMANDS)
    return everything and not any(map(processes.paused, programs.COMMANDS)) and _node_ready(Api(place))


@alone()
def _bring_up(folder_of_programs: Path) -> Place:
    engine.ensure()
    debian.install(PACKAGES)
    place = Place.load() if programs.running() else None
    if place is None:
        place = _make_place(folder_of_programs)
    missing = [name for name in programs.COMMANDS if name not in programs.running() or processes.paused(name)]
    with step(f"start {', '.join(missing)} (about 10 seconds)"):
        for name in missing:
            programs.start(place, name)
            if name == "kube-apiserver":
                programs.wait(name, "the API server's start", Api(place).ready, seconds=60)
        _wait(place)
        if not Api(place).get(f"{STORAGE}/{STORAGE_CLASS['metadata']['name']}"):
            Api(place).create(STORAGE, STORAGE_CLASS)
    return place


def _make_place(folder_of_programs: Path) -> Place:
    sweep.everything()
    place = Place(
        programs=folder_of_programs,
        address=network.bridge(),
        engine=run(["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]),
        cgroup_driver=docker("info", "--format", "{{.CgroupDriver}}"),
    )
    say(f"CHANGES THIS MACHINE: starts a Kubernetes node at {place.address}, with iptables chains of its own (KUBE-*),")
    say(f"  groups (kubepods), {sweep.VOLUMES}, and kernel settings ({', '.join(sweep.SETTINGS)}); lab-down undoes it")
    folder(FOLDER).chmod(0o700)
    for name in programs.COMMANDS:
        log(name).unlink(missing_ok=True)
    sweep.remember_settings()
    access.write(place)
    node.write(place)
    node.import_pause(place)
    place.save()
    return place


def _wait(place: Place) -> None:
    api = Api(place)
    programs.wait("kube-apiserver", "the API server's readiness", api.ready, seconds=60)
    programs.wait("kubelet", f"readiness of the node {NAME}", lambda: _node_ready(api), seconds=90)
    # pods are refused until it is there
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    programs.wait(
        "kube-controller-manager", "the default service account", lambda: api.get(account) is not None, seconds=60
    )


def _node_ready(api: Api) -> bool:
    found = api.get(f"/api/v1/nodes/{NAME}")
    conditions = found["status"].get("conditions", []) if found else []
    taints = (found or {}).get("spec", {}).get("taints")
    return not taints and any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
