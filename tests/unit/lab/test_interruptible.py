"""Tests that send SIGINT work in the background as well, where a shell has it ignored."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def ignored() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


def ends_at_sigint() -> bool:
    """Whether a child that was started now ends when it is sent SIGINT."""
    program = "import sys, time; print(flush=True); time.sleep(1); sys.exit(7)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
    return child.returncode != 7


def test_a_child_inherits_what_is_ignored(ignored: None) -> None:
    assert not ends_at_sigint()


def test_where_a_test_asks_for_it_sigint_reaches_its_children_and(ignored: None, interruptible: None) -> None:
    assert ends_at_sigint()
