"""Starting the containers of a project over what a killed run has left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils._apply import _start
from ansible_collections.doppelganger.ops.plugins.module_utils._compose import Compose
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import OpsError

CONFLICT = 'Conflict. The container name "/shop-web-1" is already in use by container "8b57"'


def compose(*answers: str) -> tuple[Compose, list[Any]]:
    """Fails with each of the answers, then succeeds."""
    calls: list[Any] = []

    def run(*verb: str, **_: Any) -> str:
        calls.append(verb)
        if len(calls) <= len(answers):
            raise OpsError(answers[len(calls) - 1])
        return ""

    return cast(Compose, SimpleNamespace(run=run)), calls


@pytest.mark.parametrize(
    ("answers", "times", "is_up"),
    [((), 1, True), ((CONFLICT,), 2, True), ((CONFLICT, CONFLICT), 2, False), (("no such image",), 1, False)],
)
def test_a_container_that_is_there_under_two_names_is_tried_once_more(
    answers: tuple[str, ...], times: int, is_up: bool
) -> None:
    made, calls = compose(*answers)
    if is_up:
        _start(made, ["up"], 1)
    else:
        with pytest.raises(OpsError, match=r"in use|image"):
            _start(made, ["up"], 1)
    assert calls == [("up",)] * times
