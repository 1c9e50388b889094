# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An operation on a target: its lease, its journal, its phases. A kill between any two lines is seen by the next run.

``operation.json`` is the journal: what is being done, to which release, by whom, and each phase with its times. An
operation whose journal says ``running`` while nobody holds its lease was interrupted.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..core._errors import UNREACHABLE, LeaseLost, OpsError
from ..core._times import iso
from . import _lease
from ._folder import Store

JOURNAL = "operation.json"
RUNNING, DONE = "running", "done"


class Operation:
    """The operation that holds the lease ``token`` on a store."""

    def __init__(self, store: Store, token: int, ttl: float) -> None:
        self.store = store
        self.token = token
        self.ttl = ttl
        self._proven = -math.inf

    def journal(self) -> dict[str, Any]:
        """The journal as it stands."""
        return self.store.read(JOURNAL) or {}

    def start(self, operation: str, release: str | None, **details: Any) -> None:
        """Record the intent."""
        entry = {"operation": operation, "release": release, "token": self.token, "status": RUNNING,
                 "started": iso(time.time()), "phases": [], **details}  # fmt: skip
        self.store.write(JOURNAL, entry, token=self.token)

    def note_phase(self, phase: Mapping[str, Any]) -> None:
        """Add a phase to the journal, or replace the running one of that name."""
        journal = self.journal()
        if not journal:  # somebody has moved it away: half of one would be no journal
            return
        phases = journal["phases"]
        if phases and phases[-1]["name"] == phase["name"] and phases[-1]["state"] == RUNNING:
            phases.pop()
        phases.append(dict(phase))
        self.store.write(JOURNAL, journal, token=self.token)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Do the body as the phase ``name``: the lease is alive meanwhile, and the journal knows how it ended."""
        started = time.time()
        ended = {"name": name, "started": iso(started)}
        try:
            with _system_errors(name):
                self._renew()
                self.note_phase({**ended, "state": RUNNING})
                with self.heartbeat():
                    yield
                self.note_phase({**ended, "state": "ok", "seconds": _since(started)})
        except LeaseLost:
            raise
        except OpsError as error:
            error.data.setdefault("phase", name)
            failed = {**ended, "state": "failed", "seconds": _since(started), "message": error.message}
            self._note_failure(failed, error)
            raise
        except Exception as error:
            with contextlib.suppress(OpsError, OSError):
                self.note_phase(
                    {**ended, "state": "failed", "seconds": _since(started), "message": type(error).__name__}
                )
            raise

    def _note_failure(self, phase: Mapping[str, Any], error: OpsError) -> None:
        """Note how a phase failed. A target that is out of reach by now makes the failure one that undoes nothing."""
        if error.kind == UNREACHABLE:
            return
        try:
            self.note_phase(phase)
        except LeaseLost:
            raise
        except OSError:  # a full disk takes no note of itself
            return
        except OpsError as unnoted:  # what failed first is what people have to know
            if unnoted.kind == UNREACHABLE:
                error.kind, error.reason = UNREACHABLE, unnoted.reason
                error.message = f"{error.message.rstrip('.')}. Then the target was out of reach: {unnoted.message}"

    def prove(self) -> None:
        """Raise LeaseLost where somebody else may have taken the lease: before a change that the store does not guard.

        The store is asked only where the lease was not renewed lately: this process may have been stopped for a while.
        """
        if time.monotonic() - self._proven > self.ttl / 2:
            self._renew()

    def _renew(self) -> None:
        asked = time.monotonic()
        self.store.renew(self.token, self.ttl)
        self._proven = asked

    @contextlib.contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Renew the lease while the body runs; raises LeaseLost at its end when it was lost meanwhile.

        A renewal that is not possible for a while is tried again: as long as nobody else has taken the lease it is
        ours. An outage that lasts is reported by the body, or by the journal after it.
        """
        stop = threading.Event()
        lost: list[LeaseLost] = []

        def beat() -> None:
            while not stop.wait(self.ttl / 5):
                try:
                    self._renew()
                except LeaseLost as error:
                    lost.append(error)
                    return
                except (OpsError, OSError):
                    continue

        thread = threading.Thread(target=beat, name="lease heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        if lost:
            raise lost[0]

    def finish(self) -> dict[str, Any]:
        """Close the journal and give the lease back."""
        journal = self.journal()
        if journal:
            journal.update(status=DONE, finished=iso(time.time()))
            self.store.write(JOURNAL, journal, token=self.token)
        self.store.release(self.token)
        return journal


@contextlib.contextmanager
def _system_errors(name: str) -> Iterator[None]:
    """A full disk or a missing right ends a phase like any other failure."""
    try:
        yield
    except OSError as error:
        where = error.filename or "on the target"
        raise OpsError(
            f"{error.strerror or error}: {where}.", reason="system_error", hint=f"Fix this, then re-run {name}."
        ) from error


def interrupted(journal: Mapping[str, Any] | None, lease: _lease.Lease | None, now: float) -> dict[str, Any] | None:
    """The operation that was cut off, if there is one: its journal says running, and nobody holds its lease."""
    if not journal or journal.get("status") != RUNNING:
        return None
    if lease is not None and lease.token == journal["token"] and lease.is_held(now):
        return None
    phases = journal["phases"]
    return {"operation": journal["operation"], "release": journal["release"], "started": journal["started"],
            "phase": phases[-1]["name"] if phases else "intent"}  # fmt: skip


def _since(started: float) -> float:
    return round(time.time() - started, 2)
