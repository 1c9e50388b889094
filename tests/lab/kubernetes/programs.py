"""The cluster's programs as processes: started, stopped and paused one by one, which is also how faults are made."""

import os
import sys
from collections.abc import Callable

from tests.lab import processes
from tests.lab.kubernetes import controlplane, node
from tests.lab.kubernetes.place import Place, log
from tests.lab.paths import HERE
from tests.lab.steps import LabError, wait_until

DNS = "cluster-dns"


def cluster_dns(_: Place) -> list[str]:
    return [sys.executable, "-m", "tests.lab.kubernetes.dns"]


# in the order of their start
COMMANDS: dict[str, Callable[[Place], list[str]]] = {
    "etcd": controlplane.etcd,
    "kube-apiserver": controlplane.kube_apiserver,
    "kube-controller-manager": controlplane.kube_controller_manager,
    "kube-scheduler": controlplane.kube_scheduler,
    "kubelet": node.kubelet,
    "kube-proxy": node.kube_proxy,
    DNS: cluster_dns,
}


def running() -> list[str]:
    return [name for name in COMMANDS if processes.recorded(name) is not None]


def start(place: Place, name: str) -> None:
    """Start a program that does not run, and let a paused one go on."""
    if processes.recorded(name) is not None:
        processes.resume(name)
        return
    # iptables and conntrack are where not every root's PATH leads
    path = f"{place.programs}:{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(HERE.parent.parent)}
    processes.start(name, COMMANDS[name](place), env)


def stop(name: str) -> None:
    if processes.paused(name):
        processes.resume(name)
    # the API server would give those who watch a minute
    processes.stop(name, insist=name == "kube-apiserver")


def wait(name: str, what: str, happened: Callable[[], bool], *, seconds: float) -> None:
    """Wait for what a program is to bring about, but not for one that has ended."""

    def happened_or_ended() -> bool:
        return happened() or processes.recorded(name) is None

    try:
        wait_until(what, happened_or_ended, seconds=seconds)
    except LabError as late:
        raise LabError(f"{late}; see {log(name)}:\n{_last_words(name)}") from late
    if processes.recorded(name) is None:
        raise LabError(f"{name}: expected it to run, found that it ended; see {log(name)}:\n{_last_words(name)}")


def _last_words(name: str) -> str:
    return log(name).read_text(errors="replace")[-2000:]
