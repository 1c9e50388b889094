# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state of an application in a cluster, as Secrets and a Lease of its namespace; ``_layout`` has the layout.

The interface is that of ``_folder.Store``, and who gets the lease is decided by ``_lease``, as there. Instead of one
lock, each write carries the version that was read (optimistic), and is decided again where somebody else was faster.

Fencing: a write for a token reads the object, then the lease, then writes on condition that the object has not changed
since it was read. An operation that takes a lease from a holder that may be alive first marks every object with the new
token, so that a write which the old one has begun fails, however late it comes.

Clocks: expiry is renewTime + duration against the API server's clock, which the ``Date`` of its answers tells to the
second, so a controller's own clock may be wrong. Assumed is that several API servers of one cluster agree within a few
seconds, and that a lease lasts much longer than that.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NoReturn
from uuid import uuid4

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _times
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import LeaseLost, OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.state import _lease
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.module_utils.state._lease import Lease
from ansible_collections.doppelganger.ops.plugins.module_utils.state._schema import BadState, parsed

from ..api._errors import Conflict, NotFound, Unreachable
from ..api._namespace import Cluster
from . import _layout as state

#: how long a write is decided again while others are faster, in seconds
_PATIENCE = 30.0
_LEASE = ("coordination.k8s.io/v1", "Lease")
_SECRET = ("v1", "Secret")
_TRAIL = "audit.jsonl"
Object = dict[str, Any]


