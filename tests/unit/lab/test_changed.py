"""Which tests a change can break."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from tests import changed
from tests.changed import ROOT, below, chosen, everyone, module_of, reached, shown_by, uses

SHOWS = {"tests/toy": ["roles"], "tests/integration/test_x.py": ["plugins/a", "roles/deploy"]}
FILES = {"src/p/one.py", "plugins/m/_two.py", "plugins/m/_three.py", "docs/page.md", "tests/unit/test_one.py"}
MODULES = {module_of(one): one for one in FILES if one.endswith(".py")}
OURS = "ansible_collections.doppelganger.ops.plugins"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import p.one", {"src/p/one.py"}),
        ("from p import one", {"src/p/one.py"}),
        ("from p.one import name", {"src/p/one.py"}),
        (f"from {OURS}.m import _two", {"plugins/m/_two.py"}),
        ("def late():\n    from ._three import x", {"plugins/m/_three.py"}),
        ("from .._other import x", set()),
        ("ROW = 'm._two:ENTRY'", {"plugins/m/_two.py"}),
        ("import_module(f'{OURS}.m._two')", {"plugins/m/_two.py"}),
        ("read('docs/page.md')", {"docs/page.md"}),
        ("list('docs/')", {"docs/page.md"}),
        ("import os", set()),
    ],
)
def test_what_a_file_uses(text: str, expected: set[str]) -> None:
    assert uses("plugins/m/_one.py", text, below(FILES), MODULES) == expected


def test_a_change_reaches_who_uses_it_through_others_and_in_a_circle() -> None:
    assert reached(["a"], {"a": ["b"], "b": ["c", "a"], "d": ["a"]}) == {"a", "b", "c"}


PLAIN = {"tests/toy", "tests/integration/test_studio_deploy.py", "tests/integration/test_kube_deploy.py"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("plugins/a/_x.py", {"tests/integration/test_x.py"}),
        ("plugins/ab/_x.py", PLAIN),
        ("roles/deploy/tasks/main.yml", {"tests/toy", "tests/integration/test_x.py"}),
        ("roles/other/tasks/main.yml", PLAIN),
        ("plugins/tested.py", set()),
        ("docs/page.md", set()),
        ("src/p/one.py", set()),
    ],
)
def test_who_shows_what_was_changed(changed: str, expected: set[str]) -> None:
    assert shown_by([changed], SHOWS, {"plugins/tested.py"}) == expected


Choose = Callable[..., list[str]]


@pytest.fixture(scope="module")
def real() -> Choose:
    """The choice among the tests that there are."""
    known, shows = everyone(()), yaml.safe_load((ROOT / "tests/shows.yml").read_text())
    return lambda *changed: chosen(changed, *known, shows)


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("src/doppelganger_ops/feed.py", "tests/unit/api/test_board.py"),
        ("plugins/module_utils/text/_redaction.py", "tests/fuzz/test_redact.py"),
    ],
)
def test_a_pure_function_needs_no_playbook(real: Choose, path: str, test: str) -> None:
    tests = real(path)
    assert test in tests
    assert [one for one in tests if one.startswith(("tests/toy", "tests/integration"))] == []


def test_a_step_is_shown_on_its_platform(real: Choose) -> None:
    tests = real("plugins/plugin_utils/kubernetes/steps/_images.py")
    assert "tests/integration/test_kube_deploy.py" in tests
    assert not [one for one in tests if "studio" in one]


def test_what_all_depend_on_runs_all_that_needs_nothing(real: Choose) -> None:
    assert {"tests/unit", "tests/contract", "tests/fuzz", "tests/toy"} <= set(real("pyproject.toml"))


def test_a_test_that_was_changed_or_whose_helper_was_is_run(real: Choose) -> None:
    tests = real("tests/integration/speaking.py", "tests/toy/application.py", "tests/unit/lab/test_lock.py")
    assert {"tests/integration/test_studio_secrets.py", "tests/toy", "tests/unit/lab/test_lock.py"} <= set(tests)


def test_the_table_has_every_file_and_only_what_there_is() -> None:
    table: dict[str, list[str]] = yaml.safe_load((ROOT / "tests/shows.yml").read_text())
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "tests/integration").glob("test_*.py")}
    assert set(table) == {"tests/toy", *files}
    assert [path for paths in table.values() for path in paths if not Path(ROOT, path).exists()] == []


@pytest.mark.parametrize(("codes", "expected"), [([0, 0], 0), ([1, 0], 1), ([0, -9], 1)])
def test_a_run_that_failed_or_was_killed_is_a_failure(
    codes: list[int], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(codes)
    monkeypatch.setattr(changed, "changes", lambda base: ["x"])
    monkeypatch.setattr(changed, "everyone", lambda files: ())
    monkeypatch.setattr(changed, "chosen", lambda *_: ["tests/unit", "tests/toy"])
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=next(left)))
    assert changed.main([]) == expected
