"""Looks as a dashboard takes them: outcomes of the verbs that it asks, and a clock that goes when it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doppelganger_ops.board import Board
from doppelganger_ops.result import Known, Outcome, RunInfo, Target
from doppelganger_ops.status import Status
from tests.unit.api.scripted import check, target
from tests.unit.support.making import record_file

BEGAN = 1_790_000_000.0
RUN = RunInfo("run", "2026-11-25T10:00:00Z", 1.0, 0)
RELEASE = record_file(
    operator="ann@desk", created="2026-11-25T09:00:00Z", activated="2026-11-25T09:01:00Z", finished=None
)
KNOWN = {"current": "0001-v1", "releases": [RELEASE], "backups": [], "lease": None, "interrupted": None, "table": [],
         "drift": [], "unseen": ""}  # fmt: skip


class Clock:
    """Seconds since 1970."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now


def metric(name: str = "error_rate", value: float | None = 0.0, tier: str = "", **more: Any) -> dict[str, Any]:
    """A metric as it is published; without a value it could not be checked."""
    state = "error" if value is None else "fail" if tier else "pass"
    samples = [] if value is None else [{"at": 1.0, "value": value}, {"at": 2.0, "value": value}]
    return {
        "name": name, "title": "Error rate", "group": "application", "unit": "percent", "state": state, "tier": tier,
        "priority": "P1" if tier else "", "value": value, "series": "",
        "limits": {"critical": {"above": 10.0}, "warning": {"above": 1.0}}, "limit": "> 1" if tier else "",
        "trend": "steady", "reason": "" if state == "pass" else "it is so", "source": "openmetrics", "query": "q",
        "samples": samples, "history": [], "remedy": "Go back." if tier else "", "page": "docs/metrics.md#error_rate",
        **more,
    }  # fmt: skip


def outcome(verb: str, targets: Mapping[str, Any], status: Status = Status.UNCHANGED) -> Outcome[Any]:
    """How a verb ended."""
    return Outcome(verb, status, False, "It so ended.", "", RUN, targets)


def verified(*checks: Mapping[str, Any]) -> Target:
    """A target that was verified."""
    return Target.from_dict(target(operation="verify", status="unchanged", checks=list(checks or [check()])))


def measured(*metrics: Mapping[str, Any], status: str = "unchanged") -> Target:
    """A target that was measured."""
    return Target.from_dict(target(operation="monitor", status=status, checks=[], metrics=list(metrics or [metric()])))


def known(**changes: Any) -> Known:
    """A target that was asked for its releases."""
    return Known.from_dict({**KNOWN, **changes})


GOOD: Mapping[str, Any] = {"releases": known(), "verify": verified(), "monitor": measured()}
LOST: Mapping[str, Any] = {
    "releases": Known(Status.UNREACHABLE, "No route to host.", "See the network."),
    **{verb: Target(Status.UNREACHABLE, verb, "No route to host.", "See the network.", was_cut_off=True)
       for verb in ("verify", "monitor")},
}  # fmt: skip


class Watched:
    """A board with a clock of its own, and rounds that take no time."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.board = Board(every=10, clock=self.clock, **options)

    def round(self, host: str = "app", seconds: float = 10, **looks: Any) -> dict[str, Any]:
        """Some seconds later each verb has looked, at a target that is good but for what is given; what it is then."""
        self.clock.now += seconds
        for verb, found in {**GOOD, **looks}.items():
            self.board.began(verb)
            self.board.took(verb, outcome(verb, {host: found}))
        return self.target(host)

    def target(self, host: str = "app") -> dict[str, Any]:
        """What is known of a target."""
        found: dict[str, Any] = self.board.to_dict()["targets"][host]
        return found
