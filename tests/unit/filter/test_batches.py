"""How many hosts of a fleet are changed at a time, however that is given."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.doppelganger.ops.plugins.filter.batches import batches


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param([1, "25%"], [1, "25%"], id="a list"),
        pytest.param(2, [2], id="a number"),
        pytest.param("3", [3], id="a survey's number"),
        pytest.param("1,25%", [1, "25%"], id="text"),
        pytest.param("[1, '25%']", [1, "25%"], id="a list as text"),
        pytest.param("100%", ["100%"], id="all at once"),
    ],
)
def test_batches_are_read(given: Any, found: list[int | str]) -> None:
    assert batches(given) == found


@pytest.mark.parametrize("given", ["", "0", "-1", "0%", "101%", "half", [1, None], [True], 1.5])
def test_what_is_no_batch_is_refused_with_what_would_be_one(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="app_batches=1,25%"):
        batches(given)
