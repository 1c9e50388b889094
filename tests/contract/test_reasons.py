"""Every failure that a user can see carries a code for programs: one of a table that the docs are made from."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import REASONS, OpsError, Refused
from doppelganger_ops import errors as api
from tests.contract.house import PLUGINS, ROOT, dotted, named

SOURCES = [*PLUGINS, *sorted((ROOT / "src").rglob("*.py"))]


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCES:
        yield path, ast.parse(path.read_text("utf-8"))


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def exceptions() -> set[str]:
    """The names of all exceptions of ours that end as a failure."""
    found, before = {"OpsError"}, set[str]()
    classes = [node for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while found != before:
        before = set(found)
        found |= {one.name for one in classes if {ast.unparse(base).rpartition(".")[2] for base in one.bases} & found}
    return found


def given() -> list[tuple[Path, ast.Call, ast.keyword | None]]:
    """Each place where such an exception is made, with the ``reason`` that it is given."""
    names = exceptions()
    return [
        (path, node, next((one for one in node.keywords if one.arg == "reason"), None))
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) in names
    ]


def codes(value: ast.expr) -> list[str]:
    """The codes that are written there; what passes one on, as ``error.reason``, has none."""
    if isinstance(value, ast.IfExp):
        return codes(value.body) + codes(value.orelse)
    return [value.value] if isinstance(value, ast.Constant) and isinstance(value.value, str) else []


def subclasses(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    yield kind
    for one in kind.__subclasses__():
        yield from subclasses(one)


def test_every_error_class_has_a_reason_that_is_documented() -> None:
    for path in PLUGINS:
        if "class " in path.read_text("utf-8") and "OpsError" in path.read_text("utf-8"):
            importlib.import_module(dotted(path))
    classes = [*subclasses(OpsError), *subclasses(api.OpsError)]
    assert len(classes) > 20
    assert {f"{one.__module__}.{one.__name__}": one.reason for one in classes if one.reason not in REASONS} == {}  # type: ignore[attr-defined]  # each has one


def test_every_reason_that_is_given_is_documented() -> None:
    wrong = [
        f"{named(path)}:{node.lineno}: {code}"
        for path, node, keyword in given()
        if keyword
        for code in codes(keyword.value)
        if code not in REASONS
    ]
    assert wrong == []


def test_a_failure_without_a_class_of_its_own_names_its_reason() -> None:
    wrong = [
        f"{named(path)}:{node.lineno}"
        for path, node, keyword in given()
        if called(node) == "OpsError" and keyword is None and not named(path).startswith("src")
    ]
    assert wrong == []


def test_no_reason_is_without_a_use() -> None:
    texts = {
        one.value
        for _, tree in trees()
        for node in ast.walk(tree)
        if not (isinstance(node, ast.Dict) and len(node.keys) == len(REASONS))
        for one in ast.iter_child_nodes(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }
    assert sorted(set(REASONS) - texts) == []


def test_a_reason_has_one_meaning() -> None:
    table = next(
        node
        for path, tree in trees()
        if path.name == "_errors.py" and path.parent.name == "core"
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict) and len(node.keys) >= len(REASONS)
    )
    assert len(table.keys) == len(REASONS), "a code is in the table twice"
    assert len(set(REASONS.values())) == len(REASONS)


@pytest.mark.parametrize("code", REASONS)
def test_a_reason_is_a_word_for_programs(code: str) -> None:
    assert code.replace("_", "").isalpha()
    assert code == code.lower()
    assert REASONS[code].endswith(".")


def test_what_is_refused_for_another_cause_than_its_input_says_so() -> None:
    """The default of a refusal is that what was given is wrong; words about what was found need another code."""
    signs = (
        "permission denied",
        "not installed",
        "does not exist on",
        "no good release",
        "was not found",
        "did not respond",
    )
    wrong = [
        f"{named(path)}:{node.lineno}"
        for path, node, keyword in given()
        if called(node) == Refused.__name__ and keyword is None
        if any(sign in ast.unparse(node) for sign in signs)
    ]
    assert wrong == []
