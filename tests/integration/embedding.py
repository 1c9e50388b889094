"""What tests of the Python API share: an application's options, and what can be seen of a run from outside."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import doppelganger_ops as ops
from doppelganger_ops import events
from doppelganger_ops.environment import MARKER
from tests.integration.application import Application


def left_of(ident: str) -> list[str]:
    """Every living process of a run, with its arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if f"{MARKER}={ident}".encode() in (entry / "environ").read_bytes():
                found.append(f"{entry.name}: {(entry / 'cmdline').read_bytes().replace(bytes(1), b' ').decode()}")
        except OSError:
            continue
    return found


def run_folders() -> set[str]:
    """The folders of runs that are under way, or were left behind."""
    return {path.name for path in Path(os.environ.get("TMPDIR", "/tmp")).glob("doppelganger-ops-run-*")}


def nothing_left(ident: str, within: float = 0) -> None:
    """No process of the run is alive; ``within`` so many seconds where nobody waited for it."""
    until = time.monotonic() + within
    while (found := left_of(ident)) and time.monotonic() < until:
        time.sleep(0.05)
    assert found == []


def in_phase(handle: ops.Handle[Any], phase: str, act: Callable[[], object]) -> None:
    """Do something as soon as a phase has begun."""
    for event in handle.events():
        if isinstance(event, events.PhaseStarted) and event.phase == phase:
            act()
            return
    raise AssertionError(f"{phase} did not begin: {handle.wait()}")


def lease_expires(app: Application) -> float:
    """When the lease of an application expires, in seconds since 1970; 0 where nobody holds it."""
    lease = app.read("lease.json")
    return 0.0 if lease["released"] else float(lease["expires"])
