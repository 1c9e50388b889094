"""A reading that is shared: everybody gets what was read after they asked, with as few readings as that takes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.running._shared import Shared


def test_who_asks_while_one_reads_shares_the_next_reading() -> None:
    begun, go_on = threading.Event(), threading.Event()
    readings: list[int] = []

    def read() -> int:
        readings.append(len(readings))
        begun.set()
        assert go_on.wait(10)
        return readings[-1]

    shared = Shared(read)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(shared.get)
        assert begun.wait(10)
        others = [pool.submit(shared.get) for _ in range(8)]
        while shared._next is None:  # until one of them waits for its turn
            pass
        go_on.set()
        assert first.result() == 0
        assert all(other.result() >= 1 for other in others)
    assert len(readings) <= 9
    assert shared.get() == len(readings) - 1


def test_what_a_reading_raises_is_raised_for_each_and_ends_nothing() -> None:
    answers: list[int | Exception] = [OpsError("not now"), 2]

    def read() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shared = Shared(read)
    with pytest.raises(OpsError, match="not now"):
        shared.get()
    assert shared.get() == 2
