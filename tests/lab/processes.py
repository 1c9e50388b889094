"""Processes that outlive the command which started them, recorded so that only those are ended."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab.paths import LOGS, RUN, folder
from tests.lab.steps import LabError


def start(name: str, command: Sequence[str | Path], env: Mapping[str, str]) -> Path:
    """Start a background process in a session of its own; returns the file its output goes to."""
    log = folder(LOGS) / f"{name}.log"
    argv = [str(part) for part in command]
    files: list[tuple[int, int, str, int, int] | tuple[int, int, int] | tuple[int, int]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
        # a lock that came with our own start would be held for as long as the process lives
        *((os.POSIX_SPAWN_CLOSE, one) for one in _inherited()),
    ]
    # not a Popen: that wants to see its child end
    pid = os.posix_spawnp(argv[0], argv, env, file_actions=files, setsid=True)
    (folder(RUN) / f"{name}.json").write_text(json.dumps({"pid": pid, "born": _born(pid)}))
    return log


def _inherited() -> list[int]:
    """The files, beside the three of everybody, that a child of ours would get."""
    found = []
    for one in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):  # the listing's own
            if one > 2 and os.get_inheritable(one):
                found.append(one)
    return found


def recorded(name: str) -> int | None:
    """The pid of the process that was started under this name, if that very process still lives."""
    try:
        record = json.loads((RUN / f"{name}.json").read_text())
    except FileNotFoundError:
        return None
    pid = int(record["pid"])
    # a pid is used again after its process is gone: only with its birth time does it name one
    return pid if record["born"] and _born(pid) == record["born"] else None


def stop(name: str, *, seconds: float = 60, insist: bool = False) -> bool:
    """End a process; to insist is to ask again, which some programs take as leave not to wait for their clients."""
    pid = recorded(name)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        started = time.monotonic()
        deadline = started + seconds
        while recorded(name) is not None:
            if insist and time.monotonic() > started + 0.5:
                os.kill(pid, signal.SIGTERM)
                insist = False
            if time.monotonic() > deadline:
                raise LabError(f"{name} (pid {pid}) did not end within {seconds:.0f} s of SIGTERM")
            time.sleep(0.1)
    (RUN / f"{name}.json").unlink(missing_ok=True)
    return pid is not None


def pause(name: str) -> None:
    """Let a process neither run nor end: its connections stay open and nothing comes out of them."""
    _signal(name, signal.SIGSTOP)


def resume(name: str) -> None:
    _signal(name, signal.SIGCONT)


def paused(name: str) -> bool:
    pid = recorded(name)
    return pid is not None and _stat(pid)[0] == "T"


def _signal(name: str, number: signal.Signals) -> None:
    pid = recorded(name)
    if pid is None:
        raise LabError(f"{name}: expected a running process, found none; start it first")
    os.kill(pid, number)


def _born(pid: int) -> str:
    fields = _stat(pid)
    return "" if fields[0] == "Z" else fields[19]


def _stat(pid: int) -> list[str]:
    """What the kernel says of a process, from its state on; one that is gone looks like one that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["Z"]
