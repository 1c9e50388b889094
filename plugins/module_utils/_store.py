# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state of a target, as files in a folder that only its owner can read.

::

    lease.json  operation.json  current.json  audit.jsonl
    digests.json                    the key of digests that others may see
    releases/<id>/record.json       what was run, when, by whom, with what outcome: no secret
    releases/<id>/compose.json      the rendered configuration, secrets included: the one sealed place, mode 0600
    backups/<id>/                   dump and backup.json
    evidence/<id>/                  what was seen before something was undone

Every write happens under one file lock, is checked against the fencing token of the lease, and is atomic.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils import _lease
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import LeaseHeld, OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils._waits import tell

#: how often a waiter looks whether a lease was renewed, in seconds
LOOK_EVERY = 0.2


def make_private(folder: Path) -> None:
    """Make a folder and those it lies in, each for its owner only."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk. A file system that cannot has ways of its own, or none."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


_STILL_HELD = "held by {}, who does not renew, until the lease expires"


class Store:
    """The folder of one application on one target."""

    def __init__(self, root: str) -> None:
        self.root = Path(root)

    @property
    def where(self) -> str:
        """Where the state is, for people."""
        return str(self.root)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one read-decide-write; never while anything else is waited for."""
        self.create()
        with open(os.open(self.root / ".lock", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def create(self) -> None:
        """Make the folder, for its owner only."""
        make_private(self.root)

    def read(self, name: str) -> dict[str, Any] | None:
        """A JSON file below the folder, None where there is none."""
        path = self.root / name
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise OpsError(
                f"The state file {path} cannot be read: {error}.",
                hint="Look at it, mend it or move it away, then run again.",
            ) from error
        return data

    def write(self, name: str, data: Mapping[str, Any], *, token: int | None = None) -> None:
        """Write a JSON file atomically; with ``token``, only for the holder of that lease."""
        with self.locked():
            if token is not None:
                _lease.check(self.lease(), token)
            self._write(name, data)

    def _write(self, name: str, data: Mapping[str, Any]) -> None:
        path = self.root / name
        make_private(path.parent)
        # one name under one lock: what a killed write left behind is overwritten by the next
        temporary = path.with_name(f".{path.name}.new")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(data, stream, indent=1, sort_keys=True)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)

    def folders(self, kind: str) -> list[str]:
        """The names below ``releases``, ``backups`` or ``evidence``, oldest first."""
        folder = self.root / kind
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []

    def remove(self, kind: str, name: str, *, token: int) -> None:
        """Take one of those folders away, for the holder of the lease."""
        with self.locked():
            _lease.check(self.lease(), token)
            shutil.rmtree(self.root / kind / name)

    def audit(self, event: str, **details: Any) -> None:
        """Add a line to the audit trail."""
        self.create()
        line = json.dumps({"at": _lease.iso(time.time()), "event": event, **details}, sort_keys=True)
        with open(os.open(self.root / "audit.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as stream:
            stream.write(line + "\n")

    # the lease

    def lease(self) -> _lease.Lease | None:
        """The lease as it stands."""
        data = self.read("lease.json")
        return _lease.Lease.from_dict(data) if data else None

    def try_acquire(self, *, holder: str, purpose: str, kind: str = _lease.OPERATION, ttl: float) -> _lease.Lease:
        """Take the lease now or raise LeaseHeld."""
        with self.locked():
            now = time.time()
            mine = _lease.acquire(self.lease(), holder=holder, purpose=purpose, kind=kind, ttl=ttl, now=now)
            self._write("lease.json", mine.as_dict())
        self.audit("lease acquired", holder=holder, purpose=purpose, kind=kind, token=mine.token)
        return mine

    def acquire(self, *, holder: str, purpose: str, ttl: float, wait: float) -> _lease.Lease:
        """Take the lease, outliving a dead holder but not a live one.

        A holder that renews is alive, so waiting for it is of no use and ends at once. One that does not renew is
        given until its lease expires, at most ``wait`` seconds.
        """
        deadline = time.monotonic() + wait
        seen: _lease.Lease | None = None
        while True:
            try:
                return self.try_acquire(holder=holder, purpose=purpose, ttl=ttl)
            except LeaseHeld as held:
                found = _lease.Lease.from_dict(held.data["lease"])
                is_alive = seen is not None and (found.token, found.renewed) != (seen.token, seen.renewed)
                if is_alive or found.kind == _lease.MAINTENANCE or time.monotonic() >= deadline:
                    raise
                seen = found
                tell(functools.partial(_STILL_HELD.format, found.holder))
            time.sleep(LOOK_EVERY)

    def renew(self, token: int, ttl: float) -> None:
        """Push the expiry out."""
        with self.locked():
            self._write("lease.json", _lease.renew(self.lease(), token, ttl, time.time()).as_dict())

    def release(self, token: int) -> None:
        """Give the lease back."""
        with self.locked():
            self._write("lease.json", _lease.release(self.lease(), token).as_dict())
        self.audit("lease released", token=token)

    def unlock(self, *, by: str, reason: str) -> _lease.Lease | None:
        """Take a lease away from its holder, and write down who did and why."""
        with self.locked():
            found = self.lease()
            if found is None or not found.is_held(time.time()):
                return None
            self._write("lease.json", _lease.release(found, found.token).as_dict())
        self.audit("lease unlocked", by=by, reason=reason, was=found.as_dict())
        return found
