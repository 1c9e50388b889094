"""Image references and registries, the latter played by a server of the test's own."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._references import parse
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._registry import (
    Login,
    digest_of,
    is_local,
    pinned,
)

DIGEST = f"sha256:{'a' * 64}"
PASSWORD = "hunter2-canary"

REFERENCES = [
    ("nginx", ("docker.io", "library/nginx"), "nginx", "latest"),
    ("nginx:1.25", ("docker.io", "library/nginx"), "nginx", "1.25"),
    ("docker.io/nginx", ("docker.io", "library/nginx"), "docker.io/nginx", "latest"),
    ("index.docker.io/me/app:2", ("docker.io", "me/app"), "index.docker.io/me/app", "2"),
    ("me/app", ("docker.io", "me/app"), "me/app", "latest"),
    ("localhost/app", ("localhost", "app"), "localhost/app", "latest"),
    ("127.0.0.1:5000/a/b", ("127.0.0.1:5000", "a/b"), "127.0.0.1:5000/a/b", "latest"),
    ("127.0.0.1:5000/a/b:v1", ("127.0.0.1:5000", "a/b"), "127.0.0.1:5000/a/b", "v1"),
    (f"r.example/a:v1@{DIGEST}", ("r.example", "a"), "r.example/a", DIGEST),
    (f"[::1]:5000/a@{DIGEST}", ("[::1]:5000", "a"), "[::1]:5000/a", DIGEST),
]


@pytest.mark.parametrize(("text", "name", "repository", "version"), REFERENCES)
def test_a_reference(text: str, name: tuple[str, str], repository: str, version: str) -> None:
    found = parse(text)
    assert (found.name, found.repository, found.version) == (name, repository, version)


@pytest.mark.parametrize(
    "text", ["", "Upper", "a:", "a@", "a@sha256:short", "a b", "a:t/../b", "https://r/a", "-a", "r.example/", "a:-t"]
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(Refused, match="Expected an image"):
        parse(text)


def test_a_password_in_a_reference_is_not_shown() -> None:
    with pytest.raises(Refused) as refused:
        parse(f"me:{PASSWORD}@r.example/app")
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    ("registry", "local"),
    [("127.0.0.1:5000", True), ("127.9.9.9", True), ("localhost:1", True), ("[::1]:5000", True), ("r.example", False),
     ("localhost.example", False), ("10.0.0.1:5000", False)],
)  # fmt: skip
def test_what_is_on_this_machine(registry: str, local: bool) -> None:
    assert is_local(registry) is local


class Registry(BaseHTTPRequestHandler):
    """Answers as ``server.plan`` says, and notes what it was asked."""

    server: Any

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization"), self.headers["Accept"]))
        status, headers, body = self.server.plan(self)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.asked = []
    server.address = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_digest_is_in_the_header(registry: Any) -> None:
    registry.plan = lambda asked: (200, {"Docker-Content-Digest": DIGEST}, b"")
    assert digest_of(f"{registry.address}/a/b:1") == DIGEST
    assert pinned(f"{registry.address}/a/b", DIGEST) == f"{registry.address}/a/b@{DIGEST}"
    ((method, path, login, accept),) = registry.asked
    assert (method, path, login) == ("HEAD", "/v2/a/b/manifests/1", None)
    assert "oci.image.index" in accept
    assert "manifest.list.v2" in accept


def test_what_comes_under_another_digest_is_not_taken(registry: Any) -> None:
    registry.plan = lambda asked: (200, {"Docker-Content-Digest": DIGEST}, b"")
    assert digest_of(f"{registry.address}/a@{DIGEST}") == DIGEST
    with pytest.raises(OpsError, match="under its digest"):
        digest_of(f"{registry.address}/a@sha256:{'0' * 64}")


def test_without_the_header_it_is_that_of_the_body(registry: Any) -> None:
    registry.plan = lambda asked: (200, {}, b"{}")
    found = digest_of(f"{registry.address}/a:1")
    assert found == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_basic_login(registry: Any) -> None:
    wanted = f"Basic {base64.b64encode(f'me:{PASSWORD}'.encode()).decode()}"

    def plan(asked: Any) -> Any:
        if asked.headers.get("Authorization") == wanted:
            return 200, {"Docker-Content-Digest": DIGEST}, b""
        return 401, {"WWW-Authenticate": 'Basic realm="here"'}, b""

    registry.plan = plan
    assert digest_of(f"{registry.address}/a:1", Login("me", PASSWORD)) == DIGEST
    for login in (Login("me", f"{PASSWORD}-wrong"), None):
        with pytest.raises(Refused) as refused:
            digest_of(f"{registry.address}/a:1", login)
        assert PASSWORD not in str(refused.value.as_result())


def test_bearer_login(registry: Any) -> None:
    def plan(asked: Any) -> Any:
        if asked.path.startswith("/token?"):
            assert "scope=repository%3Aa%2Fb%3Apull" in asked.path
            assert "service=r" in asked.path
            return (200, {}, b'{"token": "t"}') if asked.headers.get("Authorization") else (401, {}, b"")
        if asked.headers.get("Authorization") == "Bearer t":
            return 200, {"Docker-Content-Digest": DIGEST}, b""
        realm = f"http://{registry.address}/token"
        return 401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="r",scope="repository:a/b:pull"'}, b""

    registry.plan = plan
    assert digest_of(f"{registry.address}/a/b:1", Login("me", PASSWORD)) == DIGEST
    with pytest.raises(Refused, match="asks for a login"):
        digest_of(f"{registry.address}/a/b:1")


def test_a_login_goes_nowhere_in_the_clear(registry: Any) -> None:
    registry.plan = lambda asked: (401, {"WWW-Authenticate": 'Bearer realm="http://elsewhere.example/token"'}, b"")
    with pytest.raises(Refused, match="over https"):
        digest_of(f"{registry.address}/a:1", Login("me", PASSWORD))


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [(404, Refused, "was not found"), (403, Refused, "asks for a login"), (418, OpsError, "status 418")],
)
def test_refusals_say_what_to_do(registry: Any, status: int, error: type[OpsError], words: str) -> None:
    registry.plan = lambda asked: (status, {}, b"")
    with pytest.raises(error, match=words) as raised:
        digest_of(f"{registry.address}/a:1")
    assert raised.value.hint


def test_a_busy_registry_is_asked_again(registry: Any) -> None:
    answers = iter([(429, {"Retry-After": "0"}, b""), (503, {}, b""), (200, {"Docker-Content-Digest": DIGEST}, b"")])
    registry.plan = lambda asked: next(answers)
    assert digest_of(f"{registry.address}/a:1") == DIGEST


def test_a_registry_that_is_not_there() -> None:
    with pytest.raises(OpsError, match="did not respond") as raised:
        digest_of("127.0.0.1:1/a:1")
    assert raised.value.kind == "unreachable"