class KubeStore(Store):
    """The state of one application in one namespace. What it raises beyond Store's errors is what Cluster raises."""

    def __init__(self, cluster: Cluster, app: str) -> None:
        super().__init__(f"{cluster.namespace}/{state.object_name(app)}")  # how messages call it; it is no folder
        self.cluster = cluster
        self.app = app

    def locked(self) -> NoReturn:
        """There is no lock over several writes in a cluster."""
        raise NotImplementedError

    def create(self) -> None:
        """Nothing has to be there before the first write."""

    def read(self, name: str) -> dict[str, Any] | None:
        """A JSON file of the store, None where there is none."""
        if name == "lease.json":
            lease = self.lease()
            return lease.as_dict() if lease else None
        kind, item, _ = state.place_of(name)
        secret = self._secret(kind, item)
        return None if secret is None else self._parsed(secret, name)

    def readable(self, kind: str, file: str) -> tuple[dict[str, dict[str, Any]], dict[str, OpsError]]:
        """The same JSON file of everything in ``releases``, ``backups`` or ``evidence``, oldest first, in one go; and
        why the others cannot be read."""
        secrets, _ = self.cluster.list(*_SECRET, labels=self._labels(kind))
        found: dict[str, dict[str, Any]] = {}
        bad: dict[str, OpsError] = {}
        for item, secret in sorted(self._items(secrets)):
            try:
                data = self._parsed(secret, f"{kind}/{item}/{file}")
            except Refused as error:
                bad[item] = error
                continue
            if data is not None:
                found[item] = data
        return found, bad

    def write(self, name: str, data: Mapping[str, Any], *, token: int | None = None) -> None:
        """Write a JSON file; with ``token``, only for the holder of that lease. OpsError where it is too large."""
        kind, item, key = state.place_of(name)
        self._put(kind, item, key, lambda _: state.as_json(data), token)

    def folders(self, kind: str) -> list[str]:
        """The names below ``releases``, ``backups`` or ``evidence``, oldest first."""
        found, _ = self.cluster.list(*_SECRET, labels=self._labels(kind), only_metadata=True)
        return sorted(item for item, _ in self._items(found))

    def _items(self, found: Iterable[Object]) -> list[tuple[str, Object]]:
        named = [(state.item_of(one, self.app), one) for one in found]
        return [(item, one) for item, one in named if item]

    def remove(self, kind: str, name: str, *, token: int) -> None:
        """Take one of those away, for the holder of the lease; one that is gone already is no error."""
        while True:
            found = self._secret(state.KINDS[kind], name)
            self._refuse_late(found, token)
            if found is None:
                return
            about = found["metadata"]
            with suppress(Conflict):  # it was written meanwhile, perhaps by the next holder: look again
                self.cluster.delete(*_SECRET, about["name"], uid=about["uid"], version=about["resourceVersion"])
                return

    def audit(self, event: str, **details: Any) -> None:
        """Add a line to the audit trail; the last 500 are kept."""
        line = json.dumps({"at": _times.iso(self.cluster.now()), "event": event, **details}, sort_keys=True)
        self._put("audit", "", _TRAIL, lambda found: state.with_line(state.trail_of(found, _TRAIL), line), None)

    # the lease

    def lease(self) -> Lease | None:
        """The lease as it stands."""
        found = self._lease_object()
        return state.lease_from(found) if found else None

    def try_acquire(self, *, holder: str, purpose: str, kind: str = _lease.OPERATION, ttl: float) -> Lease:
        """Take the lease now or raise LeaseHeld."""
        before: list[Object | None] = []

        def decide(found: Object | None) -> Object:
            before.append(found)
            lease = state.lease_from(found) if found else None
            now = self.cluster.now()
            mine = _lease.acquire(lease, holder=holder, purpose=purpose, kind=kind, ttl=ttl, now=now)
            if found is None:  # the first one, or somebody has deleted it: tokens only grow
                mine = replace(mine, token=1 + self._last_token())
            after = state.lease_object(mine, self.app, found)
            after["metadata"]["annotations"][state.CLAIM] = uuid4().hex
            return after

        mine = state.lease_from(self._decided(decide))
        if state.may_be_alive(before[-1]):
            self._fence(mine.token)
        self.audit("lease acquired", holder=holder, purpose=purpose, kind=kind, token=mine.token)
        return mine

    def renew(self, token: int, ttl: float) -> None:
        """Push the expiry out."""
        self._changed(lambda lease: _lease.renew(lease, token, ttl, self.cluster.now()))

    def release(self, token: int) -> None:
        """Give the lease back."""
        self._changed(lambda lease: _lease.release(lease, token))
        self.audit("lease released", token=token)

    def unlock(self, *, by: str, reason: str) -> Lease | None:
        """Take a lease away from its holder, and write down who did and why."""
        was: list[Lease] = []
        problem: list[str] = []

        def decide(found: Object | None) -> Object | None:
            try:
                lease = state.lease_from(found) if found else None
            except BadState as error:
                token = max(state.token_in(found or {}), self._last_token())
                lease, problem[:] = _lease.unreadable(1 + token, self.cluster.now()), [error.problem]
            if lease is None or not lease.is_held(self.cluster.now()):
                return None
            was[:] = [lease]
            after = state.lease_object(_lease.release(lease, lease.token), self.app, found)
            after["metadata"]["annotations"][state.TAKEN_AWAY] = "true"
            return after

        if not self._swap(self._lease_object, decide):
            return None
        self.audit(
            "lease unlocked", by=by, reason=reason, was=was[0].as_dict(), **({"found": problem[0]} if problem else {})
        )
        return was[0]

    def _last_token(self) -> int:
        return max(map(state.written_by, self._marked()), default=0)

    def _lease_object(self) -> Object | None:
        return self.cluster.get(*_LEASE, state.object_name(self.app))

    def _changed(self, change: Callable[[Lease | None], Lease]) -> None:
        def decide(found: Object | None) -> Object:
            return state.lease_object(change(state.lease_from(found) if found else None), self.app, found)

        self._decided(decide)

    def _decided(self, decide: Callable[[Object | None], Object]) -> Object:
        after = self._swap(self._lease_object, decide)
        if after is None:
            raise AssertionError
        return after

    def _fence(self, token: int) -> None:
        """Mark everything with the token: what an earlier holder has read can no longer be written by it."""
        mark = {"metadata": {"annotations": {state.TOKEN: str(token)}}}
        for one in self._marked():
            if state.written_by(one) < token:
                with suppress(NotFound):
                    self.cluster.patch(*_SECRET, one["metadata"]["name"], mark)

    def _marked(self) -> list[Object]:
        """Everything that is written for a token, without what is in it."""
        labels = f"{state.APPLICATION}={self.app},{state.KIND},{state.KIND}!=audit"
        return self.cluster.list(*_SECRET, labels=labels, only_metadata=True)[0]

    # reading, deciding, writing

    def _put(self, kind: str, item: str, key: str, content: Callable[[Object], bytes], token: int | None) -> None:
        def decide(found: Object | None) -> Object:
            if token is not None:
                self._refuse_late(found, token)
            secret = found or state.empty_secret(self.app, kind, item)
            return state.with_file(secret, key, content(secret), token)

        written = self._swap(lambda: self._secret(kind, item), decide)
        if token is not None and written and "resourceVersion" not in written["metadata"]:
            self._take_back_late(written, token)

    def _secret(self, kind: str, item: str) -> Object | None:
        name = state.object_name(self.app, kind, item)
        found = self.cluster.get(*_SECRET, name)
        if found is not None and (found["metadata"].get("labels") or {}).get(state.APPLICATION) != self.app:
            raise Refused(
                f"Expected the Secret {name} in {self.cluster.namespace} to be the state of {self.app}, found another.",
                reason="object_of_another",
                hint=f"Give it another name, or the label {state.APPLICATION}={self.app} back.",
            )
        return found

    def _refuse_late(self, found: Object | None, token: int) -> None:
        """Refuse an operation that no longer holds the lease; asked after the object was read: see Fencing above."""
        lease = _lease.check(self.lease(), token)
        if found is not None and state.written_by(found) > token:
            _lease.check(replace(lease, token=state.written_by(found)), token)

    def _take_back_late(self, written: Object, token: int) -> None:
        """A new object carries no mark that could have stopped it, so its maker checks once more."""
        try:
            _lease.check(self.lease(), token)
        except LeaseLost:
            found = self.cluster.get(*_SECRET, written["metadata"]["name"])
            if found is not None and state.written_by(found) == token:
                about = found["metadata"]
                with suppress(Conflict):
                    self.cluster.delete(*_SECRET, about["name"], uid=about["uid"], version=about["resourceVersion"])
            raise

    def _swap(
        self, read: Callable[[], Object | None], decide: Callable[[Object | None], Object | None]
    ) -> Object | None:
        """Write what ``decide`` makes of what is there, again while others are faster; None where that is nothing.

        A write whose answer was lost is found again by its content, and counts.
        """
        deadline = time.monotonic() + _PATIENCE
        sent: Object | None = None
        while True:
            found = read()
            if sent is not None and found is not None and state.is_same(found, sent):
                return sent
            sent = decide(found)
            if sent is None:
                return None
            try:
                (self.cluster.create if found is None else self.cluster.replace)(sent)
            except (Conflict, NotFound, Unreachable) as error:
                if isinstance(error, Unreachable) and found is not None:
                    raise
                if time.monotonic() > deadline:
                    raise self._outrun(sent) from error
                time.sleep(random.uniform(0.005, 0.05))  # noqa: S311  # it only keeps writers apart
            else:
                return sent

    def _outrun(self, sent: Object) -> OpsError:
        return OpsError(
            f"{sent['metadata']['name']} in {self.cluster.namespace} could not be written for {_PATIENCE:.0f} s: "
            "another client changed it each time.",
            reason="conflict",
            hint="Find out who else writes it, then re-run.",
        )

    def _labels(self, kind: str) -> str:
        return f"{state.APPLICATION}={self.app},{state.KIND}={state.KINDS[kind]}"

    def _parsed(self, secret: Object, name: str) -> dict[str, Any] | None:
        key = state.place_of(name)[2]
        where = f"{key} of the Secret {secret['metadata']['name']} in {self.cluster.namespace}"
        try:
            content = state.file_of(secret, key)
        except ValueError as error:
            raise BadState(where, "it cannot be unpacked") from error
        return None if content is None else parsed(content, name, where)
