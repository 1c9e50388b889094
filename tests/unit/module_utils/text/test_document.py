"""Data that two readers read: as JSON here, as YAML by Compose."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.text._document import document

CASES: dict[str, Any] = {
    "beyond the first plane": "😀 and \U0001d54f",
    "line breaks of YAML": "a\x85b\u2028c\u2029d\r\ne",
    "controls": "".join(map(chr, range(0x20))) + "\x7f" + "".join(map(chr, range(0x80, 0xA0))),
    "a byte order mark": "\ufeffa\ufeff",
    "no characters": "\ufffe\uffff",
    "back slashes": "\\ud83d\\ude00 \\u0085 \\",
    "what YAML has a meaning for": ["<<", "!unsafe x", "&a", "*a", "~", "yes", "0o17", "{{ x }}", "# x", "- x", "$x"],
    "keys": {"😀": {"<<": {"a\x85": 1}}},
}


@pytest.mark.parametrize("data", CASES.values(), ids=CASES)
def test_both_readers_read_the_same(data: Any) -> None:
    text = document({"x": data})
    assert json.loads(text) == {"x": data}
    assert yaml.safe_load(text) == {"x": data}


def test_plain_json_is_read_in_two_ways() -> None:
    """The control: why there is such a thing."""
    with pytest.raises(AssertionError):
        assert yaml.safe_load(json.dumps({"x": "a\x85b😀"}, ensure_ascii=True)) == {"x": "a\x85b😀"}
    with pytest.raises((AssertionError, yaml.YAMLError)):
        assert yaml.safe_load(json.dumps({"x": "a\x85b"}, ensure_ascii=False)) == {"x": "a\x85b"}
