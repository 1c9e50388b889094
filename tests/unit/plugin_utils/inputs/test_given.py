"""Every variable of the argument spec with hostile values: refused by its name, soon, never with a traceback."""

from __future__ import annotations

import contextlib
import datetime
import time
import tracemalloc
from typing import Any

import pytest
from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.action import app_model
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.text._characters import is_printable
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _given
from tests.unit.action.test_actions import run

SPEC = app_model.spec()
GIVEN = {
    "app_name": "shop", "app_platform": "compose", "app_source": "git", "app_repository": "/srv/shop.git",
    "app_release_services": ["web"],
}  # fmt: skip
DEEP: list[Any] = []
for _ in range(3000):
    DEEP = [DEEP]
#: what no variable may be, nor have in it
NEVER = {
    "infinity": float("inf"), "less than infinity": float("-inf"), "no number": float("nan"), "10^400": 10**400,
    "NUL": "a\0b", "half a pair": "\ud800", "too long": "x" * 10**6, "a date": datetime.date(2026, 1, 1), "bytes": b"a",
    "a set": {1}, "deep": DEEP, "many": ["x"] * 10**6, "many keys": dict.fromkeys(map(str, range(10**6))),
    "a number as a key": {1: "x"}, "nothing as a key": {None: "x"}, "NUL in a key": {"a\0": "x"},
    "infinity below": {"a": [float("inf")]}, "half a pair below": [{"a": "\udfff"}],
}  # fmt: skip
#: what a variable of a type may not be
WRONG: dict[str, list[Any]] = {
    "str": [["a"], {"a": "b"}, 1.5, True, []],
    "path": [["a"], {"a": "b"}, 1.5, True, 7],
    "int": ["yes", True, 1.5, ["1"], {"a": 1}, "1e400", "", -5, 10**12, "-1", "9" * 5000],
    "list": [7, 1.5, True, {"a": "b"}, [None], [["a"]], [1.5], [True]],
    "dict": [7, 1.5, True, ["a"], "text", [{"a": "b"}]],
}
CASES = [(name, value) for name in SPEC for value in NEVER.values()] + [
    (name, value)
    for name, option in SPEC.items()
    for value in WRONG.get(option["type"], [])
    # text by itself is what a list of one is written as; numbers in other lists are their own
    if not (name == "app_batches" and isinstance(value, list))
]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments, **_named: {})


def refusal(variables: dict[str, Any]) -> tuple[dict[str, Any], float]:
    started = time.process_time()
    result: dict[str, Any] = run(app_model, {"inputs": [], "metrics": True}, {**GIVEN, **variables})
    return result, time.process_time() - started


@pytest.mark.parametrize("name", SPEC)
def test_a_hostile_value_is_refused_by_the_name_of_its_variable(name: str) -> None:
    for value in [value for variable, value in CASES if variable == name]:
        result, seconds = refusal({name: value})
        assert result["kind"] == "refused", (name, type(value))
        assert name in result["msg"]
        assert len(result["msg"]) < 5000
        assert result["hint"]
        assert seconds < 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_images", {"web": 7}),
        ("app_images", {"web": ""}),
        ("app_build", {"web": 7}),
        ("app_build", {"web": {"context": ["a"]}}),
        ("app_build", {"web": {"args": ["a"]}}),
        ("app_build", {"web": {"args": {"A": ["a"]}}}),
        ("app_environment", {"A": ["a"]}),
        ("app_environment", {"A=B": "a"}),
        ("app_environment", {"": "a"}),
        ("app_cluster", {"namespace": ["a"]}),
        ("app_checks", [{"name": "a", "kind": "tcp", "host": "h", "port": 1, "timeout": 10**400}]),
        ("app_checks", [{"name": "a", "kind": "tcp", "host": "h", "port": 1, "timeout": 10**15}]),
        ("app_checks", [{"name": "a", "kind": "tcp", "host": "h", "port": 1, "timeout": -1}]),
        ("app_checks", [{"name": "a", "kind": "logs", "since": -1}]),
        ("app_checks", [{"name": "a", "kind": "logs", "limit": -1}]),
        ("app_checks", [{"name": "a", "kind": "logs", "patterns": ["a{99999999999}"]}]),
        ("app_checks", [{"name": "a", "kind": "logs", "patterns": ["(" * 5000]}]),
        ("app_checks", [{"name": ["a"], "kind": "logs"}]),
        ("app_checks", [{"name": "a", "kind": ["logs"]}]),
        ("app_checks", [{"name": "a", "kind": "x" * 5000}] * 1000),
        ("app_metrics", {"a": "text"}),
        ("app_metrics", {"error_rate": {"limits": {"critical": {"above": "x"}}}}),
        ("app_metric_sources", {"a" * 5000: {}}),
        ("app_metric_words", {"a": {"b": "c"}}),
        ("app_metric_gates", [{"metric": ["a"]}]),
        ("app_metric_gates", [{}] * 1000),
    ],
)
def test_what_is_wrong_within_a_value_is_refused(name: str, value: Any) -> None:
    result, seconds = refusal({name: value})
    assert result["kind"] == "refused"
    assert name in result["msg"]
    assert len(result["msg"]) < 12_000
    assert seconds < 2


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("app_soak_seconds", "10", 10),
        ("app_database_name", None, ""),
        ("app_registry_username", 7, "7"),
        ("app_compose_files", "a.yml,b.yml", ["a.yml", "b.yml"]),
        ("app_environment", {"A": 1, "B": True, "C": 1.5, "D": "x"}, {"A": 1, "B": True, "C": 1.5, "D": "x"}),
        ("app_environment", '{"A": 1}', {"A": 1}),
    ],
)
def test_what_ansible_may_convert_is_taken(name: str, value: Any, taken: Any) -> None:
    result, _ = refusal({name: value})
    assert result[name.removeprefix("app_")] == taken


def test_no_value_of_a_secret_is_shown() -> None:
    with pytest.raises(Refused) as caught:
        _given.check("app_registry_password", ["hunter2-canary"], SPEC["app_registry_password"])
    assert "hunter2" not in str(caught.value.as_result())


@pytest.mark.parametrize("name", ["app_platform", "app_source", "app_with_catalogue"])
def test_what_is_quoted_of_a_value_commands_no_terminal(name: str) -> None:
    result, _ = refusal({name: "\x1b]0;canary\x07\u202e\x9b31mred"})
    assert "red" in result["msg"]
    assert [text for text in result.values() if isinstance(text, str) and not is_printable(text)] == []


class Marked(int):
    """A number as Ansible hands it out: of a class of its own."""


@pytest.mark.timeout(10)
@pytest.mark.parametrize(("number", "is_taken"), [(1, True), (2**63 - 1, True), (2**63, False), (-(2**63) - 1, False)])
def test_numbers_that_ansible_has_marked_are_compared(number: int, is_taken: bool) -> None:
    with contextlib.nullcontext() if is_taken else pytest.raises(Refused):
        _given.check_plain("app_soak_seconds", [Marked(number)])


@pytest.mark.parametrize("widths", [[10] * 18, [9_000, 9_999], [99, 99, 9_999]], ids=["deep", "wide", "wider below"])
def test_what_anchors_repeat_is_counted_and_not_made(widths: list[int]) -> None:
    value: Any = "x"
    for width in reversed(widths):
        value = [value] * width
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match="app_checks"):
            _given.check_plain("app_checks", value)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
