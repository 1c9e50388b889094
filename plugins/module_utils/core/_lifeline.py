# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module does not outlive who called it: where a run was cancelled or the connection is gone, it ends at once.

Without that it would go on, and renew its lease, until its work is done. It ends as if killed: what it leaves is what
the next run recovers from.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

STDOUT = 1
#: whether the parent is still there, in seconds
_LOOKS_EVERY = 0.5
#: the process that watches its parent already
_watches = 0


def end_with_caller() -> None:
    """From now on, end this process and what it started as soon as nobody reads its output any more."""
    threading.Thread(target=_watch, name="caller", daemon=True).start()


def _watch() -> None:
    watched = select.poll()
    # no event is asked for: what is told all the same is that the other end of a pipe, a socket or a terminal is gone
    watched.register(STDOUT, 0)
    if any(told & (select.POLLERR | select.POLLHUP) for _, told in watched.poll()):
        _end()


def end_with_parent() -> None:
    """The same for work in a worker of Ansible, which has no output and a session of its own: where Ansible is gone."""
    # here, as Ansible has it loaded and a module has not
    from multiprocessing import parent_process

    global _watches
    if _watches != os.getpid():
        _watches = os.getpid()
        forked_by = parent_process()
        parent = forked_by.pid if forked_by is not None and forked_by.pid is not None else os.getppid()
        if os.getppid() != parent:  # it is gone already
            _end()
        threading.Thread(target=_watch_parent, args=[parent], name="parent", daemon=True).start()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOKS_EVERY)
    _end()


def _end() -> None:
    # without a pause, in which the module would note that what it started has failed
    for started in _started_by(os.getpid()):
        try:
            os.kill(started, signal.SIGKILL)
        except OSError:
            continue
    os._exit(1)


def _started_by(own: int) -> list[int]:
    """The processes that a process started, and those that they started, or that are left in a session of theirs."""
    parents: dict[int, tuple[int, int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # the name of the command, in brackets, may hold anything
            state = entry.read_text(errors="replace").rpartition(")")[2].split()
            parents[int(entry.parent.name)] = int(state[1]), int(state[3])
        except (OSError, ValueError, IndexError):
            continue
    return descendants(own, parents)


def descendants(own: int, processes: Mapping[int, tuple[int, int]]) -> list[int]:
    """Of processes, each with its parent and its session, those that descend from ``own``, itself left out."""
    by_parent: dict[int, list[int]] = {}
    by_session: dict[int, list[int]] = {}
    for one, (parent, session) in processes.items():
        by_parent.setdefault(parent, []).append(one)
        by_session.setdefault(session, []).append(one)
    found: dict[int, None] = {}
    asked = by_parent.get(own, [])
    while asked:
        one = asked.pop()
        if one != own and one not in found:
            found[one] = None
            # where it is the first of a session: who is in it, though its parent may be gone
            asked = [*asked, *by_parent.get(one, []), *by_session.get(one, [])]
    return list(found)
