"""YAML of others: what it comes to, and what is refused at which line, by the parser in C and by the one without."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _yaml
from tests.unit.support.kubectl_yaml import AS_KUBECTL, KEYS, MERGED


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
        "a: &a {x: 1, z: 2}\nb: {<<: *a, z: 3}\nc: {z: 4, <<: *a}",
        [{"a": {"x": 1, "z": 2}, "b": {"x": 1, "z": 3}, "c": {"x": 1, "z": 2}}],
    ),
    ("a: &a {x: 1}\nb: {<<: [*a, {x: 2, z: 3}]}", [{"a": {"x": 1}, "b": {"x": 1, "z": 3}}]),
    ("a: &a {x: 1}\nb:\n- <<: *a\n  x: 2", [{"a": {"x": 1}, "b": [{"x": 2}]}]),
    ('{"json": {"a": [null, 1e3, 1.0, 0.5]}}', [{"json": {"a": [None, 1000, 1, 0.5]}}]),
    ('{\n\t"a": {\n\t\t"b": "\\u00e9\\/"\n\t}\n}\n', [{"a": {"b": "é/"}}]),
    ('---\n{\n\t"a": {\n\t\t"b": 1\n\t}\n}\n', [{"a": {"b": 1}}]),
    ('{"a": 1}\n{"b": 2} ', [{"a": 1}, {"b": 2}]),
    ('{"a": 1}\n---\nb: 2', [{"a": 1}, {"b": 2}]),
    ("{a: b}", [{"a": "b"}]),
    (f"a: {'9' * 300}.0", [{"a": 1e300}]),
    (f"a: {2**64 - 1}", [{"a": 2**64 - 1}]),
]


@pytest.mark.parametrize("text", AS_KUBECTL)
def test_plain_text_is_what_kubectl_takes_it_for(text: str) -> None:
    ((document, _),) = _yaml.read(f"a: {text}")
    assert (type(document["a"]), document["a"]) == (type(AS_KUBECTL[text]), AS_KUBECTL[text])


@pytest.mark.parametrize(("text", "data"), MERGED)
def test_what_is_merged_later_counts(text: str, data: dict[str, Any]) -> None:
    assert [one.data for one in _yaml.read(text)] == [{"base": {"k": "a", "x": "1"}, "data": data}]


@pytest.mark.parametrize(("text", "key"), KEYS.items())
def test_keys_are_text(text: str, key: str) -> None:
    assert [one.data for one in _yaml.read(f"{text}: x")] == [{key: "x"}]


PLACED = "a: 1\n---\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env: {}\n"


@pytest.mark.parametrize(
    ("keys", "line"), [(["kind"], 3), (["spec", "containers", 0, "env"], 7), (["spec", "nothing"], 4), ([], 3)]
)
def test_where_a_place_is(keys: list[str | int], line: int) -> None:
    assert _yaml.line_of(PLACED, 1, keys) == line
    assert _yaml.line_of("[", 0, keys) is None


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
    ("a: 1\n1: 2\n1: 3", "a key twice", 3),
    ("a: 1\n'1': 2\n1: 3", "a key twice", 3),
    ("a: {{ name }}", "not text", 1),
    ('{"a": 1, "a": 2}', "a key twice", 1),
    ('{"a": 1}\n{"a": NaN}', "not finite", 2),
    ('{"a": 1e999}', "not finite", 1),
    ('{"a": "\\ud800"}', "UTF-8", 1),
    ('{"a": ' + "[" * 70 + "]" * 70 + "}", "60 levels", 1),
    ('{"a": ' + "[" * 9000, "", 1),  # who says so, and how, depends on the Python
    ("~: 2", "not text", 1),
    ("? [a]\n: b", "not text", 1),
    ("\n- .inf", "not finite", 2),
    ("- -.Inf", "not finite", 1),
    ("- .nan", "not finite", 1),
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


@pytest.mark.parametrize(
    "text",
    [
        "- x\n" * 11,
        "--- x\n" * 11,
        "a: &a [x, x]\nb: [*a, *a, *a]",
        '{"a": [1, 2, [3, 4]], "b": {"c": 1}}',
    ],
)
def test_values_are_counted(text: str) -> None:
    with pytest.raises(_yaml.Unreadable, match="more than 10 values"):
        _yaml.read(text, _yaml.Budget(10))


def test_several_texts_are_counted_together() -> None:
    budget = _yaml.Budget(10)
    _yaml.read("[a, b, c, d]", budget)
    _yaml.read("[a, b, c, d]", budget)
    with pytest.raises(_yaml.Unreadable, match="more than 10 values"):
        _yaml.read("a", budget)
