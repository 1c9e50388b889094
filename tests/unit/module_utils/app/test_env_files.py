"""Env files: read as compose reads them, and refused where somebody else may write them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _env_files
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._target import Target
from tests.unit.support.making import app
from tests.unit.support.state_files import InCluster, OnHost


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("A=1\nB=2\n", {"A": "1", "B": "2"}, id="lines"),
        pytest.param("# A=1\n\n  # B=2\nno variable\n", {}, id="comments and other lines"),
        pytest.param("  export A = two words \n", {"A": "two words"}, id="export and spaces"),
        pytest.param("A=x # note\nB=x#y\nC= #z\n", {"A": "x", "B": "x#y", "C": "#z"}, id="a comment behind a value"),
        pytest.param("A=\nB= \n", {"A": "", "B": ""}, id="no value"),
        pytest.param("\ufeffA=1\n", {"A": "1"}, id="a mark of the byte order"),
        pytest.param("A: 1\n", {"A": "1"}, id="as in YAML"),
        pytest.param("A=p$$w\nB='p$$w'\nC=\"p\\$w\"\n", {"A": "p$w", "B": "p$$w", "C": "p$w"}, id="dollars"),
        pytest.param("A=1\nB=${A}$A-${C}\n", {"A": "1", "B": "11-"}, id="other variables"),
        pytest.param("A=\nB=${A:-x}${A-y}${C-${D:-z}}\n", {"A": "", "B": "xz"}, id="instead of a missing one"),
        pytest.param("A=1\nB=${A:+x}${C:+y}${A:?z}\n", {"A": "1", "B": "x1"}, id="where there is one"),
        pytest.param("A=5$ ${}\n", {"A": "5$ ${}"}, id="no variable"),
        pytest.param("A='x # y' # z\n", {"A": "x # y"}, id="single quotes"),
        pytest.param(r"A='it\'s'", {"A": "it's"}, id="a single quote in them"),
        pytest.param(r'A="a\\b\x"', {"A": "a\\b\\x"}, id="backslashes"),
        pytest.param(r"""A="say \"hi\"\n" # z""", {"A": 'say "hi"\n'}, id="double quotes with escapes"),
        pytest.param("A='a\"b'\nB=\"a'b\"\nC=a'b\n", {"A": 'a"b', "B": "a'b", "C": "a'b"}, id="quotes within"),
        pytest.param('KEY="-----BEGIN\nX=1\nEND"\nA=1\n', {"KEY": "-----BEGIN\nX=1\nEND", "A": "1"}, id="many lines"),
        pytest.param("A=x=y==\n", {"A": "x=y=="}, id="equals signs in the value"),
        pytest.param("A=1\r\nB='2'\r\n", {"A": "1", "B": "2"}, id="lines of Windows"),
        pytest.param("A=1\nA=2\n", {"A": "2"}, id="the last one wins"),
        pytest.param("A=1", {"A": "1"}, id="no newline at the end"),
    ],
)
def test_an_env_file_is_read(text: str, found: dict[str, str]) -> None:
    assert _env_files.parse(text) == found


def test_a_secret_is_known_as_it_is_and_as_it_is_written() -> None:
    assert set(_env_files.secrets_in("A=b4se-1\nB=${A}-p$$w\n")) == {"b4se-1", "b4se-1-p$w", "${A}-p$$w"}


def file(tmp_path: Path, mode: int = 0o600, content: bytes = b"TOKEN=abc\n") -> str:
    path = tmp_path / ".env"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o644])
def test_a_file_that_only_its_owner_writes_is_read(tmp_path: Path, mode: int) -> None:
    assert _env_files.read(file(tmp_path, mode)) == {"TOKEN": "abc"}


@pytest.mark.parametrize(
    ("mode", "who"),
    [
        pytest.param(0o666, "everybody", id="world-writable"),
        pytest.param(0o602, "everybody", id="writable but not readable by the world"),
        pytest.param(0o660, "its group", id="group-writable"),
    ],
)
def test_a_file_that_others_may_write_is_refused(tmp_path: Path, mode: int, who: str) -> None:
    path = file(tmp_path, mode)
    with pytest.raises(Refused) as error:
        _env_files.read(path)
    assert (error.value.reason, who in error.value.message) == ("env_file_unsafe", True)
    assert error.value.hint.endswith(f"chmod 600 {path}")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="does not exist on the target") as error:
        _env_files.read(str(tmp_path / ".env"))
    assert "mode 0600" in error.value.hint


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Line 2 of the env file") as error:
        _env_files.read(file(tmp_path, content=b"A=1\nB=canary\xff\xfe"))
    assert "canary" not in f"{error.value.message} {error.value.hint}"


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        _env_files.read(str(tmp_path))


