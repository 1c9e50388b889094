"""How the cluster's parts and its administrator get in: certificates and kubeconfigs, for their owner's eyes alone."""

import base64
import os
from pathlib import Path

import yaml

from tests.lab.kubernetes import certificates
from tests.lab.kubernetes.certificates import Authority, Identity, Pair
from tests.lab.kubernetes.place import API_SERVICE, DOMAIN, NAME, Place
from tests.lab.paths import folder


def identities(place: Place) -> dict[str, Identity]:
    """Everybody who has a certificate, by the name of its files."""
    service = [".".join(["kubernetes", "default", "svc", *DOMAIN.split(".")][:length]) for length in range(1, 6)]
    return {
        "etcd": Identity("etcd", names=("localhost",), addresses=("127.0.0.1",)),
        "kube-apiserver": Identity(
            # etcd and kubelet know it by this certificate, too
            "kube-apiserver",
            groups=("system:masters",),
            names=("localhost", NAME, *service),
            addresses=(place.address, "127.0.0.1", API_SERVICE),
        ),
        "aggregator": Identity("aggregator"),
        "kube-controller-manager": Identity("system:kube-controller-manager"),
        "kube-scheduler": Identity("system:kube-scheduler"),
        "kubelet": Identity(
            f"system:node:{NAME}", groups=("system:nodes",), names=(NAME,), addresses=(place.address, "127.0.0.1")
        ),
        "kube-proxy": Identity("system:kube-proxy"),
        "admin": Identity("admin", groups=("system:masters",)),
    }


def write(place: Place) -> None:
    """Give everybody new certificates and kubeconfigs."""
    authority = Authority.make(f"{NAME} authority")
    private(place.certificate("ca"), authority.pem)
    private(place.key("service-accounts"), certificates.pem(certificates.new_key()))
    for name, identity in identities(place).items():
        pair = authority.issue(identity)
        private(place.certificate(name), pair.certificate)
        private(place.key(name), pair.key)
        path = place.kubeconfig if name == "admin" else place.config(f"{name}.kubeconfig")
        private(path, kubeconfig(place.server, authority.pem, name, pair).encode())


def kubeconfig(server: str, authority: bytes, user: str, pair: Pair) -> str:
    def embedded(content: bytes) -> str:
        return base64.b64encode(content).decode()

    login = {"client-certificate-data": embedded(pair.certificate), "client-key-data": embedded(pair.key)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": {"server": server, "certificate-authority-data": embedded(authority)}}],
        "users": [{"name": user, "user": login}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": user}}],
        "current-context": NAME,
    }
    return yaml.safe_dump(config, sort_keys=False)


def private(path: Path, content: bytes) -> None:
    folder(path.parent)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
