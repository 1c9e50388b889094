"""Where the cluster lives: its names, addresses, ports and folders."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from tests.lab.paths import LOGS, RUN, folder

FOLDER = RUN / "kubernetes"
NAME = "doppelganger-lab"
DOMAIN = "cluster.local"
# beside the lab's own network (network.py)
SERVICES = "10.214.0.0/16"
API_SERVICE = "10.214.0.1"
# not the usual ones: a cluster of the machine's owner may have those
API_PORT = 7443
ETCD_PORT = 7379
ETCD_PEER_PORT = 7380


@dataclass(frozen=True)
class Place:
    """What the command lines of this cluster are made of."""

    programs: Path
    # the engine's own bridge: pods, kubelet and this machine reach it, and no other machine does
    address: str
    engine: str
    cgroup_driver: str
    folder: Path = FOLDER

    @property
    def server(self) -> str:
        return f"https://{self.address}:{API_PORT}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's; the one of another user is beside it."""
        return self.config("kubeconfig")

    def config(self, name: str) -> Path:
        return self.folder / name

    def certificate(self, name: str) -> Path:
        return self.folder / "pki" / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.folder / "pki" / f"{name}.key"

    def save(self) -> None:
        values = {name: str(value) for name, value in asdict(self).items()}
        (folder(self.folder) / "place.json").write_text(json.dumps(values))

    @classmethod
    def load(cls) -> Self | None:
        """The place of the cluster that was started last; None when there is none."""
        try:
            values = json.loads((FOLDER / "place.json").read_text())
        except FileNotFoundError:
            return None
        return cls(Path(values["programs"]), values["address"], values["engine"], values["cgroup_driver"])


def log(program: str) -> Path:
    return LOGS / f"{program}.log"
