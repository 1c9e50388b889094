"""What of the studio can be tried without its packages, in processes of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from examples.studio import repository

SERVER = "from src import web; web.serve({port}, lambda request: web.as_json({{'path': request.path}}))"


def python(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    surroundings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [sys.executable, *arguments]
    return subprocess.Popen(command, cwd=repository.APP, env=surroundings, stderr=subprocess.PIPE, text=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> bytes:
    deadline = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(url) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("", 0, ""),
        ("none", 0, ""),
        ("crash", 0, ""),
        ("build", 1, "ERROR this version does not build"),
        ("typo", 1, "ERROR the fault 'typo' is not one of"),
    ],
)
def test_building_with_a_fault(fault: str, code: int, said: str) -> None:
    process = python("-m", "src.faults", STUDIO_FAULT=fault)
    assert said in process.communicate()[1]
    assert process.returncode == code


def test_every_fault_of_a_version_is_one_that_the_application_has() -> None:
    for version in repository.ASIDE.values():
        process = python("-m", "src.faults", STUDIO_FAULT=version.fault)
        assert "is not one of" not in process.communicate()[1]


def test_a_server_answers_and_stops_when_told_to() -> None:
    port = free_port()
    process = python("-c", SERVER.format(port=port))
    assert get(f"http://127.0.0.1:{port}/here?a=b") == b'{"path": "/here"}\n'
    told = time.monotonic()
    process.terminate()
    process.communicate(timeout=5)
    assert process.returncode == 0
    assert time.monotonic() - told < 1.5


def test_no_env_file_gets_into_the_image() -> None:
    ignored = Path(repository.APP, ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert not [line for line in ignored if line.startswith("!") and "env" in line]
