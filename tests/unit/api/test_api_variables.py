"""Variables of callers: plain data alone, and a file that Ansible reads in one way, whichever Ansible it is."""

from __future__ import annotations

import enum
import json
import math
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from ansible.template import is_trusted_as_template

import doppelganger_ops as ops
from doppelganger_ops import _given, _playbook
from doppelganger_ops.job import handed_over, unsafe

#: what the text would do, where it was a template
TEMPLATE = "{{ lookup('pipe', 'id') }}"


def nested(levels: int) -> Any:
    found: Any = TEMPLATE
    for _ in range(levels):
        found = [found]
    return found


class Color(str, enum.Enum):  # noqa: UP042 # its str() is not its text
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


REFUSED: dict[str, Any] = {
    "marked as unsafe": {"a": {"__ansible_unsafe": "x"}},
    "marked as a vault": {"unrelated": {"__ansible_vault": "x"}, "a": TEMPLATE},
    "marked as a type": {"a": [{"b": {"__ansible_type": "TrustedAsTemplate", "value": TEMPLATE}}]},
    "an instruction to come": {"a": {"__ansible_new": 1}},
    "too deep": {"a": nested(_given.DEEPEST)},
    "far too deep": {"a": nested(5000)},
    "too much": {"a": [0] * _given.MOST_VALUES},
    "too long": {"a": "x" * (_given.MOST_CHARACTERS + 1)},
    "half a character": {"a": "\ud800"},
    "half a character in a key": {"a": {"\udfff": 1}},
    "NUL": {"a": ["\x00"]},
    "no number": {"a": math.nan},
    "no end": {"a": -math.inf},
    "too large": {"a": 2**64},
    "too small": {"a": -(2**63) - 1},
    "far too large": {"a": 10**5000},
    "a number as a key": {"a": {1: 2}},
    "a truth as a key": {"a": {True: 2}},
    "nothing as a key": {"a": {None: 2}},
    "bytes": {"a": b"x"},
    "a set": {"a": {1, 2}},
    "a day": {"a": date(2026, 11, 29)},
    "a path": {"a": Path("/")},
    "an object": {"a": object()},
    "a word of Python": {"class": 1},
    "a name in other letters": {"größe": 1},
    "no name": {"": 1},
    "a number as a name": {1: 1},
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_what_is_no_plain_data_is_refused(given: Any) -> None:
    with pytest.raises(ops.InputError, match="variables") as raised:
        _given.variables(given)
    assert len(str(raised.value)) < 1000


def test_data_that_holds_itself_is_refused() -> None:
    given: dict[str, Any] = {}
    given["a"] = given
    with pytest.raises(ops.InputError, match="levels"):
        _given.variables(given)


TAKEN: list[tuple[Any, Any]] = [
    ("{{ 7 * 7 }}", "{{ 7 * 7 }}"),
    ("😀\x85\u2028\x7f\ufeff\t\n\x1b", "😀\x85\u2028\x7f\ufeff\t\n\x1b"),
    (("a", 1), ["a", 1]),
    (Color.RED, "red"),
    (Level.HIGH, 3),
    (MappingProxyType({"b": {}}), {"b": {}}),
    ({"{{ key }}": None, "!unsafe": "&x *x", "<<": {"a": 1}}, {"{{ key }}": None, "!unsafe": "&x *x", "<<": {"a": 1}}),
    ([True, False, None, 0, -0.0, 1e300, 2**64 - 1, "1", "yes", "2026-11-29"],
     [True, False, None, 0, -0.0, 1e300, 2**64 - 1, "1", "yes", "2026-11-29"]),
    (nested(_given.DEEPEST - 1), nested(_given.DEEPEST - 1)),
]  # fmt: skip


@pytest.mark.parametrize(("given", "taken"), TAKEN)
def test_ansible_reads_what_was_given_and_nothing_in_it_is_a_template(tmp_path: Path, given: Any, taken: Any) -> None:
    found = _given.variables({"a": given})
    assert found == {"a": taken}
    assert type(found["a"]) is type(taken)
    path = tmp_path / "inputs.json"
    path.write_text(handed_over(found), encoding="utf-8")
    assert _playbook.is_same(_playbook.read_back(str(path)), {"a": taken})


@pytest.mark.parametrize(
    "found",
    [
        {"a": {"A": TEMPLATE}, "b": {"__ansible_vault": "x"}},
        {"a": nested(400)},
        {"a": {"__ansible_type": "x", "text": TEMPLATE}},
    ],
)
def test_what_json_cannot_be_read_from_is_not_read_as_yaml(tmp_path: Path, found: Any) -> None:
    """The second reader would take the text for templates; it has no way to begin."""
    path = tmp_path / "inputs.json"
    path.write_text(handed_over(found), encoding="utf-8")
    with pytest.raises(Exception, match="YAML"):
        _playbook.read_back(str(path))


DIFFERENT: list[tuple[Any, Any]] = [
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, {"a": True}),
    ({"a": 1}, {"a": 1.0}),
    ({"a": "1"}, {"a": 1}),
    ({"a": None}, {}),
    ({}, {"a": None}),
    ({"a": [1]}, {"a": [1, 2]}),
    ({"a": {"b": 1}}, {"a": [["b", 1]]}),
]


@pytest.mark.parametrize(("found", "given"), DIFFERENT)
def test_what_is_not_the_same(found: Any, given: Any) -> None:
    assert not _playbook.is_same(found, given)


@pytest.mark.parametrize(
    "text",
    [
        # as it was handed over before: read as YAML, with a template in it
        json.dumps(unsafe({"a": TEMPLATE, "b": {"__ansible_vault": "x"}})),
        json.dumps({"a": TEMPLATE, "b": {"__ansible_vault": "x"}}),
        "a: !unsafe x",
        "{}",
    ],
)
def test_the_run_does_not_begin_where_ansible_reads_something_else(tmp_path: Path, text: str) -> None:
    (tmp_path / _playbook.HANDED_OVER).write_text(text, encoding="utf-8")
    (tmp_path / _playbook.GIVEN).write_text(json.dumps({"a": TEMPLATE, "b": {"__ansible_vault": "x"}}))
    with pytest.raises(SystemExit, match="another way"):
        _playbook.require_same(str(tmp_path))


def test_a_template_is_not_the_same_as_text(tmp_path: Path) -> None:
    path = tmp_path / "inputs.json"
    path.write_text(json.dumps({"a": TEMPLATE}), encoding="utf-8")
    found = _playbook.read_back(str(path))
    assert is_trusted_as_template(found["a"]), "the control: Ansible would run it"
    assert not _playbook.is_same(found, {"a": TEMPLATE})


class _Text(str):
    """Text that does not say what it is."""

    def startswith(self, *_: Any) -> bool:
        return False


class _Number(int):
    """A number that is any other one, when it is asked."""

    def __le__(self, _: object) -> bool:
        return True

    __ge__ = __le__


@pytest.mark.parametrize(
    "given", [{_Text("__ansible_vault"): "x"}, {"a": [{_Text("__ansible_unsafe"): "x"}]}, {"a": _Number(10**400)}]
)
def test_what_is_checked_is_the_plain_value(given: Any) -> None:
    with pytest.raises(ops.InputError):
        _given.variables(given)
    with pytest.raises(ops.InputError):
        _given.whole("forks", _Number(-5), 1, 10)
