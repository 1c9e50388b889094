"""Something between a run and the API server that gives answers of its own, as a busy or a failing server does."""

from __future__ import annotations

import base64
import json
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.lab.kubernetes.access import private
from tests.lab.kubernetes.certificates import Authority, Identity
from tests.lab.kubernetes.cluster import Cluster

_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """The head of a request."""

    method: str
    path: str
    headers: dict[str, str]


#: what is answered instead of the server: the status, and further headers; None lets the request through
Answer = tuple[int, dict[str, str]] | None


@dataclass
class Between:
    """Takes TLS connections, and passes on each request that it does not answer itself."""

    cluster: Cluster
    folder: Path
    answer: Callable[[Request], Answer] = lambda _: None
    #: the requests that it answered itself
    answered: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        authority = Authority.make("between")
        pair = authority.issue(Identity("between", addresses=("127.0.0.1",)))
        paths = [self.folder / "between.crt", self.folder / "between.key"]
        for path, content in zip(paths, (pair.certificate, pair.key), strict=True):
            private(path, content)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(paths[0], paths[1])
        self._authority = authority.pem
        self._config = yaml.safe_load(self.cluster.kubeconfig.read_text())
        self._server = urlsplit(self.cluster.server)
        self._upstream = self._client()
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    def kubeconfig(self, token: str = "") -> Path:
        """Write a kubeconfig that leads here, with a token for those who ask for one."""
        here = f"https://127.0.0.1:{self._listening.getsockname()[1]}"
        authority = base64.b64encode(self._authority).decode()
        config = {
            **self._config,
            "clusters": [
                {"name": one["name"], "cluster": {"server": here, "certificate-authority-data": authority}}
                for one in self._config["clusters"]
            ],
            "users": [{"name": one["name"], "user": {"token": token or "any"}} for one in self._config["users"]],
        }
        path = self.folder / "between.kubeconfig"
        private(path.with_suffix(".new"), yaml.safe_dump(config).encode())
        return path.with_suffix(".new").replace(path)

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _client(self) -> ssl.SSLContext:
        """The way to the server, as the administrator of the kubeconfig."""
        user = self._config["users"][0]["user"]
        where = self._config["clusters"][0]["cluster"]
        tls = ssl.create_default_context(cadata=base64.b64decode(where["certificate-authority-data"]).decode())
        names = ("client-certificate-data", "client-key-data")
        paths = [self.folder / f"between.{name}" for name in names]
        for name, path in zip(names, paths, strict=True):
            private(path, base64.b64decode(user[name]))
        tls.load_cert_chain(paths[0], paths[1])
        return tls

    def _accept(self) -> None:
        while True:
            try:
                theirs, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[theirs], daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError), self._tls.wrap_socket(plain, server_side=True) as theirs:
            head, rest = _head(theirs)
            request = _parsed(head)
            found = self.answer(request)
            if found is None:
                self._pass_on(theirs, request, rest)
                return
            self.answered.append(request)
            left = int(request.headers.get("content-length", 0)) - len(rest)
            while left > 0 and (piece := theirs.recv(65536)):
                left -= len(piece)
            theirs.sendall(_said(*found))

    def _pass_on(self, theirs: ssl.SSLSocket, request: Request, rest: bytes) -> None:
        """One request each connection, so that the next one is checked as well; a websocket stays as it is."""
        host = self._server.hostname or ""
        headers = {name: text for name, text in request.headers.items() if name != "authorization"}
        if "upgrade" not in headers:
            headers["connection"] = "close"
        head = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
        address = (host, self._server.port or 443)
        with self._upstream.wrap_socket(socket.create_connection(address), server_hostname=host) as ours:
            ours.sendall("\r\n".join(head).encode() + _END + rest)
            _carry({theirs: ours, ours: theirs})


def _carry(other: dict[ssl.SSLSocket, ssl.SSLSocket]) -> None:
    """Carry both ways until one end closes; in one thread, as TLS is not to be read and written by two at a time."""
    while True:
        pending = [one for one in other if one.pending()]
        for source in pending or select.select(list(other), [], [])[0]:
            data = _come(source)
            if data == b"":
                return
            if data is not None:
                other[source].sendall(data)


def _come(source: ssl.SSLSocket) -> bytes | None:
    """What has come, empty at the end, None where that was nothing for us: TLS has messages of its own."""
    source.settimeout(0)
    try:
        return source.recv(65536)
    except (ssl.SSLWantReadError, BlockingIOError):
        return None
    finally:
        source.settimeout(None)


def _head(connection: ssl.SSLSocket) -> tuple[bytes, bytes]:
    """The head of a request, and what has come of its body."""
    found = b""
    while _END not in found:
        piece = connection.recv(65536)
        if not piece:
            raise OSError("the connection was closed")
        found += piece
    head, _, rest = found.partition(_END)
    return head, rest


def _parsed(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    return Request(method, path, {name.strip().lower(): text.strip() for name, _, text in pairs})


def _said(status: int, headers: dict[str, str]) -> bytes:
    """An answer as the API server words it."""
    reasons = {401: "Unauthorized", 409: "Conflict", 429: "TooManyRequests", 500: "InternalError", 504: "Timeout"}
    reason = reasons[status]
    said: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status,
                            "reason": reason, "message": f"the test answered {status}"}  # fmt: skip
    body = json.dumps(said).encode()
    about = {**headers, "Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {text}" for name, text in about.items())]
    return "\r\n".join(lines).encode() + _END + body


@contextmanager
def between(cluster: Cluster, folder: Path) -> Iterator[Between]:
    """Something between, for as long as the body runs."""
    found = Between(cluster, folder)
    try:
        yield found
    finally:
        found.close()
