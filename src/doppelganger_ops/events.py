"""What happens during a run, as typed events: made from what ansible-runner reports, one host at a time."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from doppelganger_ops import installation
from doppelganger_ops.status import Status


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened; ``at`` is when, as ISO 8601."""

    at: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the name of the event."""
        return {"event": type(self).__name__, **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """Ansible has read the inventory and the playbook."""

    operation: str
    run: str


@dataclass(frozen=True, kw_only=True)
class HostEvent(Event):
    """Something that happened on one target."""

    host: str


@dataclass(frozen=True, kw_only=True)
class PhaseStarted(HostEvent):
    """A phase of the operation began."""

    phase: str


@dataclass(frozen=True, kw_only=True)
class PhaseFinished(HostEvent):
    """A phase ended as it should."""

    phase: str
    seconds: float
    changed: bool


@dataclass(frozen=True, kw_only=True)
class PhaseFailed(HostEvent):
    """A phase failed; ``kind`` is failed, refused, lease_held, lease_lost or unreachable, ``reason`` says why."""

    phase: str
    seconds: float
    kind: str
    error: str
    hint: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckPassed(HostEvent):
    """A check of the checklist passed."""

    name: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class CheckFailed(HostEvent):
    """A check did not pass; ``state`` is fail, inconclusive or error."""

    name: str
    state: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MetricMeasured(HostEvent):
    """A metric was checked; ``tier`` is the worst whose limit is passed, and empty where none is."""

    name: str
    state: str
    value: float | None
    unit: str
    tier: str
    limit: str


@dataclass(frozen=True, kw_only=True)
class Waiting(HostEvent):
    """A phase goes on; ``detail`` says what it waits for, where that is known."""

    phase: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class RolledBack(HostEvent):
    """The release that ran before runs again."""

    release: str | None
    message: str


@dataclass(frozen=True, kw_only=True)
class TargetFinished(HostEvent):
    """The operation ended on this target; ``reason`` says why where its status is not a good one."""

    status: Status
    message: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Line(Event):
    """A line that Ansible wrote beside its events: a table, a warning; ``level`` is info, warning or error."""

    level: str
    text: str


@dataclass(frozen=True, kw_only=True)
class RunFinished(Event):
    """The last event of every run that ran."""

    operation: str
    run: str
    status: Status
    message: str
    reason: str = ""


#: what a step is called in other places: the role and the file of its task
CALLED = {
    "rollback/previous": {"release_apply": "return", "release_verify": "verify return"},
    "rollback/stop": {"release_apply": "return"},
    "rollback/recover": {"release_apply": "recover"},
    "database/replace": {"release_apply": "stop"},
}


@dataclass
class _Host:
    """What is known of a host while the run goes on."""

    phase: str = ""
    began: str = ""
    waiting: str = ""
    finished: list[dict[str, Any]] = field(default_factory=list)


def _seconds(began: str, ended: str) -> float:
    try:
        return max(0.0, (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds())
    except ValueError:
        return 0.0


@functools.cache
def phases() -> Mapping[str, str]:
    """The steps that are phases, by the names of their modules, and what people call them: as the screen does."""
    words = installation.plugin_utils("screen._words")
    return {**words.PHASES, **words.TABLES}


def _phase_of(raw: Mapping[str, Any]) -> str:
    """What the phase is called that a task is; empty for one that is none."""
    step = str(raw.get("step") or "")
    return CALLED.get(str(raw.get("place")), {}).get(step) or phases().get(step, "")


class Translator:
    """From what ansible-runner reports to typed events; it also remembers the phases, for runs that are cut off."""

    def __init__(self, operation: str, run: str) -> None:
        self._operation = operation
        self._run = run
        self._hosts: dict[str, _Host] = {}

    def phases(self) -> Mapping[str, list[dict[str, Any]]]:
        """The phases of each host, the one that is under way as ``running``."""
        return {
            name: [*host.finished, *([{"name": host.phase, "state": "running"}] if host.phase else [])]
            for name, host in self._hosts.items()
        }

    def running(self) -> Iterator[tuple[str, str, str]]:
        """Each host that is in a phase now, the phase, and what it was last said to wait for."""
        return ((name, host.phase, host.waiting) for name, host in list(self._hosts.items()) if host.phase)

    def translate(self, raw: Mapping[str, Any]) -> Iterator[Event]:
        """The events that one report means."""
        name, at = raw["event"], str(raw.get("at") or "")
        if name == "playbook_on_start":
            yield RunStarted(at=at, operation=self._operation, run=self._run)
        elif "text" in raw:
            yield Line(at=at, level=raw["level"], text=raw["text"])
        elif raw.get("host"):
            yield from self._of_host(name, at, str(raw["host"]), raw)

    def _of_host(self, name: str, at: str, host: str, raw: Mapping[str, Any]) -> Iterator[Event]:
        known = self._hosts.setdefault(host, _Host())
        phase = _phase_of(raw)
        if name == "runner_on_start":
            if phase:
                known.phase, known.began, known.waiting = phase, at, ""
                yield PhaseStarted(at=at, host=host, phase=phase)
            return
        if name == "waits":
            known.waiting = raw["waiting"]
            yield Waiting(at=at, host=host, phase=known.phase, seconds=_seconds(known.began, at), detail=known.waiting)
            return
        if name == "runner_on_skipped" and phase:
            known.phase = ""  # it was not for this host
            return
        yield from self._checks(at, host, raw["res"])
        if name == "runner_on_failed" and not raw["ignored"]:
            yield from self._failed(known, at, host, raw, "failed")
        elif name == "runner_on_unreachable":
            yield from self._failed(known, at, host, raw, "unreachable")
        elif name == "runner_on_ok" and known.phase and phase:
            yield self._done(known, at, host, raw)
        yield from self._ended(at, host, raw["res"])

    def _done(self, known: _Host, at: str, host: str, raw: Mapping[str, Any]) -> Event:
        seconds = _seconds(known.began, at)
        phase, known.phase = known.phase, ""
        known.finished.append({"name": phase, "state": "ok", "seconds": round(seconds, 2)})
        return PhaseFinished(at=at, host=host, phase=phase, seconds=seconds, changed=bool(raw["res"].get("changed")))

    def _failed(self, known: _Host, at: str, host: str, raw: Mapping[str, Any], kind: str) -> Iterator[Event]:
        if not known.phase:
            return
        res, seconds = raw["res"], _seconds(known.began, at)
        phase, known.phase = str(res.get("phase") or known.phase), ""
        error = str(res.get("error") or res.get("msg") or res.get("censored") or "no message was given")
        known.finished.append({"name": phase, "state": "failed", "seconds": round(seconds, 2), "message": error})
        yield PhaseFailed(
            at=at, host=host, phase=phase, seconds=seconds, kind=str(res.get("kind") or kind), error=error,
            hint=str(res.get("hint") or ""), reason=installation.module_utils("core._errors").reason_of(res, kind),
        )  # fmt: skip

    def _checks(self, at: str, host: str, res: Mapping[str, Any]) -> Iterator[Event]:
        for check in res.get("checks") or []:
            if not isinstance(check, Mapping) or "state" not in check:
                continue
            name, state = str(check.get("name")), str(check["state"])
            if state == "pass":
                yield CheckPassed(at=at, host=host, name=name, seconds=float(check.get("elapsed_s") or 0))
            elif state != "skipped":
                yield CheckFailed(at=at, host=host, name=name, state=state, reason=str(check.get("reason")))

        for metric in res.get("metrics") or []:
            told = {name: metric[name] for name in ("name", "state", "value", "unit", "tier", "limit")}
            yield MetricMeasured(at=at, host=host, **told)

    def _ended(self, at: str, host: str, res: Mapping[str, Any]) -> Iterator[Event]:
        """That it is over on this host."""
        target = res.get("target")
        if isinstance(target, Mapping) and "status" in target:
            status, message = Status(target["status"]), str(target.get("message"))
            if status is Status.ROLLED_BACK:
                yield RolledBack(at=at, host=host, release=target.get("release_after"), message=message)
            reason = str(target.get("reason") or "")
            yield TargetFinished(at=at, host=host, status=status, message=message, reason=reason)
