"""The processes of a run: found by the mark that each carries in its environment, ended, and looked for again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

import psutil

from doppelganger_ops.environment import MARKER


def marked(ident: str) -> list[psutil.Process]:
    """Every living process of a run, apart from the one that asks."""
    own = psutil.Process().pid
    return [process for process in _readable() if process.pid != own and _mark(process) == ident]


def _readable() -> Iterator[psutil.Process]:
    yield from psutil.process_iter()


def _mark(process: psutil.Process) -> str | None:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.environ().get(MARKER)
    except (psutil.Error, OSError):
        # somebody else's, or gone by now
        return None


def end_all(ident: str, *, patience: float = 2.0) -> tuple[str, ...]:
    """End every process of a run, first with SIGTERM and then with SIGKILL; what is left is returned by name."""
    for tell in (psutil.Process.terminate, psutil.Process.kill):
        found = marked(ident)
        if not found:
            return ()
        for process in found:
            with contextlib.suppress(psutil.Error):
                tell(process)
        _gone(found, patience)
    return tuple(_named(process) for process in marked(ident))


def _gone(processes: Sequence[psutil.Process], patience: float) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until and any(_alive(process) for process in processes):
        time.sleep(0.02)


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _named(process: psutil.Process) -> str:
    try:
        return f"{process.pid}: {process.name()}"
    except psutil.Error:
        return f"{process.pid}: ended just now"


def terminate_children() -> None:
    """SIGTERM to what this process started itself: Ansible passes it on to its workers, which are in other sessions."""
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            child.terminate()
