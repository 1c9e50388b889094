"""What tests against a cluster share: ways to it, other processes, and a network between that can be cut."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._namespace import Cluster
from tests.lab.kubernetes import cluster as lab_cluster

PREFIX = "ansible_collections.doppelganger.ops.plugins"


def options(cluster: lab_cluster.Cluster, namespace: str) -> dict[str, Any]:
    """``app_cluster`` of an inventory."""
    return {"kubeconfig": str(cluster.kubeconfig), "context": cluster.context, "namespace": namespace}


def script(text: str, *arguments: object, stdin: int | None = None) -> subprocess.Popen[str]:
    """Another Python process with the same import path."""
    body = f"import sys; sys.path[:0] = {sys.path!r}\n" + textwrap.dedent(text)
    argv = [sys.executable, "-c", body, *map(str, arguments)]
    return subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE, text=True)


class Network:
    """A way to the API server that a test can cut, refuse or hold up, without touching the server."""

    def __init__(self, server: str) -> None:
        found = urlsplit(server)
        self._server = (found.hostname or "", found.port or 443)
        self._listening: socket.socket | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._flows = threading.Event()
        self._flows.set()
        self.port = 0
        self.connections = 0

    def open(self) -> None:
        """Let connections in."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=[self._listening], daemon=True).start()

    def refuse(self) -> None:
        """Refuse new connections, and cut those that are there."""
        if self._listening is not None:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None
        self.cut()

    def cut(self) -> None:
        """Cut the connections that are there."""
        pairs, self._pairs = self._pairs, []
        for one in [end for pair in pairs for end in pair]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @contextlib.contextmanager
    def held_up(self) -> Iterator[None]:
        """Nothing arrives while the body runs."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                theirs, _ = listening.accept()
            except OSError:
                return
            try:
                ours = socket.create_connection(self._server)
            except OSError:
                theirs.close()
                continue
            self.connections += 1
            self._pairs.append((theirs, ours))
            for source, target in ((theirs, ours), (ours, theirs)):
                threading.Thread(target=self._carry, args=[source, target], daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def network_to(cluster: lab_cluster.Cluster, folder: Path) -> Iterator[tuple[Network, Path]]:
    """A network that can be cut, and a kubeconfig whose only way leads through it."""
    network = Network(cluster.server)
    network.open()
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    for each in config["clusters"]:
        each["cluster"]["server"] = f"https://127.0.0.1:{network.port}"
        each["cluster"]["tls-server-name"] = urlsplit(cluster.server).hostname
    path = folder / f"kubeconfig-{network.port}"
    path.write_text(yaml.safe_dump(config))
    try:
        yield network, path
    finally:
        network.refuse()


@contextlib.contextmanager
def through(
    cluster: lab_cluster.Cluster, namespace: str, folder: Path, patience: float
) -> Iterator[tuple[Network, Cluster]]:
    """A cluster whose only way leads through a network that can be cut."""
    with network_to(cluster, folder) as (network, path):
        given = {"kubeconfig": str(path), "context": cluster.context, "namespace": namespace}
        with Cluster(given, patience=patience) as reached:
            yield network, reached
