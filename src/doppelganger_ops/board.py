"""What a dashboard knows: what each target showed last and when, and how its metrics went. All of it in memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from doppelganger_ops import installation
from doppelganger_ops._board_state import judged
from doppelganger_ops.events import CheckFailed, CheckPassed, Event, HostEvent, MetricMeasured
from doppelganger_ops.result import Known, Metric, Outcome, Target

SCHEMA = 1
#: the verbs that a dashboard asks; each only looks
LOOKS = ("releases", "verify", "monitor")
#: how many values of a metric are kept
MOST_POINTS = 480
#: the tiers of limits, the worst first
TIERS = ("critical", "warning", "info")
#: of a release record
RELEASE = ("id", "version", "status", "created", "activated", "operator", "reason", "message")
#: when something is so old that it says nothing of now: after so many rounds, and never before so many seconds
ROUNDS, SECONDS = 3, 60.0


@dataclass
class Look:
    """How the last look at a target ended, and what the last one that saw something has shown."""

    status: str = ""
    message: str = "It was not checked yet."
    hint: str = ""
    at: float | None = None
    seen: float | None = None
    data: Any = None


@dataclass
class Round:
    """How the last run of a verb ended; ``error`` where it could not look at all."""

    started: float | None = None
    ended: float | None = None
    error: str = ""
    hint: str = ""


@dataclass
class Standing:
    """What is known of one target."""

    looks: dict[str, Look] = field(default_factory=lambda: {verb: Look() for verb in LOOKS})
    points: dict[str, deque[tuple[float, float]]] = field(default_factory=dict)
    #: metric -> tier -> since when the limit of that tier has been passed, as far as it was seen
    since: dict[str, dict[str, float]] = field(default_factory=dict)
    #: what the metrics of ``since`` showed when they were last seen beyond a limit, and when that was
    beyond: dict[str, tuple[Metric, float]] = field(default_factory=dict)


class Board:
    """Everything that is known, changed by looks and read by any number of readers."""

    def __init__(self, *, every: float, grafana: str | None = None, clock: Callable[[], float] = time.time) -> None:
        self._every = every
        self._grafana = grafana
        self._clock = clock
        self._began = clock()
        self._targets: dict[str, Standing] = {}
        self._rounds = {verb: Round() for verb in LOOKS}
        self._changed = threading.Condition()
        self._closed = False
        self._revision = 0

    # what looks tell

    def began(self, verb: str) -> None:
        """A run of a verb began."""
        with self._changed:
            self._rounds[verb].started = self._clock()

    def failed(self, verb: str, message: str, hint: str = "") -> None:
        """A run of a verb could not look at all."""
        with self._changed:
            one = self._rounds[verb]
            one.ended, one.error, one.hint = self._clock(), message, hint
            self._tell()

    def took(self, verb: str, outcome: Outcome[Any], events: Iterable[Event] = ()) -> None:
        """A run of a verb ended; its events say when each target was checked."""
        if not outcome.targets:
            self.failed(verb, outcome.message, outcome.hint)
            return
        moments = moments_of(events)
        with self._changed:
            now = self._clock()
            self._rounds[verb] = Round(self._rounds[verb].started, now)
            for host, target in outcome.targets.items():
                standing = self._targets.setdefault(host, Standing())
                _look(standing, verb, target, now, moments.get(host, now))
            self._tell()

    def close(self) -> None:
        """Say that nothing more comes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _tell(self) -> None:
        self._revision += 1
        self._changed.notify_all()

    # what readers get

    def wait(self, revision: int, timeout: float) -> tuple[int, bool]:
        """The present revision once it is another one, or the time is over; and whether more may come."""
        with self._changed:
            self._changed.wait_for(lambda: self._revision != revision or self._closed, timeout)
            return self._revision, not self._closed

    def to_dict(self) -> dict[str, Any]:
        """All of it, as ``schemas/dashboard.schema.json`` describes it."""
        with self._changed:
            now = self._clock()
            old = now - max(ROUNDS * self._every, SECONDS)
            return {
                "schema": SCHEMA,
                "revision": self._revision,
                "started": _iso(self._began),
                "now": _iso(now),
                "every": self._every,
                "grafana": self._grafana,
                "looks": {verb: _round(one) for verb, one in self._rounds.items()},
                "targets": {host: self._target(standing, old) for host, standing in sorted(self._targets.items())},
            }

    def _target(self, standing: Standing, old: float) -> dict[str, Any]:
        looks = {verb: self._look(verb, look, old) for verb, look in standing.looks.items()}
        known: Known | None = standing.looks["releases"].data
        verified: Target | None = standing.looks["verify"].data
        measured: Target | None = standing.looks["monitor"].data
        found = {
            "looks": looks,
            "current": known.current if known else None,
            "drift": list(known.drift) if known else [],
            "unseen": known.unseen if known else "",
            "about": next((dict(one.about) for one in (known, verified, measured) if one and one.about), {}),
            "releases": _releases(known) if known else [],
            "lease": dict(known.lease) if known and known.lease else None,
            "interrupted": dict(known.interrupted) if known and known.interrupted else None,
            "checks": verified.to_dict().get("checks", []) if verified else [],
            "metrics": measured.to_dict().get("metrics", []) if measured else [],
            "points": {name: [list(point) for point in points] for name, points in standing.points.items()},
            "alerts": _alerts(standing, looks["monitor"]["is_current"]),
        }
        state, reasons = judged(found)
        return {"state": state, "reasons": reasons, **found}

    def _look(self, verb: str, look: Look, old: float) -> dict[str, Any]:
        one = self._rounds[verb]
        is_old = look.seen is not None and look.seen < old
        message, hint = look.message, look.hint
        if one.error:
            message, hint = one.error, one.hint
        elif is_old and look.seen == look.at:
            message, hint = "The last check is too old.", ""
        return {
            "status": look.status,
            "message": message,
            "hint": hint,
            "at": _iso(look.at),
            "seen": _iso(look.seen),
            "is_current": look.seen is not None and look.seen == look.at and not one.error and not is_old,
        }


