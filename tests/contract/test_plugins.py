"""Modules are thin, documented as they are, and run on the oldest Python that a target may have."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import ansible
import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions import _table
from tests.contract.house import PLUGINS, ROOT, dotted, imported, inside, named

COLLECTION = "ansible_collections.doppelganger.ops.plugins"
LICENCE = "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)"
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
ACTIONS = sorted(path.stem for path in (ROOT / "plugins/action").glob("*.py"))
#: these are sent to targets
SHIPPED = [path for path in PLUGINS if inside(path, "modules", "module_utils")]


@functools.cache
def documented() -> dict[str, Any]:
    """What ansible-doc makes of the collection, all kinds in one call."""
    command = [sys.executable, "-m", "ansible", "doc", "--metadata-dump", "--no-fail-on-errors", "doppelganger.ops"]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_HOME": "/nonexistent"}
    environment.pop("ANSIBLE_CONFIG", None)
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)["all"]
    return found


@pytest.mark.parametrize("kind", ["module", "filter", "test", "lookup", "callback", "role"])
def test_ansible_doc_renders_everything(kind: str) -> None:
    folder = ROOT / ("roles" if kind == "role" else f"plugins/{'modules' if kind == 'module' else kind}")
    found = documented().get(kind) or {}
    assert {name: about["error"] for name, about in found.items() if "error" in about} == {}
    names = {path.stem for path in folder.glob("*") if path.stem != "__pycache__"} if folder.exists() else set()
    if kind != "filter":  # a file of filters has one or more, each with a name of its own
        assert {name.rpartition(".")[2] for name in found} == names
    assert bool(found) is bool(names)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_examples_that_use_it(module: str) -> None:
    about = documented()["module"][f"doppelganger.ops.{module}"]
    examples = yaml.safe_load(about["examples"])
    assert f"doppelganger.ops.{module}" in [key for task in examples for key in task]
    assert about["doc"]["short_description"]
    assert {"check_mode", "diff_mode"} <= set(about["doc"]["attributes"])


def entry(name: str) -> Any:
    """What an action runs where the module may be shipped as well, None where the action does the work itself."""
    if name in _table.STEPS:
        return _table.entry_of(name, "compose")
    return _table.tool_of(name) if name in _table.TOOLS else None


def test_every_module_has_its_action_and_the_other_way_round() -> None:
    # one action does all steps and one all tools: meta/runtime.yml
    redirected = {*_table.STEPS, *_table.TOOLS}
    assert set(ACTIONS) - {"step", "tool"} == set(MODULES) - redirected
    assert redirected <= set(MODULES)


def as_documented(options: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """Options of an arg spec or of a documentation, in what both say; with the sub-options that the spec has."""
    shown = {}
    for name, option in options.items():
        inner = option.get("options") or option.get("suboptions")
        shown[name] = {
            "type": option.get("type", "str"),
            "default": option.get("default"),
            "required": bool(option.get("required")),
            "choices": option.get("choices"),
            "elements": option.get("elements"),
        }
        if inner and described.get(name, {}).get("options"):
            shown[name]["options"] = as_documented(inner, described[name]["options"])
    return shown


@pytest.mark.parametrize("module", [name for name in MODULES if entry(name)])
def test_the_documentation_is_the_argument_spec(module: str) -> None:
    spec = entry(module).spec
    about = documented()["module"][f"doppelganger.ops.{module}"]["doc"]["options"]
    assert as_documented(about, spec) == as_documented(spec, spec)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_thin(module: str) -> None:
    body = ast.parse((ROOT / f"plugins/modules/{module}.py").read_text()).body
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    if entry(module) is None:
        others = (ast.Assign, ast.ImportFrom, ast.Expr)
        assert all(isinstance(node, others) for node in body), "its action plugin does the work"
        return
    assert [function.name for function in functions] == ["main"]
    assert ast.unparse(functions[0].body[-1]).startswith("run_module(")


def test_a_module_and_its_action_run_the_same() -> None:
    for module in filter(entry, MODULES):
        module_file = importlib.import_module(f"{COLLECTION}.modules.{module}")
        runs = [value for value in vars(module_file).values() if type(value).__name__ == "Entry"]
        assert runs == [entry(module)], module


# what is sent to targets


@pytest.mark.parametrize("path", SHIPPED, ids=named)
def test_what_is_shipped_is_python_3_9(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 9))


@pytest.mark.parametrize("path", SHIPPED, ids=named)
def test_what_is_shipped_imports_only_what_a_target_has(path: Path) -> None:
    allowed = ("ansible.module_utils", f"{COLLECTION}.module_utils", "docker", "requests")  # docker brings requests
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(imported(node, dotted(path)))
    foreign = [name for name in found if name.partition(".")[0] not in sys.stdlib_module_names]
    assert [name for name in foreign if not f"{name}.".startswith(tuple(f"{prefix}." for prefix in allowed))] == []


def oldest_python() -> str | None:
    """A Python 3.9, if this machine has one."""
    known = sorted(Path.home().glob(".pyenv/versions/3.9.*/bin/python"))
    return str(known[-1]) if known else shutil.which("python3.9")


@pytest.mark.skipif(oldest_python() is None, reason="there is no Python 3.9 on this machine")
def test_what_is_shipped_can_be_imported_by_python_3_9(tmp_path: Path) -> None:
    (tmp_path / "ansible").symlink_to(Path(ansible.__file__).parent)
    names = [dotted(path) for path in SHIPPED]
    code = f"import importlib\nfor name in {names!r}: importlib.import_module(name)"
    environment = {"PYTHONPATH": f"{ROOT / 'collections'}:{tmp_path}", "PYTHONDONTWRITEBYTECODE": "1", "PATH": ""}
    argv = [oldest_python() or "", "-W", "error", "-c", code]
    done = subprocess.run(argv, env=environment, check=False, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0


# how it is written


@pytest.mark.parametrize("path", PLUGINS, ids=named)
def test_a_plugin_says_its_licence_first(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[1 if lines[0].startswith("#!") else 0] == LICENCE


@pytest.mark.parametrize("path", PLUGINS, ids=named)
def test_a_plugin_can_be_read(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    long = {node.name: length for node in functions if (length := (node.end_lineno or 0) - node.lineno + 1) > 40}
    assert long == {}


@pytest.mark.parametrize("path", [path for path in PLUGINS if inside(path, "module_utils", "plugin_utils")], ids=named)
def test_a_helper_is_private_and_says_what_it_is(path: Path) -> None:
    assert path.name.startswith("_")
    assert ast.get_docstring(ast.parse(path.read_text()))
