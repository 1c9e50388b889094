"""A result as lines that people read; the playbooks' own report where there is one."""

from __future__ import annotations

from typing import Any

from doppelganger_ops import installation
from doppelganger_ops.result import Known, Outcome, Target


def lines(command: str, outcome: Outcome[Any]) -> list[str]:
    """What happened on each target, and the sentence that counts."""
    found = []
    for host, target in outcome.targets.items():
        if isinstance(target, Target) and target.raw:
            found += installation.plugin_utils("_report").lines(host, dict(target.raw))
        elif isinstance(target, Known):
            found += _known(command, host, target)
        else:
            found.append(f"{host}: {target.status.value}: {target.message}")
    if not outcome.status.is_good:
        found += [f"{outcome.operation}: {outcome.status.value}. {outcome.message}"]
        found += [outcome.hint] if outcome.hint else []
    return found


def _known(command: str, host: str, known: Known) -> list[str]:
    if command != "status" or not known.status.is_good:
        return [f"{host}: {known.message}", *known.table]
    found = [f"{host}: {known.message}"]
    if known.lease:
        found.append(f"{host}: held by {known.lease.get('holder')} for {known.lease.get('purpose')}")
    if known.interrupted:
        cut = known.interrupted
        found.append(f"{host}: {cut['operation']} of {cut['release']} was interrupted; the next run recovers it")
    return found
