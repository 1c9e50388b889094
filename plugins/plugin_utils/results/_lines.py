# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of a target as lines that people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _about


def lines(host: str, target: Mapping[str, Any]) -> list[str]:
    """What happened on a host: the phases, the checklist, the sentence that says how it ended."""
    found = [f"{host}: {target['status'].replace('_', ' ').upper()}"]
    found += [about] if (about := _about.line(target.get("about") or {})) else []
    if target["reasons"]:
        found.append(f"why: {'; '.join(target['reasons'])}")
    if target["recovered"]:
        cut = target["recovered"]
        found.append(f"recovered: {cut['operation']} of {cut['release']}, interrupted in phase {cut['phase']}")
    if target["phases"]:
        found.append("phases: " + " > ".join(_phase(phase) for phase in target["phases"]))
    if target["check_mode"] and target["changed"]:
        found.append(f"would change: {', '.join(target['services']) or 'no running service'}")
    failure = target["failure"] or {}
    if failure.get("checklist"):
        found += ["the checklist when it failed:", *failure["checklist"].splitlines()]
    if target["checklist"] and "\n".join(target["checklist"]) != failure.get("checklist"):
        found += [*(["the checklist now:"] if failure and "metrics" not in target else []), *target["checklist"]]
    if not failure:
        found.append(target["message"])
    return found


def _phase(phase: Mapping[str, Any]) -> str:
    mark = "" if phase["state"] == "ok" else f" {phase['state'].upper()}"
    return f"{phase['name']}{mark} {phase.get('seconds', 0):.1f}s"
