"""Env files are read as compose itself reads them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils import _envfile

WRITTEN = {
    "plain": "A=1\nB = two words \n  C=x=y==\n\tD=café ☃\n",
    "comments": "# A=0\nA=x # note\nB=x#y\nC= #z\nD=x\ty\t# tab\n",
    "nothing": "A=\nB= \nC=''\n",
    "in quotes": "A='x # y' # z\nB=\"say \\\"hi\\\"\\n\"\nC=a'b\nD='a\"b'\nE='it\\'s'\nF=\"a\\\\b\\x\"\n",
    "many lines": 'A="-----BEGIN\nX=1\nEND"\nB=1\n',
    "another system": "\ufeffA=1\r\nB='2'\r\n",
    "as in YAML": "A: 1\nexport B: 2\n",
    "dollars": 'A=p$$w\nB=\'p$$w $A\'\nC="p$$w"\nD="p\\$w"\n',
    "variables": "A=1\nB=${A}$A-${C}\nC=\nD=${C:-x}${C-y}${X-${Y:-z}}\nE=${A:+a}${X:+b}${A:?c}\n",
    "twice": "A=1\nA=${A}2\n",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_compose_reads_the_same(tmp_path: Path, text: str) -> None:
    (tmp_path / "env").write_text(text, newline="")
    (tmp_path / "env").chmod(0o600)
    mine = _envfile.read(str(tmp_path / "env"))
    environment = {name: f"${{{name}}}" for name in mine}
    (tmp_path / "compose.json").write_text(json.dumps({"services": {"x": {"image": "x", "environment": environment}}}))
    command = ["docker", "compose", "--env-file", "env", "--file", "compose.json", "config", "--format=json"]
    surroundings = {name: os.environ[name] for name in ("PATH", "HOME")}
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, check=True, capture_output=True, text=True)
    theirs = json.loads(done.stdout)["services"]["x"]["environment"]
    assert mine == {name: value.replace("$$", "$") for name, value in theirs.items()}
