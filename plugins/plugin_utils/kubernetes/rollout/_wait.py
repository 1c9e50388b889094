# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for workloads by watching them: what does not pass ends it at once, by name, with the last log lines."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.module_utils.core._progress import tell
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import last_lines

from ..api._errors import Conflict
from ..api._objects import WORKLOADS, Object, Ref, is_custom, ref_of
from ..api._watches import Source, Sources, Watchable
from ._hints import hint_for
from ._pods import Patience, is_leaving
from ._readiness import judge, judge_missing
from ._scene import Readiness, Scene, ready_before
from ._time import Draining, Pardons

#: how much of the log of a container that failed is shown
LOG_LINES = 20
_LOG_BYTES = 64 * 1024
#: nothing is due, so this only bounds how late a deadline is seen
_LONGEST = 5.0
#: in how many seconds a controller makes what its custom resource stands for
_MADE_WITHIN = 60.0
#: how the autoscaler of nodes and Karpenter say that a node is on its way
_SCALES = frozenset({"TriggeredScaleUp", "Nominated"})


def patience_with(objects: Sequence[Object]) -> Patience:
    """How long what may pass by itself gets: more for what is missing where others make some of it."""
    return Patience(missing=_MADE_WITHIN) if any(is_custom(one) for one in objects) else Patience()


class Waitable(Watchable, Protocol):
    """What is needed of a cluster for waiting."""

    def delete(
        self, api_version: str, kind: str, name: str, *, uid: str | None = None, propagation: str = "Background"
    ) -> bool:
        """Delete an object."""

    def log_end(self, pod: str, container: str, *, previous: bool = False, limit_bytes: int = 1_000_000) -> LogEnd:
        """Read the end of a log."""


class NotReady(OpsError):
    """A workload that is not going to be ready, or was not in time. ``data`` has ``readiness`` (plain data of each
    workload) and ``log`` (the last lines of the container that decided)."""

    reason = "start_timed_out"


def wait(
    cluster: Waitable,
    workloads: Sequence[Ref],
    timeout: float,
    *,
    redact: Callable[[str], str],
    patience: Patience | None = None,
    called: str = "release",
) -> list[Readiness]:
    """Watch until every workload is ready; raises NotReady at once for what does not pass, else after ``timeout``.

    Errors say what is waited for as it is ``called``. Call it after what it waits for was applied. ``redact`` takes
    secrets out of what containers and the cluster say. A pod of an older revision that blocks its StatefulSet
    is deleted: it has to go anyway, and its controller never does it by itself. Time in which nothing can start as an
    old pod is still within its grace period does not count; where all serve, old pods that still end are left to it.
    """
    return _Wait(cluster, workloads, timeout, redact, patience or Patience(), called).run()


def sources_for(workloads: Sequence[Ref]) -> list[Source]:
    """What has to be watched for these workloads."""
    kinds = sorted({ref.kind for ref in workloads})
    found = [Source(WORKLOADS[kind], kind) for kind in kinds if kind != "Pod"]
    found += [Source("v1", "Pod"), Source("v1", "Event", "type=Warning")]
    if set(kinds) - {"Job", "Pod"}:
        found += [Source("v1", "Service"), Source("v1", "Endpoints")]
    if "Deployment" in kinds and "ReplicaSet" not in kinds:
        found.append(Source("apps/v1", "ReplicaSet"))
    if "DaemonSet" in kinds:
        found.append(Source("apps/v1", "ControllerRevision"))
    return found


