"""A registry on 127.0.0.1, open or behind a login; fleet hosts reach it by the same address."""

import os
import secrets
from dataclasses import dataclass, field

from tests.lab import images, network
from tests.lab.paths import CACHE, folder
from tests.lab.steps import LabError, answers, run, step, wait_until

OPEN = 5000
LOGIN = 5001
USER = "lab"


@dataclass(frozen=True)
class Registry:
    address: str
    user: str = ""
    password: str = field(default="", repr=False)


def ensure(*, login: bool = False) -> Registry:
    port = LOGIN if login else OPEN
    password = _password() if login else ""
    image = images.machine()
    if _state(port) != f"true {_image_id(image)}":
        _remove(port)
        with step(f"start the registry on 127.0.0.1:{port}"):
            _start(port, image, password)
    return Registry(f"127.0.0.1:{port}", USER if login else "", password)


def down() -> None:
    for port in (OPEN, LOGIN):
        _remove(port)


def _start(port: int, image: str, password: str) -> None:
    # published on the loopback address alone: nobody else's business
    command = ["docker", "run", "--detach", "--name", _name(port), "--publish", f"127.0.0.1:{port}:{port}"]
    command += ["--network", network.ensure(), "--network-alias", f"registry-{port}", "--env", "PASSWORD"]
    command += [image, "registry", str(port), *([USER] if password else [])]
    run(command, env={**os.environ, "PASSWORD": password})
    probe = f"exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET /v2/ HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.. [24]0' <&3"
    wait_until(f"the answer of the registry on port {port}", ["bash", "-c", probe], seconds=30)


def _password() -> str:
    kept = folder(CACHE / "registry") / "password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(18))
    return kept.read_text()


def _name(port: int) -> str:
    return f"doppelganger-lab-registry-{port}"


def _image_id(image: str) -> str:
    return run(["docker", "image", "inspect", "--format", "{{.Id}}", image])


def _state(port: int) -> str:
    try:
        return run(["docker", "container", "inspect", "--format", "{{.State.Running}} {{.Image}}", _name(port)])
    except LabError:
        return "absent"


def _remove(port: int) -> None:
    if answers(["docker", "container", "inspect", _name(port)]):
        run(["docker", "rm", "--force", "--volumes", _name(port)])
