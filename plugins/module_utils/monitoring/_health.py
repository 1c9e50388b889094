# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether Prometheus has loaded the rules and reaches its targets. The judging is pure functions over its answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ..core._errors import OpsError

#: how long between two looks, in seconds: Prometheus tells nobody that a target started
_PAUSE = 0.25
_EXCERPT = 300


def missing_rules(answer: Mapping[str, Any], alerts: Sequence[str], app: str) -> list[str]:
    """What is wrong with the rules that are loaded, from ``/api/v1/rules``."""
    loaded = {
        str(rule["name"]): rule
        for group in answer["data"]["groups"]
        for rule in group["rules"]
        if (rule.get("labels") or {}).get("app") == app
    }
    absent = [name for name in alerts if name not in loaded]
    found = [f"{len(absent)} of {len(alerts)} rules are not loaded: {', '.join(absent)}"] if absent else []
    broken = [name for name in alerts if name in loaded and loaded[name].get("health") == "err"]
    return found + [f"the rule {name} cannot be evaluated: {loaded[name].get('lastError')}" for name in broken]


def targets_down(answer: Mapping[str, Any], jobs: Sequence[str]) -> list[str]:
    """What is wrong with the targets of some jobs, from ``/api/v1/targets``; one not scraped yet is not up."""
    found = []
    for job in jobs:
        active = [one for one in answer["data"]["activeTargets"] if one["labels"].get("job") == job]
        if not active:
            found.append(f"there is no target of the job {job}")
        for one in active:
            if one["health"] != "up":
                why = one.get("lastError") or "not scraped yet"
                found.append(f"the target {one['scrapeUrl']} of the job {job} is {one['health']}: {why}")
    return found


def no_alertmanager(answer: Mapping[str, Any]) -> list[str]:
    """What is wrong with those who are sent the alerts, from ``/api/v1/alertmanagers``."""
    return [] if answer["data"]["activeAlertmanagers"] else ["Prometheus has no Alertmanager, so no one is notified"]


class Readable(Protocol):
    """Prometheus, however it is reached."""

    def read(self, path: str) -> Any:
        """Its answer as data."""


def wrong(
    prometheus: Readable, alerts: Sequence[str], jobs: Sequence[str], app: str, with_alertmanager: bool
) -> list[str]:
    """All that is wrong now."""
    try:
        found = missing_rules(prometheus.read("/api/v1/rules?type=alert"), alerts, app)
        found += targets_down(prometheus.read("/api/v1/targets?state=active"), jobs) if jobs else []
        return found + (no_alertmanager(prometheus.read("/api/v1/alertmanagers")) if with_alertmanager else [])
    except OpsError as error:
        return [error.message]
    except (AttributeError, LookupError, TypeError) as error:
        return [f"what answers for Prometheus is something else: {error!r}"[:_EXCERPT]]


def wait_for(look: Callable[[], list[str]], seconds: float, hopeless: Callable[[], str | None]) -> list[str]:
    """Look until nothing is wrong; gives what still is when the time is over. ``hopeless`` ends the wait at once."""
    deadline = time.monotonic() + seconds
    while found := look():
        reason = hopeless()
        if reason:
            return [reason]
        if time.monotonic() > deadline:
            return found
        time.sleep(_PAUSE)
    return []


def refuse_wrong(found: Sequence[str], result: Mapping[str, Any]) -> None:
    """Raise where something is still wrong, with what was done."""
    if found:
        raise OpsError(
            f"Monitoring is not healthy: {'; '.join(found)}.",
            reason="monitoring_failed",
            hint="See what Prometheus says of itself (Status, Rules and Targets).",
            **result,
        )
