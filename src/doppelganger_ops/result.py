"""What a run ended with, as frozen dataclasses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from doppelganger_ops import schemas
from doppelganger_ops.errors import NotSuccessful, UnexpectedResult
from doppelganger_ops.published import Known as Known
from doppelganger_ops.published import LeaseChange as LeaseChange
from doppelganger_ops.published import Monitoring as Monitoring
from doppelganger_ops.published import Preparation as Preparation
from doppelganger_ops.published import known_fields, plain
from doppelganger_ops.status import Status

SCHEMA = 1


@dataclass(frozen=True)
class Phase:
    """A named step of an operation, and how long it took."""

    name: str
    state: str
    started: str | None = None
    seconds: float | None = None
    message: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Phase:
        """Read what was published."""
        return cls(**known_fields(cls, data))


@dataclass(frozen=True)
class Check:
    """The verdict on one check; ``state`` is pass, fail, inconclusive, error or skipped."""

    name: str
    kind: str
    severity: str
    state: str
    reason: str
    latency_ms: float | None
    attempts: int
    elapsed_s: float
    observed: Mapping[str, Any]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Check:
        """Read what was published."""
        return cls(**known_fields(cls, data))


@dataclass(frozen=True)
class Metric:
    """What one metric is now; ``state`` is as that of a check, ``tier`` the worst whose limit is passed."""

    name: str
    title: str
    group: str
    unit: str
    state: str
    tier: str
    priority: str
    value: float | None
    series: str
    limits: Mapping[str, Mapping[str, float]]
    limit: str
    trend: str
    reason: str
    source: str
    query: str
    samples: Sequence[Mapping[str, Any]]
    history: Sequence[Sequence[float]]
    remedy: str
    page: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Metric:
        """Read what was published."""
        return cls(**known_fields(cls, data))


@dataclass(frozen=True)
class Failure:
    """What failed, in which phase, and the checks as they were then."""

    kind: str
    phase: str
    error: str
    hint: str
    checks: tuple[Check, ...] = ()
    checklist: str = ""
    #: why, as a code of docs/reasons.md; empty in results of earlier versions
    reason: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Failure:
        """Read what was published."""
        return cls(**{**known_fields(cls, data), "checks": tuple(map(Check.from_dict, data["checks"]))})


@dataclass(frozen=True)
class Interrupted:
    """An operation that was cut off before and that this run recovered from."""

    operation: str
    release: str | None
    started: str
    phase: str


@dataclass(frozen=True)
class Target:
    """How it ended on one inventory host.

    Where a run was cut off before the target could say so itself, ``was_cut_off`` is true, and only status, message,
    hint and the phases that were seen are known.
    """

    status: Status
    operation: str
    message: str
    hint: str = ""
    changed: bool = False
    version: str | None = None
    release: str | None = None
    release_before: str | None = None
    release_after: str | None = None
    phases: tuple[Phase, ...] = ()
    checks: tuple[Check, ...] = ()
    checklist: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()
    schema_moved: bool | None = None
    backup: str | None = None
    evidence: str | None = None
    recovered: Interrupted | None = None
    reasons: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    check_mode: bool = False
    failure: Failure | None = None
    reason: str = ""
    #: application, environment, operator and reason of the run
    about: Mapping[str, str] = field(default_factory=dict)
    was_cut_off: bool = False
    #: as it was published
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Target:
        """Read what was published for one host."""
        made: dict[str, Any] = {
            **known_fields(cls, data),
            "status": Status(data["status"]),
            "phases": tuple(map(Phase.from_dict, data["phases"])),
            "checks": tuple(map(Check.from_dict, data["checks"])),
            "recovered": Interrupted(**known_fields(Interrupted, data["recovered"])) if data["recovered"] else None,
            "failure": Failure.from_dict(data["failure"]) if data["failure"] else None,
            "metrics": tuple(map(Metric.from_dict, data.get("metrics") or ())),
            "raw": data,
        }
        for name in ("checklist", "reasons", "services"):
            made[name] = tuple(data[name])
        return cls(**made)

    def to_dict(self) -> dict[str, Any]:
        """What the schema describes: what was published, or what is known of a target that was cut off."""
        if not self.was_cut_off:
            return dict(self.raw)
        found = plain(self)
        phases = [{name: value for name, value in phase.items() if value is not None} for phase in found["phases"]]
        return {
            **{name: found[name] for name in ("status", "operation", "message", "hint", "reason")},
            "phases": phases,
        }


@dataclass(frozen=True)
class RunInfo:
    """The run itself: how long it took, how the process ended, and where its folder is if it was kept."""

    id: str
    started: str
    seconds: float
    exit_code: int | None
    folder: str | None = None
    #: processes that could not be ended with it, as ``pid: command``; there should be none
    survivors: tuple[str, ...] = ()


T = TypeVar("T", Target, Known, LeaseChange, Preparation, Monitoring)


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What a run ended with: a status, a sentence, what to do next, and each target's own result."""

    operation: str
    status: Status
    changed: bool
    message: str
    hint: str
    run: RunInfo
    targets: Mapping[str, T]
    #: why it is not a good one, as a code of docs/reasons.md; empty where it is
    reason: str = ""

    def raise_for_status(self) -> Outcome[T]:
        """Raise :class:`~doppelganger_ops.errors.NotSuccessful` where the status is not a good one."""
        if not self.status.is_good:
            raise NotSuccessful(self)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Plain data, checked against ``schemas/run.schema.json``."""
        found = {
            "schema": SCHEMA,
            "operation": self.operation,
            "status": self.status.value,
            "changed": self.changed,
            "message": self.message,
            "hint": self.hint,
            "reason": self.reason,
            "run": plain(self.run),
            "targets": {name: target.to_dict() for name, target in self.targets.items()},
        }
        wrong = schemas.problems("run", found)
        if wrong:
            raise UnexpectedResult(f"The result is not what its schema describes: {'; '.join(wrong)}.", found)
        return found

    def to_json(self, *, indent: int | None = None) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)


Result = Outcome[Target]
Releases = Outcome[Known]
LeaseResult = Outcome[LeaseChange]
Prepared = Outcome[Preparation]
Observed = Outcome[Monitoring]
