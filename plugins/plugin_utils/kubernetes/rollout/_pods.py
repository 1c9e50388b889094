# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a pod, by name, and whether waiting may still help: pure functions over the API's JSON.

Most reasons are final at once. Three may pass by themselves and get some patience:

- a pull that failed for a reason that is not definite (a registry that is slow, busy or just restarting); a definite
  answer (no such image, no permission) is final at the first attempt;
- a pod that cannot be scheduled: a pod that is just leaving may make room, a volume may still be bound;
- a configuration or a volume that the kubelet could not read in time.

The kubelet tries again 10 to 15 s after an attempt that failed, and says nothing new of the pod until then
(backOffPeriod and its jitter in its pod workers).

A probe that fails is not final at all: it is named when the time is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import excerpt

from ..api._objects import Object
from ._pulls import is_definite

PULLING = ("ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable")
_NEVER_PULLED = ("InvalidImageName", "ErrImageNeverPull", "SignatureValidationFailed")
_NOT_MADE = (
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
)
#: what a kubelet or a runtime says may hold anything
_LONGEST_DETAIL = 1000
_STARTING = ("ContainerCreating", "PodInitializing")
#: the kubelet did not get to it in time, which says nothing about the thing itself
_SLOW = re.compile(r"timed out|timeout|deadline exceeded|is already in use|connection refused|try again", re.IGNORECASE)
#: a claim as the scheduler misses it
_NO_CLAIM = re.compile(r"persistentvolumeclaim .{0,300}not found", re.IGNORECASE)
_NEVER_RAN = ("ContainerCannotRun", "StartError")
_MISSING = re.compile(
    r"(configmap|secret)s? .{0,300}not found|non-existent (config|secret) key|couldn't find key", re.IGNORECASE
)


@dataclass(frozen=True)
class Patience:
    """For how many seconds something may last that may pass by itself."""

    #: an autoscaler looks every ten seconds and says so only when it has decided
    unschedulable: float = 30.0
    #: for a registry: two more attempts of the kubelet
    pull: float = 35.0
    #: for a kubelet that was late itself: two more of its attempts
    kubelet: float = 35.0
    other: float = 10.0
    #: for a Secret or a ConfigMap that is not there, where somebody else may be about to make it
    missing: float = 0.0
    #: whether old pods of a Deployment that are on their way out are waited for; no Service sends to them any more
    until_gone: bool = True


@dataclass(frozen=True)
class Trouble:
    """What keeps a pod from being ready. ``patience`` is None where only the deadline ends it."""

    reason: str
    detail: str
    pod: str
    container: str = ""
    final: bool = False
    patience: float | None = None
    #: the log that tells is the one of the container before this one
    previous: bool = False

    @property
    def weight(self) -> tuple[int, str]:
        """Sorts what decides first."""
        return (0 if self.final else 1 if self.patience is not None else 2), self.pod


