"""Patterns of an inventory on text of an application: what may backtrack is ended from outside."""

from __future__ import annotations

import time

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks.kinds._logs import ERROR_LINES
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _patterns
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.core._patterns import (
    Patterns,
    TooSlow,
    fullmatch,
    is_quick,
)

EXPONENTIAL = "(a+)+$"


@pytest.mark.parametrize(
    ("pattern", "whole", "quick"),
    [
        ("panic", False, True),
        (r"\bERROR\b|\bFATAL\b", False, True),
        ("(?i:panic)", False, True),
        (r"10\.0\.0\.1", False, True),
        ("a+", False, False),
        ("a?b", False, False),
        ("a{3}", False, False),
        ("|".join("abcdefghijk"), False, False),
        ("/api/.*", False, False),
        ("/api/.*", True, True),
        (".*a.*b.*c", True, False),
        (EXPONENTIAL, True, False),
    ],
)
def test_which_patterns_need_no_process_of_their_own(pattern: str, whole: bool, quick: bool) -> None:
    assert is_quick(pattern, whole) is quick


@pytest.mark.parametrize("known", [(), ERROR_LINES], ids=["in a process", "here"])
def test_both_ways_find_the_same(known: tuple[str, ...]) -> None:
    found = Patterns(ERROR_LINES, known)
    texts = ["fine", "an ERROR", "level=error", "", "naïve FATAL", "\ud800 PANIC"]
    assert [found.found_in(texts), found.found_in(texts[:2])] == [
        [False, True, True, False, True, True],
        [False, True],
    ]
    found.close()


def test_flags_and_names_of_one_pattern_are_its_own() -> None:
    found = Patterns(["(?i)panic", "(?P<x>a)b", "(?P<x>c)d"])
    assert found.found_in(["PANIC", "ab", "AB", "cd"]) == [True, True, False, True]
    found.close()


@pytest.mark.parametrize("pattern", [EXPONENTIAL, "(a|a|b)*c$|(a+a+)+b", "(.*)*x"])
def test_a_pattern_that_does_not_end_is_named(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_patterns, "SECONDS", 0.5)
    found = Patterns(["b+", pattern])
    began = time.monotonic()
    with pytest.raises(TooSlow) as raised:
        found.found_in(["fine", "a" * 5000 + "!"])
    assert time.monotonic() - began < 5
    assert repr(pattern) in raised.value.message
    assert found.found_in(["bbb"]) == [True]
    found.close()


def test_a_machine_that_is_busy_is_not_the_fault_of_a_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_patterns, "_CHILD", f"import time; time.sleep(0.5)\n{_patterns._CHILD}")
    monkeypatch.setattr(_patterns, "SECONDS", 0.4)
    found = Patterns([EXPONENTIAL])
    assert found.found_in(["aaa"]) == [True]
    found.close()
    monkeypatch.setattr(_patterns, "_START", 0.1)
    with pytest.raises(OpsError) as raised:
        found.found_in(["aaa"])
    assert not isinstance(raised.value, TooSlow)


def test_a_label_matches_as_a_whole() -> None:
    assert [fullmatch("GET|POST", "GET"), fullmatch("GET|POST", "GETS"), fullmatch("(2.)+", "2x2y")] == [
        True,
        False,
        True,
    ]
    _patterns._whole("(2.)+").close()
