"""Env files are read as compose itself reads them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _env_files
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _cli
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.text._document import document
from tests.unit.module_utils.app.test_env_files import UNREADABLE

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
    "around": "A=${AROUND}\nB=$HOME\nC=${AROUND:-x}${NOWHERE:-y}\n",
}
AROUND = {"AROUND": "from outside", **{name: os.environ[name] for name in ("PATH", "HOME")}}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_compose_reads_the_same(tmp_path: Path, text: str) -> None:
    (tmp_path / "env").write_text(text, newline="")
    (tmp_path / "env").chmod(0o600)
    mine = _env_files.read(str(tmp_path / "env"), AROUND)
    assert mine == rendered(tmp_path, mine, "env")


def test_of_several_files_compose_reads_the_same(tmp_path: Path) -> None:
    texts = {"one": "A=1\nB=1\n", "two": "A=2\nC=${A}${B}${AROUND}\nAROUND=inside\nD=${AROUND}\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    mine = _env_files.read_all([str(tmp_path / name) for name in texts], AROUND)
    assert {name: mine[name] for name in "ABCD"} == rendered(tmp_path, "ABCD", *texts)


def test_compose_reads_what_a_release_recorded(tmp_path: Path) -> None:
    """It reads JSON as YAML, in which some characters have no escape or mean something else."""
    given = {
        "emoji": "😀", "breaks": "a\x85b\u2028c\u2029d\ne\rf", "controls": "\x01\x1b\x7f\x9b", "marks": "\ufeffa\ufeff",
        "😀": "<<", "words": "{{ x }} !unsafe &a *a ~ yes 0o17 # \\ud83d\\ude00",
    }  # fmt: skip
    (tmp_path / "compose.json").write_text(document({"services": {"x": {"image": "x", "environment": given}}}))
    assert rendered(tmp_path, None) == given


@pytest.mark.parametrize("text", [text for text, _ in UNREADABLE.values()], ids=UNREADABLE)
def test_what_compose_refuses_is_refused_and_neither_repeats_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "env").write_text(text)
    (tmp_path / "env").chmod(0o600)
    with pytest.raises(Refused, match="Line"):
        _env_files.read(str(tmp_path / "env"))
    # the env file of a service is Compose's alone, so what it says of it is all there is
    (tmp_path / "compose.json").write_text(json.dumps({"services": {"x": {"image": "x", "env_file": ["env"]}}}))
    for env_files in ([str(tmp_path / "env")], []):
        compose = _cli.Compose("x", [tmp_path / "compose.json"], tmp_path, env_files=env_files)
        assert "canary" not in said_by(compose)


def said_by(compose: _cli.Compose) -> str:
    """What is said where the files are refused; of a variable without a name Compose only says something at times."""
    try:
        compose.config()
    except OpsError as error:
        return f"{error.message} {error.hint}"
    return ""


@pytest.mark.parametrize("value", ["${X:?canary}", "${X?canary}", "${1canary}", "${canary"])
def test_no_text_of_a_compose_file_is_repeated(tmp_path: Path, value: str) -> None:
    service = {"image": "x", "environment": {"A": value}}
    (tmp_path / "compose.json").write_text(json.dumps({"services": {"x": service}}))
    with pytest.raises(Refused) as error:
        _cli.Compose("x", [tmp_path / "compose.json"], tmp_path).config()
    assert "canary" not in error.value.message
    assert "compose.json" in error.value.message


def rendered(folder: Path, names: Iterable[str] | None, *files: str) -> dict[str, str]:
    """The variables as compose has them; without names, those of the file that is there."""
    if names is not None:
        environment = {name: f"${{{name}}}" for name in names}
        services = {"x": {"image": "x", "environment": environment}}
        (folder / "compose.json").write_text(json.dumps({"services": services}))
    given = [part for file in files for part in ("--env-file", file)]
    command = ["docker", "compose", *given, "--file", "compose.json", "config", "--format=json"]
    done = subprocess.run(command, cwd=folder, env=AROUND, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)["services"]["x"]["environment"]
    return {name: value.replace("$$", "$") for name, value in found.items()}