def trouble_of(
    pod: Mapping[str, Any],
    events: Sequence[Object] = (),
    *,
    before: Mapping[str, int] | None = None,
    patience: Patience | None = None,
    is_job: bool = False,
) -> Trouble | None:
    """What is wrong with a pod; None for one that is ready and has kept running.

    ``events`` are the warnings about this pod. ``before`` has the restarts of each container (``uid/name``) which were
    there before anything was changed: they do not count. The pods of a Job may crash, it counts them itself.
    """
    look = _Look(pod, events, before or {}, patience or Patience(), is_job)
    return min(look.troubles(), key=lambda one: one.weight, default=None)


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod serves: ready, and not on its way out."""
    return condition(pod, "Ready").get("status") == "True" and not is_leaving(pod)


def is_leaving(pod: Mapping[str, Any]) -> bool:
    """Whether somebody has asked for the pod to be deleted."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_over(pod: Mapping[str, Any]) -> bool:
    """Whether nothing of the pod runs any more; it may lie there for long (an evicted one does)."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def condition(thing: Mapping[str, Any], kind: str) -> Object:
    """One condition of an object; empty where it has none of that kind."""
    for one in (thing.get("status") or {}).get("conditions") or []:
        if one.get("type") == kind:
            return dict(one)
    return {}


def restarts_of(pod: Mapping[str, Any]) -> dict[str, int]:
    """How often each container was started again, by ``uid/name``."""
    uid = pod["metadata"]["uid"]
    return {f"{uid}/{status['name']}": status.get("restartCount", 0) for _, status in _statuses(pod)}


def _statuses(pod: Mapping[str, Any]) -> Iterator[tuple[str, Object]]:
    status = pod.get("status") or {}
    for one in status.get("initContainerStatuses") or []:
        yield "Init:", one
    for one in status.get("containerStatuses") or []:
        yield "", one


@dataclass(frozen=True)
class _Look:
    """One look at one pod."""

    pod: Mapping[str, Any]
    events: Sequence[Object]
    before: Mapping[str, int]
    patience: Patience
    is_job: bool

    def troubles(self) -> Iterator[Trouble]:
        if is_over(self.pod):
            status = self.pod["status"]
            if status["phase"] == "Failed" and not self.is_job:
                yield self._trouble(status.get("reason") or "Failed", status.get("message") or "the pod failed")
            return
        yield from self._scheduling()
        for prefix, status in _statuses(self.pod):
            found = self._container(prefix, status)
            if found is not None:
                yield found
        yield from self._mounts()
        yield from self._unready()

    def _trouble(self, reason: str, detail: str, container: str = "", **more: Any) -> Trouble:
        return Trouble(reason, excerpt(detail, _LONGEST_DETAIL), str(self.pod["metadata"]["name"]), container, **more)

    def _scheduling(self) -> Iterator[Trouble]:
        scheduled = condition(self.pod, "PodScheduled")
        if scheduled.get("status") == "False":
            reason, words = scheduled.get("reason", ""), scheduled.get("message", "")
            if reason == "Unschedulable" and _NO_CLAIM.search(words):
                # that of a StatefulSet is made together with its pod
                yield self._trouble("ClaimMissing", words, patience=self.patience.missing or self.patience.other)
            elif reason == "Unschedulable":
                # a volume is being made for its claim: how long that takes is up to its provisioner
                patience = None if "unbound immediate" in words else self.patience.unschedulable
                yield self._trouble(reason, words, patience=patience)
            else:
                yield self._trouble(reason or "NotScheduled", words or "no node was chosen yet")

    def _container(self, prefix: str, status: Object) -> Trouble | None:
        state = status.get("state") or {}
        crash = self._crash(prefix, status)
        if crash is not None:
            return crash
        waiting = state.get("waiting") or {}
        reason, words = waiting.get("reason", ""), waiting.get("message", "")
        name = status["name"]
        if reason in PULLING:
            return self._pulling(prefix, name, reason, words)
        if reason in _STARTING:  # the kubelet may tell of a pull before it tells of the container
            words = self._newest("Failed", "Failed to pull", name)
            pulling = self._pulling(prefix, name, "ErrImagePull", words) if words else None
            return pulling if pulling is not None and pulling.final else None
        if reason in _NEVER_PULLED:
            return self._trouble(f"{prefix}{reason}", words or status.get("image", ""), name, final=True)
        if reason in _NOT_MADE:
            patience = self.patience.kubelet if _SLOW.search(words) else self._until_made(words)
            return self._trouble(f"{prefix}{reason}", words, name, final=patience is None, patience=patience)
        return None

    def _crash(self, prefix: str, status: Object) -> Trouble | None:
        state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated") or {}
        waiting, runs = state.get("waiting") or {}, "running" in state
        backoff = waiting.get("reason") == "CrashLoopBackOff"
        ended = state.get("terminated") or last
        restarts = status.get("restartCount", 0) - self.before.get(f"{self.pod['metadata']['uid']}/{status['name']}", 0)
        # a kubelet that has lost what was before still knows that it backs off
        crashes = restarts if runs else restarts + (bool(ended) or backoff)
        if not (ended or backoff) or crashes < 1 or (ended.get("exitCode") == 0 and not backoff):
            return None
        reason = f"{prefix}{self._named(ended, crashes > 1 or backoff)}"
        story = self._story(ended, crashes) if ended else waiting.get("message", "")
        if ended.get("reason") in _NEVER_RAN and _SLOW.search(ended.get("message") or ""):
            return self._trouble(reason, story, status["name"], patience=self.patience.kubelet, previous=runs)
        is_definite = ended.get("reason") in ("OOMKilled", *_NEVER_RAN) or crashes > 1 or backoff
        return self._trouble(reason, story, status["name"], final=is_definite and not self.is_job, previous=runs)

    def _named(self, ended: Object, again: bool) -> str:
        if ended.get("reason") in ("OOMKilled", *_NEVER_RAN):
            return str(ended["reason"])
        return "CrashLoopBackOff" if again else "Error"

    def _story(self, ended: Object, crashes: int) -> str:
        how = f"exit code {ended.get('exitCode')}"
        if ended.get("reason") == "OOMKilled":
            how = f"killed for want of memory ({how})"
        elif ended.get("reason") in _NEVER_RAN:
            how = f"{ended.get('message') or 'it cannot be started'} ({how})"
        times = f", {crashes} times" if crashes > 1 else ""
        probe = self._newest("Unhealthy")
        return f"{how}{times}" + (f"; {probe}" if probe and ended.get("exitCode") in (0, 137, 143) else "")

    def _pulling(self, prefix: str, container: str, reason: str, words: str) -> Trouble:
        told = "" if words.startswith("Back-off") and "not found" not in words else words
        cause = told or self._newest("Failed", "pull", container) or words
        definite = is_definite(cause, has_login=bool((self.pod.get("spec") or {}).get("imagePullSecrets")))
        # one name for both, as they take turns
        name = f"{prefix}{reason if definite else 'ImagePullBackOff'}"
        patience = None if definite else self.patience.pull
        return self._trouble(name, cause, container, final=definite, patience=patience)

    def _mounts(self) -> Iterator[Trouble]:
        # the kubelet may tell of a volume before it tells of the containers
        states = [status.get("state") or {} for _, status in _statuses(self.pod)]
        starting = [(one.get("waiting") or {}).get("reason") in _STARTING for one in states]
        if (states and not any(starting)) or any("running" in one for one in states):
            return
        for reason in ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"):
            words = self._newest(reason)
            if words:
                patience = self._until_made(words)
                is_missing = reason == "FailedMount" and bool(_MISSING.search(words))
                yield self._trouble(reason, words, final=is_missing and patience is None, patience=patience)

    def _until_made(self, words: str) -> float | None:
        """How long what is missing may be missing, None where nobody is going to make it."""
        return self.patience.missing if self.patience.missing and _MISSING.search(words) else None

    def _unready(self) -> Iterator[Trouble]:
        ready = condition(self.pod, "Ready")
        if ready.get("status") == "True" or self.is_job:
            return
        for prefix, status in _statuses(self.pod):
            if not prefix and "running" in (status.get("state") or {}) and not status.get("ready"):
                words = self._newest("Unhealthy", container=status["name"])
                yield self._trouble("Unhealthy" if words else "NotReady", words or "it runs, not ready", status["name"])
        yield self._trouble("NotReady", ready.get("message") or "it has just been made")

    def _newest(self, reason: str, containing: str = "", container: str = "") -> str:
        """The newest warning of that name, about one container where one is named."""
        fitting = [
            one
            for one in self.events
            if one.get("reason") == reason
            and containing in one.get("message", "")
            and (not container or f"{{{container}}}" in (one["involvedObject"].get("fieldPath") or f"{{{container}}}"))
        ]
        return str(max(fitting, key=when)["message"]) if fitting else ""


def when(event: Mapping[str, Any]) -> str:
    """When an event was seen last, to the second; comparable as text."""
    series = event.get("series") or {}
    found = event.get("lastTimestamp") or series.get("lastObservedTime") or event.get("eventTime")
    return str(found or event["metadata"].get("creationTimestamp") or "")[:19]
