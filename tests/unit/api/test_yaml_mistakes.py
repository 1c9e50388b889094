"""Mistakes in YAML are refused with file and line, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import doppelganger_ops as ops
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _mistakes
from doppelganger_ops.options import job_of

GOOD = "targets: {hosts: {app: }}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a: 1\nb: [1, 2\nc: 3\n", 3, id="a list without an end"),
        pytest.param("a: 1\n b: 2\n", 2, id="indented by one"),
        pytest.param("a:\n\tb: 1\n", 2, id="a tab"),
        pytest.param("a: 1\nb: {{ x }}: y\n", 2, id="a template without quotes"),
        pytest.param("a: 'x\n", 2, id="a quote without an end"),
        pytest.param("a: b: c\n", 1, id="two colons"),
    ],
)
def test_the_line_of_a_mistake_is_named(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "vars.yml").write_text(text)
    assert _mistakes.of_file(str(tmp_path / "vars.yml")).startswith(f"{tmp_path}/vars.yml, line {line}, column ")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vars.yml", b"a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nb: !unsafe '{{ x }}'\nc: '{{ y }}'\n"),
        ("vars.yml", b"$ANSIBLE_VAULT;1.1;AES256\n6162\n"),
        ("vars.yml", b""),
        ("hosts.ini", b"[targets]\na: [\n"),
        ("hosts", b"[targets]\nweb1 x='\n"),
        ("none.yml", None),
    ],
)
def test_what_is_no_mistake(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert _mistakes.of_file(str(path)) == ""


@pytest.mark.parametrize("content", [b"\xff\xfe\xff", b"a: \x00", b"a: \x80"])
def test_characters_that_yaml_has_not_are_a_mistake(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vars.yml").write_bytes(content)
    assert _mistakes.of_file(str(tmp_path / "vars.yml"))


@pytest.mark.parametrize(
    "where", ["hosts.yml", "group_vars/targets.yml", "group_vars/targets/main.yaml", "host_vars/app.yml"]
)
@pytest.mark.parametrize("by", ["file", "folder"])
def test_an_inventory_with_a_mistake_never_runs(tmp_path: Path, where: str, by: str) -> None:
    folder = tmp_path / "inventory"
    folder.mkdir()
    (folder / "hosts.yml").write_text(GOOD)
    (folder / where).parent.mkdir(parents=True, exist_ok=True)
    (folder / where).write_text("app_name: shop\napp_checks: [\napp_soak_seconds: 1\n")
    with pytest.raises(ops.InventoryError) as caught:
        job_of("verify", {}, {"inventory": folder if by == "folder" else folder / "hosts.yml"})
    assert f"{folder / where}, line 4, column 1: " in caught.value.message
    assert "from line 2" in caught.value.message


def test_variables_with_a_mistake_never_run(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(GOOD)
    (tmp_path / "more.yml").write_text("a: b: c\n")
    with pytest.raises(ops.InputError, match="line 1"):
        job_of("verify", {}, {"inventory": tmp_path / "hosts.yml", "variable_files": [tmp_path / "more.yml"]})


def test_hidden_files_are_none_of_an_inventory(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(GOOD)
    (tmp_path / ".draft.yml").write_text("a: b: c\n")
    job = job_of("verify", {}, {"inventory": tmp_path})
    assert job.inventories == (str(tmp_path),)


def test_no_inventory_is_a_sentence() -> None:
    with pytest.raises(ops.InputError, match="inventory"):
        ops.deploy(version="v6")  # type: ignore[call-arg]  # that is the mistake
