"""One part of the lab for many at once, and for one alone for a moment."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lab import lock


@pytest.fixture
def users(tmp_path: Path) -> Iterator[list[lock.Use]]:
    """The uses of three processes: a lock is of a file that was opened, not of a process."""
    with ExitStack() as files:
        names = ("lock", "turnstile")
        yield [lock.Use(*[files.enter_context((tmp_path / name).open("w")) for name in names]) for _ in range(3)]


def is_held(path: Path) -> bool:
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def until(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not is_so():
        pause.wait(0.005)


@pytest.fixture
def order() -> list[str]:
    return []


def test_who_comes_while_somebody_waits_to_have_it_alone_waits_behind(
    users: list[lock.Use], tmp_path: Path, order: list[str]
) -> None:
    first, breaks, late = users
    for one in (first, breaks):
        one.share()

    def alone() -> None:
        with breaks.alone():
            order.append("alone")

    def comes_late() -> None:
        late.share()
        order.append("late")

    with ThreadPoolExecutor(2) as pool:
        waits = pool.submit(alone)
        until(lambda: is_held(tmp_path / "turnstile"))
        comes = pool.submit(comes_late)
        assert not waits.done()
        assert not comes.done()
        fcntl.flock(first._handle, fcntl.LOCK_UN)
    assert order == ["alone", "late"]


def test_two_who_want_it_alone_get_it_one_after_the_other(users: list[lock.Use], order: list[str]) -> None:
    for one in users[:2]:
        one.share()

    def alone(one: lock.Use) -> None:
        with one.alone():
            order.extend(["begins", "ends"])
        fcntl.flock(one._handle, fcntl.LOCK_UN)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(alone, users[:2]))
    assert order == ["begins", "ends"] * 2


def test_inside_itself_it_is_the_same_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "CACHE", tmp_path)
    with lock.together("x") as outer:
        with lock.together("x") as inner, inner.alone():
            assert inner is outer
        assert is_held(tmp_path / "lock-x")
    assert not is_held(tmp_path / "lock-x")
