# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How an API server is reached, and the usual ways to know it: a kubeconfig with a token or a certificate, or the pod.

The SDK knows all ways, and its import takes longer than most steps. So what is usual is read here, exactly as the SDK
reads it, and what is not (a program that logs in, an identity provider, a proxy, several files) is left to it.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import getproxies

import urllib3

from ansible_collections.doppelganger.ops.plugins.module_utils.core._files import refuse_special

from ...inputs import _yaml

#: connections that are kept open to one server
KEPT_CONNECTIONS = 50
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_CLUSTER = frozenset(
    {"server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify", "tls-server-name",
     "extensions"}
)  # fmt: skip
_USER = frozenset(
    {"token", "tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data"}
)


@dataclass
class Access:
    """Where a server is, what its certificate is checked with, who asks, and the connections.

    Its files may be gone once it is opened. ``proxied`` is the SDK's configuration where a proxy is between.
    """

    server: str
    headers: Callable[[], dict[str, str]]
    pool: Any
    ca_file: str = ""
    ca_data: str = ""
    cert_file: str = ""
    key_file: str = ""
    server_name: str = ""
    is_verified: bool = True
    proxied: Any = None


def bearer(token: str) -> Callable[[], dict[str, str]]:
    """The headers of a token that stays as it is, of none where there is none."""
    return lambda: {"authorization": f"Bearer {token}"} if token else {}


def usual(way: Way, folder: str) -> Access | None:
    """What the way says, None where only the SDK can tell. ``folder`` takes what must be in a file to be loaded."""
    for path in os.path.expanduser(way.kubeconfig).split(os.pathsep) if way.kubeconfig else ():
        refuse_special(path, "A kubeconfig")
    if any(scheme != "no" for scheme in getproxies()):
        return None
    if way.kubeconfig:
        found = _of_kubeconfig(Path(way.kubeconfig).expanduser(), way, Path(folder))
    elif way.host:
        found = _access(way.host, bearer(way.token))
    else:
        found = _of_this_pod(way.token)
    if found is not None:
        found.ca_file = os.path.expanduser(way.ca_cert) or found.ca_file
        found.is_verified = found.is_verified and way.is_verified
    return found


def _access(server: str, headers: Callable[[], dict[str, str]], server_name: str = "", **more: Any) -> Access:
    named: dict[str, Any] = {"server_hostname": server_name} if server_name else {}
    pool = urllib3.PoolManager(maxsize=KEPT_CONNECTIONS, **named)
    return Access(server.rstrip("/"), headers, pool, server_name=server_name, **more)


def _of_this_pod(token: str) -> Access | None:
    host, port = (os.environ.get(f"KUBERNETES_SERVICE_{name}", "") for name in ("HOST", "PORT"))
    authority, given = _SERVICE_ACCOUNT / "ca.crt", _SERVICE_ACCOUNT / "token"
    if not (host and port and authority.is_file() and given.is_file()):
        return None
    server = f"https://{f'[{host}]' if ':' in host else host}:{port}"
    # read for each request: the kubelet puts a new one there before the old one expires
    headers = bearer(token) if token else lambda: bearer(given.read_text(encoding="utf-8").strip())()
    return _access(server, headers, ca_file=str(authority))


def _of_kubeconfig(path: Path, way: Way, folder: Path) -> Access | None:
    """A kubeconfig as far as it is understood to the last word; whatever is wrong with it, the SDK says better."""
    try:
        (config,) = (one.data for one in _yaml.read(path.read_text(encoding="utf-8")))
        context = _named(config, "context", way.context or config["current-context"])
        cluster = _named(config, "cluster", context["cluster"])
        user = _named(config, "user", context["user"])
        if not (cluster.keys() <= _CLUSTER and user.keys() <= _USER):
            return None
        files = _Files(path.parent, folder)
        token = way.token or user.get("token") or files.text(user.get("tokenFile"))
        found = _access(
            cluster["server"], bearer(token), cluster.get("tls-server-name") or "",
            ca_file=files.of(cluster, "certificate-authority"),
            cert_file=files.of(user, "client-certificate"), key_file=files.of(user, "client-key"),
            is_verified=not cluster.get("insecure-skip-tls-verify"),
        )  # fmt: skip
    except (OSError, ValueError, TypeError, AttributeError, LookupError):
        return None
    return found if token or found.cert_file else None


def _named(config: Any, kind: str, name: str) -> Mapping[str, Any]:
    (found,) = [one[kind] for one in config[f"{kind}s"] if one["name"] == name]
    return dict(found)


class _Files:
    """The files that a kubeconfig names, or has in itself."""

    def __init__(self, base: Path, folder: Path) -> None:
        self._base = base
        self._folder = folder

    def of(self, section: Mapping[str, Any], name: str) -> str:
        """The path of a file, which is made of what the section has in itself; empty where it has neither."""
        data, file = section.get(f"{name}-data"), section.get(name)
        if not data:
            return str(self._plain(file)) if file else ""
        made = self._folder / name
        made.touch(mode=0o600)
        made.write_bytes(base64.b64decode(data))
        return str(made)

    def text(self, file: str | None) -> str:
        """What is in a file, empty where none is named."""
        return self._plain(file).read_text(encoding="utf-8") if file else ""

    def _plain(self, file: str) -> Path:
        refuse_special(self._base / file, "A file that the kubeconfig names")
        return self._base / file


@dataclass(frozen=True)
class Way:
    """The way to a cluster: by ``host``, by ``kubeconfig`` (and ``context``), or, with neither, from within it."""

    host: str = ""
    token: str = ""
    ca_cert: str = ""
    kubeconfig: str = ""
    context: str = ""
    is_verified: bool = True
    is_development: bool = False
    source: str = ""

    def __repr__(self) -> str:
        return f"Way({self.source})"  # a token is not shown
