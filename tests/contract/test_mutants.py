"""The table of mutants follows the code: ``make mutants`` takes minutes, this does not."""

from __future__ import annotations

import pytest

from tests.mutants.table import ROOT, Mutant, lost, mutants


def test_each_mutant_finds_its_text() -> None:
    assert lost(mutants()) == []


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.wrong)
def test_a_mutant_changes_something_and_has_tests(mutant: Mutant) -> None:
    assert mutant.before.strip() != mutant.after.strip()
    assert mutant.wrong
    assert [test for stage in mutant.stages() for test in stage if not (ROOT / test).exists()] == []


def test_no_mistake_is_there_twice() -> None:
    places = [(mutant.file, mutant.before, mutant.after) for mutant in mutants()]
    assert len(places) == len(set(places))
