# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state of a target, as files in a folder that only its owner can read.

::

    lease.json  operation.json  current.json  audit.jsonl
    digests.json                    the key of digests that others may see
    releases/<id>/record.json       what was run, when, by whom, with what outcome: no secret
    releases/<id>/compose.json      the rendered configuration, secrets included: the one sealed place, mode 0600
    contents/<digest>/              copies of files that releases read, secrets among them, in a folder of mode 0700
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
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..core import _files, _times
from ..core._errors import LeaseHeld, OpsError, Refused
from ..core._progress import tell
from ..core._user import user_name
from ..text._document import document
from . import _lease, _schema

#: how often a waiter looks whether a lease was renewed, in seconds
LOOK_EVERY = 0.2


#: how much of the end of the audit trail is checked, in bytes
_AUDIT_END = 1 << 20
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
        with open(_files.opened(self.root / ".lock", os.O_WRONLY | os.O_CREAT), "w", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def create(self) -> None:
        """Make the folder, for its owner only; refuses one that others may change."""
        _files.make_safe(self.root, _files.STATE)

    def refuse_unwritable(self) -> None:
        """Refuse a folder that is not safe, or that this user has no right to make or to write; nothing is made."""
        _files.refuse_unsafe(self.root, _files.STATE)
        there = next(str(path) for path in (self.root, *self.root.parents) if os.path.exists(path))
        if not os.access(there, os.W_OK | os.X_OK):
            user, root = user_name(), shlex.quote(str(self.root))
            fix = f"Run on the target: sudo install -d -m 0700 -o {shlex.quote(user)} {root}"
            raise Refused(
                f"The user {user} cannot create or write the state folder {self.root}: {there} is not writable.",
                reason="forbidden",
                hint=f"{fix} (or name another folder in app_state_dir).",
            )

    def path_of(self, name: str) -> Path:
        """Where a file or a folder of the store is; refuses a name that leads out of it."""
        parts = name.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise Refused(f"The state in {self.root} has no place for {name!r}.", hint="Check the id that was given.")
        return self.root.joinpath(*parts)

    def read(self, name: str) -> dict[str, Any] | None:
        """A JSON file below the folder, None where there is none; refuses what nothing can be decided by."""
        _files.refuse_unsafe(self.root, _files.STATE)
        path = self.path_of(name)
        try:
            content = _files.read_bytes(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _schema.BadState(str(path), f"it cannot be read ({error.strerror})") from error
        return _schema.parsed(content, name, str(path))

    def readable(self, kind: str, file: str) -> tuple[dict[str, dict[str, Any]], dict[str, OpsError]]:
        """The same JSON file of everything in ``releases`` or ``backups``, oldest first; and why the others cannot be
        read."""
        found: dict[str, dict[str, Any]] = {}
        bad: dict[str, OpsError] = {}
        for name in self.folders(kind):
            try:
                data = self.read(f"{kind}/{name}/{file}")
            except Refused as error:
                bad[name] = error
                continue
            if data is not None:
                found[name] = data
        return found, bad

    def write(self, name: str, data: Mapping[str, Any], *, token: int | None = None) -> None:
        """Write a JSON file atomically; with ``token``, only for the holder of that lease."""
        with self.locked():
            if token is not None:
                _lease.check(self.lease(), token)
            self._write(name, data)

    def _write(self, name: str, data: Mapping[str, Any]) -> None:
        # one name under one lock
        _files.write_text(self.path_of(name), document(data))

    def folders(self, kind: str) -> list[str]:
        """The names below ``releases``, ``backups`` or ``evidence``, oldest first."""
        _files.refuse_unsafe(self.root, _files.STATE)
        folder = self.root / kind
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []

    def remove(self, kind: str, name: str, *, token: int) -> None:
        """Take one of those folders away, for the holder of the lease."""
        with self.locked():
            _lease.check(self.lease(), token)
            shutil.rmtree(self.path_of(f"{kind}/{name}"))

    def audit(self, event: str, **details: Any) -> None:
        """Add a line to the audit trail."""
        self.create()
        line = json.dumps({"at": _times.iso(time.time()), "event": event, **details}, sort_keys=True)
        path = self.root / "audit.jsonl"
        with open(_files.opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    # the lease

    def lease(self) -> _lease.Lease | None:
        """The lease as it stands."""
        data = self.read("lease.json")
        return None if data is None else _lease.Lease.from_dict(data)

    def _last_token(self) -> int:
        """The greatest token that is known beside the lease: the next one has to be greater."""
        tokens = [0]
        with contextlib.suppress(Refused):
            tokens.append((self.read("operation.json") or {"token": 0})["token"])
        with contextlib.suppress(Refused, OSError):
            tokens += _schema.tokens_in(_files.read_end(self.root / "audit.jsonl", _AUDIT_END))
        return max(tokens)

    def try_acquire(self, *, holder: str, purpose: str, kind: str = _lease.OPERATION, ttl: float) -> _lease.Lease:
        """Take the lease now or raise LeaseHeld."""
        with self.locked():
            found, now = self.lease(), time.time()
            mine = _lease.acquire(found, holder=holder, purpose=purpose, kind=kind, ttl=ttl, now=now)
            if found is None:  # the first one, or it was moved away
                mine = replace(mine, token=1 + self._last_token())
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
        """Take a lease away from its holder, and write down who did and why. One that cannot be read is moved aside."""
        with self.locked():
            try:
                found, problem = self.lease(), ""
            except Refused as error:
                found, problem = _lease.unreadable(1 + self._last_token(), time.time()), error.message
                os.replace(self.root / "lease.json", self.root / f"lease.json.{time.time_ns()}.damaged")
            if found is None or not found.is_held(time.time()):
                return None
            self._write("lease.json", _lease.release(found, found.token).as_dict())
        self.audit(
            "lease unlocked", by=by, reason=reason, was=found.as_dict(), **({"found": problem} if problem else {})
        )
        return found