class _Wait:
    """One wait: since when which verdict has been the same, and what was done about it."""

    def __init__(
        self, cluster: Waitable, workloads: Sequence[Ref], timeout: float, redact: Callable[[str], str],
        patience: Patience, called: str,
    ) -> None:  # fmt: skip
        self._called = called
        self._cluster = cluster
        self._workloads = workloads
        self._done: dict[Ref, Readiness] = {}
        self._timeout = timeout
        self._started = time.monotonic()
        self._deadline = self._started + timeout
        self._pods: frozenset[str] = frozenset()
        self._leaving_for = 0.0
        self._redact = redact
        self._patience = patience
        self._before: dict[str, int] | None = None
        self._since: dict[tuple[str, ...], float] = {}
        self._scaling: set[str] = set()
        self._deleted: set[str] = set()
        self._draining = Draining()
        self._pardons = Pardons()

    def run(self) -> list[Readiness]:
        """Watch and judge until it is decided."""
        if not self._workloads:
            return []
        verdicts: list[Readiness] = []
        with Sources(self._cluster, sources_for(self._workloads)) as sources:
            while time.monotonic() < self._deadline:
                sources.take(self._next_look(verdicts))
                if not sources.complete:
                    continue
                verdicts = self._judge(sources)
                if self._decide(verdicts) and not sources.errors:
                    return self._noted(verdicts)
                self._deadline += self._draining.held(verdicts, time.monotonic())
                tell(functools.partial(self._still_missing, verdicts))
            if not sources.errors and verdicts and self._all_serve(verdicts):
                return self._noted(verdicts)
            raise self._late(verdicts, list(sources.errors.values()))

    def _judge(self, sources: Sources) -> list[Readiness]:
        pods = sources.all("Pod")
        if self._before is None:
            self._before = ready_before(pods)
        self._note_leaving(pods)
        scene = Scene(
            pods, sources.all("ReplicaSet"), sources.all("ControllerRevision"), sources.all("Service"),
            sources.all("Endpoints"), sources.all("Event"), self._before, self._pardons.restarts, self._patience,
            self._leaving_for,
        )  # fmt: skip
        there = {ref_of(one): one for kind in {ref.kind for ref in self._workloads} for one in sources.all(kind)}
        verdicts = [self._verdict(ref, there.get(ref), scene) for ref in self._workloads]
        return self._pardons.given(verdicts, pods)

    def _verdict(self, ref: Ref, workload: Object | None, scene: Scene) -> Readiness:
        """A Job that is done stays done: the cluster may delete it while others are waited for."""
        if ref not in self._done:
            verdict = judge(workload, scene) if workload else judge_missing(str(ref))
            if ref.kind != "Job" or verdict.state != "ready":
                return verdict
            self._done[ref] = verdict
        return self._done[ref]

    def _note_leaving(self, pods: Sequence[Object]) -> None:
        there = frozenset(str(pod["metadata"]["uid"]) for pod in pods)
        if self._pods - there or any(is_leaving(pod) for pod in pods):
            self._leaving_for = time.monotonic() - self._started
        self._pods = there
        self._draining.see(pods, time.monotonic())

    def _decide(self, verdicts: Sequence[Readiness]) -> bool:
        """Whether everything is ready and has been for long enough."""
        now = time.monotonic()
        self._since = {_key(one): self._since.get(_key(one), now) for one in verdicts}
        for one in verdicts:
            if one.state == "failed" and _gets_room(one, verdicts):
                continue
            if one.state == "failed" or (self._is_due(one, now) and not self._may_scale(one)):
                raise self._failure(one, verdicts)
            if one.blocker is not None:
                self._unblock(one, one.blocker, verdicts)
        return all(one.state == "ready" and self._has_settled(one, now) for one in verdicts)

    def _has_settled(self, one: Readiness, now: float) -> bool:
        return now - self._since[_key(one)] >= one.settle

    def _all_serve(self, verdicts: Sequence[Readiness]) -> bool:
        now = time.monotonic()
        return all((one.serves or one.state == "ready") and self._has_settled(one, now) for one in verdicts)

    def _noted(self, verdicts: Sequence[Readiness]) -> list[Readiness]:
        """The verdicts in the end, each with all that is worth a note."""
        found = []
        for one in verdicts:
            crashed = self._pardons.note_of(one.workload)
            notes = [one.note, crashed, one.detail if one.serves else ""]
            note = self._redact("; ".join(filter(None, notes)))
            found.append(replace(one, note=note, pardoned=bool(crashed)))
        return found

    def _is_due(self, one: Readiness, now: float) -> bool:
        return one.state == "waiting" and one.patience is not None and now - self._since[_key(one)] >= one.patience

    def _next_look(self, verdicts: Sequence[Readiness]) -> float:
        now = time.monotonic()
        due = [self._deadline - now, _LONGEST]
        for one in verdicts:
            allowed = one.settle if one.state == "ready" else one.patience
            left = (allowed or 0.0) - (now - self._since[_key(one)])
            if left > 0:
                due.append(left)
        return max(0.0, min(due))

    def _may_scale(self, one: Readiness) -> bool:
        """Whether the cluster is adding a node for the pod that could not be scheduled."""
        if one.reason != "Unschedulable":
            return False
        if one.pod not in self._scaling:
            found, _ = self._cluster.list("v1", "Event", fields=f"involvedObject.name={one.pod}")
            if any(event.get("reason") in _SCALES for event in found):
                self._scaling.add(one.pod)
        return one.pod in self._scaling

    def _unblock(self, one: Readiness, pod: Object, verdicts: Sequence[Readiness]) -> None:
        uid = str(pod["metadata"]["uid"])
        if uid in self._deleted:
            return
        self._deleted.add(uid)
        try:
            with suppress(Conflict):
                self._cluster.delete("v1", "Pod", one.pod, uid=uid)
        except Refused as error:
            raise NotReady(
                f"The {self._called} failed to start: {self._redact(one.words)}.",
                reason="start_failed",
                hint=f"Delete the pod {one.pod}, or give this login the right to: {error.message}",
                readiness=self._data(verdicts),
                log=[],
            ) from error

    # what is said

    def _still_missing(self, verdicts: Sequence[Readiness]) -> str:
        return self._redact("; ".join(one.words for one in verdicts if one.state != "ready"))

    def _failure(self, one: Readiness, verdicts: Sequence[Readiness]) -> NotReady:
        log = self._last_lines(one)
        said = f" Its last line: {log[-1]}" if log else ""
        return NotReady(
            f"The {self._called} failed to start: {self._redact(one.words)}.{said}",
            reason="start_failed",
            hint=hint_for(one, "The evidence has its log."),
            readiness=self._data([one, *(other for other in verdicts if other is not one)]),
            log=log,
        )

    def _late(self, verdicts: Sequence[Readiness], errors: Sequence[OpsError]) -> OpsError:
        if errors:  # what was seen last may be old
            return errors[0]
        missing = [one for one in verdicts if one.state != "ready"] or list(verdicts)
        words = "; ".join(one.words for one in missing) or "nothing was seen of it"
        late = "See the log in the evidence, or raise app_start_timeout."
        return NotReady(
            f"The {self._called} did not become ready within {self._timeout:g} s: {self._redact(words)}.",
            hint=hint_for(missing[0], late) if missing else late,
            readiness=self._data(verdicts),
            log=self._last_lines(missing[0]) if missing else [],
        )

    def _last_lines(self, one: Readiness) -> list[str]:
        if not one.pod or not one.container:
            return []
        for previous in (one.previous, not one.previous):
            with suppress(OpsError):
                end = self._cluster.log_end(one.pod, one.container, previous=previous, limit_bytes=_LOG_BYTES)
                found = last_lines(self._redact(end.text), LOG_LINES, end.was_cut)
                if found:
                    return found
        return []

    def _data(self, verdicts: Sequence[Readiness]) -> list[dict[str, Any]]:
        return [{key: self._redact(text) for key, text in one.as_data().items()} for one in verdicts]


def _gets_room(one: Readiness, verdicts: Sequence[Readiness]) -> bool:
    """Whether a quota is exceeded only until another workload has come up and its old pods have gone."""
    return one.reason == "QuotaExceeded" and any(other.makes_room for other in verdicts if other is not one)


def _key(one: Readiness) -> tuple[str, ...]:
    if one.state == "ready":
        return one.workload, "ready"
    return one.workload, one.state, one.reason, one.pod, one.container
