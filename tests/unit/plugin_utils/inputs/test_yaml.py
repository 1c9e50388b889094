"""YAML of others: what it comes to, and what is refused at which line, by the parser in C and by the one without."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _yaml


@pytest.fixture(params=["in C", "plain"], autouse=True)
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "plain":
        monkeypatch.setattr(_yaml, "_Parser", _yaml._PlainParser)


READ = [
    ("", []),
    ("# nothing", []),
    ("---\n---\na", [None, "a"]),
    ("a: [1, 0x1f, -2.5, true, off, ~, '1', \"\\u00e9\"]", [{"a": [1, 31, -2.5, True, False, None, "1", "é"]}]),
    ("when: 2026-01-01\nat: 2026-01-01T10:00:00Z", [{"when": "2026-01-01", "at": "2026-01-01T10:00:00Z"}]),
    ("a: !!str 1", [{"a": "1"}]),
    ("{a: <<, b: =, '<<': 1}", [{"a": "<<", "b": "=", "<<": 1}]),
    ("a: &a [x]\nb: *a", [{"a": ["x"], "b": ["x"]}]),
    (
        "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {y: 4, <<: *a}",
        [{"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 4}}],
    ),
    ("a: &a {x: 1}\nb: {<<: [*a, {x: 2, y: 3}]}", [{"a": {"x": 1}, "b": {"x": 1, "y": 3}}]),
    ('{"json": {"a": [null, 1e3]}}', [{"json": {"a": [None, "1e3"]}}]),
    (f"a: {'9' * 300}.0", [{"a": 1e300}]),
    (f"a: {2**64 - 1}", [{"a": 2**64 - 1}]),
]


@pytest.mark.parametrize(("text", "documents"), READ)
def test_what_it_comes_to(text: str, documents: list[Any]) -> None:
    assert [one.data for one in _yaml.read(text)] == documents


def test_what_an_anchor_repeats_is_a_copy() -> None:
    (document,) = _yaml.read("a: &a {b: [1]}\nc: *a")
    document.data["a"]["b"].append(2)
    assert document.data["c"] == {"b": [1]}


def test_where_documents_begin() -> None:
    assert [one.line for one in _yaml.read("a: 1\n---\n\nb: 1\n--- c\n")] == [1, 2, 5]


REFUSED = [
    ("a: 1\n\na: 2", "a key twice", 3),
    ("a: 1\n1: 2", "not text", 2),
    ("~: 2", "not text", 1),
    ("? [a]\n: b", "not text", 1),
    ("\n- .inf", "not finite", 2),
    ("- -.Inf", "not finite", 1),
    ("- .nan", "not finite", 1),
    ("- 1.0e+999", "not finite", 1),
    (f"- {2**64}", "64 bits", 1),
    (f"- {'9' * 5000}", "too long", 1),
    ("- !!int x", "no int", 1),
    ("- !!bool x", "no bool", 1),
    ("- !!binary aGk=", "a tag", 1),
    ("- !!timestamp 2026-01-01", "a tag", 1),
    ("!!set {a}", "a tag", 1),
    ("!!python/object/apply:os.system [id]", "a tag", 1),
    ("!mine x", "a tag", 1),
    ("- a\n- &a [*a]", "an alias", 2),
    ("*b", "an alias", 1),
    ("<<: a", "no object", 1),
    ("<<: [a]", "no object", 1),
    ("[" * 61 + "]" * 61, "60 levels", 1),
    ("- &a " + "[" * 30 + "]" * 30 + "\n- " + "[" * 31 + "*a" + "]" * 31, "60 levels", 2),
    ("a\n\x00", "a character", 2),
    ("\ud800", "", None),
]


@pytest.mark.parametrize(("text", "why", "line"), REFUSED)
def test_what_is_refused(text: str, why: str, line: int | None) -> None:
    with pytest.raises(_yaml.Unreadable) as caught:
        _yaml.read(text)
    assert why in caught.value.why
    assert line is None or caught.value.line == line


@pytest.mark.parametrize("text", ["- x\n" * 11, "--- x\n" * 11, "a: &a [x, x]\nb: [*a, *a, *a]"])
def test_values_are_counted(text: str) -> None:
    with pytest.raises(_yaml.Unreadable, match="more than 10 values"):
        _yaml.read(text, _yaml.Budget(10))


def test_several_texts_are_counted_together() -> None:
    budget = _yaml.Budget(10)
    _yaml.read("[a, b, c, d]", budget)
    _yaml.read("[a, b, c, d]", budget)
    with pytest.raises(_yaml.Unreadable, match="more than 10 values"):
        _yaml.read("a", budget)