#: what compose refuses and repeats in its message, and the line that it is in
UNREADABLE = {
    "a sign in a name": ("A=1\ncanary!=x\n", 2),
    "a space in a name": ("A=1\n\n# note\ncanary x=1\n", 4),
    "no name": ("=canary\n", 1),
    "a line that is no variable": ("A=1\ncanary is a secret\nB=1\n", 2),
    "the second line of a value": ("A=-----BEGIN\ncanary+/abc==\n", 2),
    "a quote that is not closed": ('A=1\nB="canary\nC=1\n', 2),
    "text after a quote": ('A="x\ny" canary words\n', 2),
    "what a variable must have": ("A=1\nB=${C:?canary}\n", 2),
    "within another one": ("A=${D:-${C?canary}}\n", 1),
    "in double quotes": ('A="\n${C:?canary}"\n', 1),
    "a brace that is not closed": ("A=${B canary\n", 1),
    "no variable": ("A=${1canary}\n", 1),
}


@pytest.mark.parametrize(("text", "line"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_line_that_cannot_be_read_is_refused_by_its_number(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(Refused, match=f"Line {line} of the env file") as error:
        _env_files.read(file(tmp_path, content=text.encode()))
    assert "canary" not in f"{error.value.message} {error.value.hint} {error.value.data}"


def test_of_several_files_the_later_wins(tmp_path: Path) -> None:
    paths = []
    for number, content in enumerate(("A=1\nB=1\n", "B=${A}2\n")):
        paths.append(tmp_path / str(number))
        paths[-1].write_text(content)
        paths[-1].chmod(0o600)
    assert _env_files.read_all([str(path) for path in paths]) == {"A": "1", "B": "12"}


@pytest.mark.parametrize(
    ("keys", "paths", "message"),
    [
        pytest.param(["B"], ["/x/.env"], "B must have a value and has none in /x/.env.", id="one"),
        pytest.param(["A", "B", "C"], ["/x/.env"], "B, C must have a value and have none in /x/.env.", id="two"),
        pytest.param(
            ["B"], [], "B must have a value and has none in no env file (app_env_files is empty).", id="no file"
        ),
    ],
)
def test_required_keys_must_have_a_value(keys: list[str], paths: list[str], message: str) -> None:
    with pytest.raises(Refused) as error:
        _env_files.require({"A": "1", "B": ""}, keys, paths)
    assert error.value.message == message
    assert error.value.hint == "Add it there, one KEY=value a line."


def test_keys_that_have_a_value_are_enough() -> None:
    _env_files.require({"A": "1"}, ["A"], [])


def _on_host(folder: Path, **more: Any) -> Target:
    return OnHost(app(state_dir=str(folder), **more))


def _in_cluster(folder: Path, **more: Any) -> Target:
    made = InCluster(folder)
    made.app = app(name="shop", platform="kubernetes", state_dir=str(folder), **more)
    return made


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [_on_host, _in_cluster])
@pytest.mark.parametrize("odd", [b"NAME=caf\xe9\n", b"\xff\xfe", b"\0\n"], ids=["Latin-1", "half a mark", "NUL"])
def test_secrets_are_known_whatever_the_encoding_of_the_file(
    tmp_path: Path, make: Callable[..., Target], odd: bytes
) -> None:
    path = tmp_path / "app.env"
    path.write_bytes(odd + b"\nPASSWORD=hunter2-canary\n")
    target = make(tmp_path / "state", env_files=[str(path)])
    assert "hunter2" not in target.redactor.text("login with hunter2-canary failed")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [_on_host, _in_cluster])
@pytest.mark.parametrize("kind", ["a pipe", "a device without an end", "a folder"])
def test_what_is_no_file_is_waited_for_by_nobody(tmp_path: Path, make: Callable[..., Target], kind: str) -> None:
    path = tmp_path / "app.env"
    if kind == "a pipe":
        os.mkfifo(path, 0o600)
    elif kind == "a folder":
        path.mkdir(0o700)
    else:
        path.symlink_to("/dev/zero")
    assert make(tmp_path / "state", env_files=[str(path)]).redactor.text("a log") == "a log"
    with pytest.raises(Refused, match=str(path)):
        _env_files.read(str(path))