def moments_of(events: Iterable[Event]) -> dict[str, float]:
    """When each host was checked: the first of what its look has shown."""
    found: dict[str, float] = {}
    for event in events:
        if isinstance(event, (CheckPassed, CheckFailed, MetricMeasured)) and isinstance(event, HostEvent):
            found.setdefault(event.host, datetime.fromisoformat(event.at).timestamp())
    return found


def _look(standing: Standing, verb: str, target: Target | Known, now: float, moment: float) -> None:
    look = standing.looks[verb]
    look.status, look.message, look.hint, look.at = target.status.value, target.message, target.hint, moment
    if not _saw(target):
        look.at = now
        failure = target.failure if isinstance(target, Target) else None
        if failure:
            # without the verb's own words, so that several looks that fail alike say the same
            look.message, look.hint = failure.error, failure.hint
        return
    look.seen, look.data = moment, target
    if verb == "monitor" and isinstance(target, Target):
        for metric in target.metrics:
            _measured(standing, metric, moment)
        _forget(standing, {metric.name for metric in target.metrics})


def _saw(target: Target | Known) -> bool:
    """Whether it was checked, whatever was seen there."""
    if isinstance(target, Target):
        return bool(target.checks or target.metrics) or target.status.is_good
    return target.status.is_good


def _measured(standing: Standing, metric: Metric, moment: float) -> None:
    """Keep the values, and since when a limit is passed. ``moment`` is when the last of the values was seen."""
    own = standing.points.setdefault(metric.name, deque(maxlen=MOST_POINTS))
    last = max((sample["at"] for sample in metric.samples), default=0.0)
    values = [(moment - last + sample["at"], sample["value"]) for sample in metric.samples if "value" in sample]
    if not own:
        first = values[0][0] if values else moment
        own.extend((float(at), float(value)) for at, value in metric.history if at < first)
    own.extend(values)
    if metric.state == "fail" and metric.tier:
        passed = TIERS[TIERS.index(metric.tier) :]
        before = standing.since.get(metric.name, {})
        standing.since[metric.name] = {tier: before.get(tier, moment) for tier in passed if tier in metric.limits}
        standing.beyond[metric.name] = (metric, moment)
    elif metric.state in ("pass", "skipped"):
        standing.since.pop(metric.name, None)
        standing.beyond.pop(metric.name, None)


def _forget(standing: Standing, names: Collection[str]) -> None:
    """What the catalogue does not have any more, nobody waits to see again."""
    for known in (standing.points, standing.since, standing.beyond):
        for name in [name for name in known if name not in names]:
            del known[name]


def _alerts(standing: Standing, is_current: bool) -> list[dict[str, Any]]:
    """What is beyond a limit, the worst first. What was and cannot be seen now is ``unknown``: it did not end."""
    measured: Target | None = standing.looks["monitor"].data
    states = {metric.name: metric.state for metric in measured.metrics} if measured else {}
    found = []
    for name, (metric, last) in standing.beyond.items():
        holds = is_current and states.get(name) == "fail"
        found.append(
            {
                "metric": name, "title": metric.title, "group": metric.group, "state": "firing" if holds else "unknown",
                "tier": metric.tier, "priority": metric.priority, "value": metric.value, "unit": metric.unit,
                "series": metric.series, "limit": metric.limit, "since": _iso(standing.since[name][metric.tier]),
                "seen": _iso(last), "remedy": metric.remedy, "page": metric.page,
            }
        )  # fmt: skip
    return sorted(found, key=lambda alert: (TIERS.index(alert["tier"]), alert["since"], alert["metric"]))


def _releases(known: Known) -> list[dict[str, Any]]:
    """The records as far as a table shows them, each with its part: the current one, or the one to return to."""
    record = installation.module_utils("state._record")
    read = [record.Record.of(one) for one in known.releases if record.shape(one) is None]
    good = installation.module_utils("state._releases").last_good(read, known.current)
    parts = {**({good.id: "last good"} if good else {}), **({known.current: "current"} if known.current else {})}
    return [
        {**{name: record.get(name) for name in RELEASE}, "role": parts.get(record["id"], "")}
        for record in known.releases
    ]


def _round(one: Round) -> dict[str, Any]:
    return {"started": _iso(one.started), "ended": _iso(one.ended), "error": one.error, "hint": one.hint}


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
