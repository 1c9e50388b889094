"""What a checkout names stays in it, and what compose files name is found."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _confined
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.files import _named, _source
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _command
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.steps import _images
from tests.unit.support.making import app


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    (made / "sub").mkdir(parents=True)
    (made / "sub/file").touch()
    (made / "within").symlink_to("sub/file")
    (made / "abroad").symlink_to(tmp_path / "theirs")
    (made / "folder").symlink_to("..")
    (made / "round").symlink_to("round")
    (tmp_path / "tree-beside").mkdir()
    return made


@pytest.mark.parametrize("path", ["sub/file", "within", "sub/../within", "not/there", ".", "sub/./file"])
def test_what_stays_inside(tree: Path, path: str) -> None:
    assert _confined.inside(tree, path, "It").is_relative_to(tree)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("abroad", "theirs"),
        ("folder", "."),
        ("folder/theirs/x", "theirs/x"),
        ("../theirs", "theirs"),
        ("sub/../../theirs", "theirs"),
        ("../tree-beside", "tree-beside"),
    ],
)
def test_what_leads_out_is_refused_with_where_it_leads(tree: Path, path: str, target: str) -> None:
    with pytest.raises(Refused) as error:
        _confined.inside(tree, path, "It")
    assert error.value.data == {"path": path, "target": str((tree.parent / target).resolve())}
    for grant in (tree.parent, tree.parent / target):
        assert _confined.inside(tree, path, "It", [str(grant)])


@pytest.mark.parametrize("path", ["/etc/passwd", "~/.ssh/id_rsa", "~root/x"])
def test_a_whole_path_or_one_of_a_home_leads_out(tree: Path, path: str) -> None:
    with pytest.raises(Refused):
        _confined.inside(tree, path, "It")


@pytest.mark.parametrize(
    ("changes", "granted"),
    [
        ({}, []),
        ({"directory": "/srv/shop", "env_files": [".env", "/etc/shop.env"]},
         ["/srv/shop/.env", "/etc/shop.env", "/srv/shop"]),
        ({"environment": {"PORT": 8000, "SECRETS": "/etc/shop", "PREFIX": "/", "DOTS": "/..", "REL": "a/b"}},
         ["/etc/shop"]),
    ],
)  # fmt: skip
def test_what_the_inventory_grants(changes: dict[str, Any], granted: list[str]) -> None:
    assert _source.granted_by(app(**changes)) == granted


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        ({"include": ["a.yml", {"path": ["b.yml", "c.yml"], "project_directory": "d", "env_file": "e"}]},
         ["a.yml", "b.yml", "c.yml", "d", "e"]),
        ({"services": {"web": {"extends": {"file": "a.yml", "service": "x"}}, "db": {"extends": "web"}}}, ["a.yml"]),
        ({"services": {"web": {"env_file": "a"}, "db": {"env_file": ["b", {"path": "c", "required": False}]}}},
         ["a", "b", "c"]),
        ({"services": {"web": {"label_file": ["a"], "volumes": ["/var/run/docker.sock:/x"]}}}, ["a"]),
        ({"include": "a.yml", "services": [1]}, []),
        ({"services": {"web": None, "db": {"extends": {"file": 1}, "env_file": [None, 3]}}}, []),
        (None, []),
        ([], []),
    ],
)  # fmt: skip
def test_what_a_compose_file_names(document: Any, paths: list[str]) -> None:
    assert [path for _, path in _named.named(document)] == paths


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        ({"services": {"web": {"build": {"context": "/t", "dockerfile": "D"}}}}, ["/t", "/t/D"]),
        ({"services": {"web": {"build": {"context": "https://git.example/x.git", "dockerfile": "/D"}}}}, []),
        ({"services": {"web": {"build": {
            "context": "/t", "additional_contexts": {"a": "/a", "b": "docker-image://x", "c": "oci-layout:///c"},
            "ssh": ["default", "key=/root/.ssh/id"]}}}}, ["/t", "/a", "/c", "/root/.ssh/id"]),
        ({"services": {}, "configs": {"a": {"file": "/a"}, "b": {"content": "x"}}, "secrets": {"c": {"file": "/c"}}},
         ["/a", "/c"]),
        ({"services": {"web": {"image": "x"}}, "configs": None, "secrets": {"c": {"environment": "C"}}}, []),
    ],
)  # fmt: skip
def test_what_a_rendered_configuration_names(config: dict[str, Any], paths: list[str]) -> None:
    assert [path for _, path in _named.named_by_rendered(config)] == paths


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("a: 1\n", [{"a": 1}]),
        ("\ufeff%YAML 1.1\n---\na: 1\n", [None, {"a": 1}]),
        ("a: |\n  x\n  --- y\n---\nb: [1,\n2]\n...\n", [{"a": "x\n--- y\n"}, {"b": [1, 2]}, None]),
        ("a: 1\r\nb: 2\r\n", [{"a": 1, "b": 2}]),
    ],
)
def test_documents_are_wrapped_as_they_are(tmp_path: Path, text: str, documents: list[Any]) -> None:
    count = _source.wrap(text, tmp_path / "wrapper")
    found = yaml.safe_load((tmp_path / "wrapper").read_text())
    assert found.pop("x-files") == count == len(documents)
    assert list(found.values()) == documents


@pytest.mark.parametrize("options", [{"context": "abroad"}, {"context": ".."}, {"dockerfile": "abroad"}])
def test_an_image_is_built_of_the_checkout_alone(
    tree: Path, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def run(*_: Any, doing: str, **__: Any) -> str:
        ran.append(doing)
        return f"digest: sha256:{'a' * 64} size: 1"

    monkeypatch.setattr(_command, "run", run)
    target = SimpleNamespace(app=app(images={"web": "127.0.0.1:5000/web"}, build={"web": options}))
    with pytest.raises(Refused):
        _images._build(cast(Any, target), tree, "web", "v1", {})
    assert ran == []
    target.app.build["web"] = {"context": "sub", "dockerfile": "file"}
    _images._build(cast(Any, target), tree, "web", "v1", {})
    assert len(ran) == 2
