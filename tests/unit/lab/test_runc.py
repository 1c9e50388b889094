"""The wrapper before runc changes what the kernel would refuse, and nothing else."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.lab.paths import HERE

SPEC = {
    "process": {
        "oomScoreAdj": -500,
        "capabilities": {
            "bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_KILL"],
            "effective": ["CAP_SYS_RESOURCE"],
            "permitted": ["CAP_CHOWN", "CAP_SYS_RESOURCE"],
        },
    },
    "linux": {"resources": {"memory": {"limit": 5}}},
}
ALLOWED = {
    "process": {
        "oomScoreAdj": 0,
        "capabilities": {"bounding": ["CAP_CHOWN", "CAP_KILL"], "effective": [], "permitted": ["CAP_CHOWN"]},
    },
    "linux": {"resources": {"memory": {"limit": 5}}},
}


@pytest.fixture
def wrapper(tmp_path: Path) -> Path:
    """The wrapper, with a runc behind it that tells how it was called."""
    real = tmp_path / "real"
    real.write_text('#!/bin/sh\necho "$@"\n')
    real.chmod(0o755)
    wrapper = tmp_path / "runc"
    wrapper.write_text((HERE / "recipes" / "runc").read_text().replace("/usr/sbin/runc", str(real)))
    wrapper.chmod(0o755)
    return wrapper


def call(wrapper: Path, *arguments: str, cwd: Path) -> str:
    done = subprocess.run([wrapper, *arguments], cwd=cwd, capture_output=True, text=True, check=True, env=os.environ)
    return done.stdout.strip()


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["compact", "spaced"])
@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (["--root", "/r", "create", "--bundle", "b", "--pid-file", "p", "id"], "b/config.json"),
        (["run", "-b", "b", "id"], "b/config.json"),
        (["create", "id"], "config.json"),
        (["exec", "--process", "p.json", "id"], "p.json"),
    ],
    ids=["create", "run", "create here", "exec"],
)
def test_what_starts_a_process_asks_for_what_is_allowed(
    wrapper: Path, tmp_path: Path, arguments: list[str], file: str, separators: tuple[str, str]
) -> None:
    spec = tmp_path / file
    spec.parent.mkdir(exist_ok=True)
    spec.write_text(json.dumps(SPEC, separators=separators))
    assert call(wrapper, *arguments, cwd=tmp_path) == " ".join(arguments)
    assert json.loads(spec.read_text()) == ALLOWED


@pytest.mark.parametrize("arguments", [["state", "id"], ["kill", "id", "15"], ["delete", "--force", "id"]])
def test_other_commands_pass(wrapper: Path, tmp_path: Path, arguments: list[str]) -> None:
    spec = tmp_path / "config.json"
    spec.write_text(json.dumps(SPEC))
    assert call(wrapper, *arguments, cwd=tmp_path) == " ".join(arguments)
    assert json.loads(spec.read_text()) == SPEC
