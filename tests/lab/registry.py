"""A registry on 127.0.0.1, open or behind a login; fleet hosts reach it by the same address."""

import os
import secrets
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from tests.lab import images, network
from tests.lab.docker import docker, image_id, inspect, remove
from tests.lab.lock import alone
from tests.lab.paths import CACHE, folder
from tests.lab.steps import step, wait_until

OPEN = 5000
LOGIN = 5001
USER = "lab"
PASSWORD_FILE = CACHE / "registry" / "password"


@dataclass(frozen=True)
class Registry:
    address: str
    user: str = ""
    password: str = field(default="", repr=False)


@alone()
def ensure(*, login: bool = False) -> Registry:
    port = LOGIN if login else OPEN
    password = _password() if login else ""
    image = images.machine()
    if inspect("container", _name(port), "{{.State.Running}} {{.Image}}") != f"true {image_id(image)}":
        remove(_name(port))
        with step(f"start the registry on 127.0.0.1:{port}"):
            _start(port, image, password)
    return Registry(f"127.0.0.1:{port}", USER if login else "", password)


@alone()
def down() -> None:
    for port in (OPEN, LOGIN):
        remove(_name(port))


def _start(port: int, image: str, password: str) -> None:
    # published on the loopback address alone: nobody else's business
    options = ["--name", _name(port), "--publish", f"127.0.0.1:{port}:{port}", "--env", "PASSWORD"]
    options += ["--network", network.ensure(), "--network-alias", f"registry-{port}"]
    command = ["registry", str(port), *([USER] if password else [])]
    docker("run", "--detach", *options, image, *command, env={**os.environ, "PASSWORD": password})
    wait_until(f"the answer of the registry on port {port}", lambda: _answers(port), seconds=30)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in (200, 401)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _name(port: int) -> str:
    return f"doppelganger-lab-registry-{port}"


def _password() -> str:
    if not PASSWORD_FILE.exists():
        folder(PASSWORD_FILE.parent)
        PASSWORD_FILE.touch(mode=0o600)
        PASSWORD_FILE.write_text(secrets.token_urlsafe(18))
    return PASSWORD_FILE.read_text()
