"""The state of a target on a dashboard, and why it is not fine: pure functions over what its looks have shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: from best to worst; ``unseen`` is a target of which something cannot be seen now
STATES = ("fine", "warning", "unseen", "critical")


def judged(target: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The state of a target, and why it is not fine."""
    found = [*_of_looks(target), *_of_drift(target), *_of_checks(target["checks"]), *_of_alerts(target["alerts"])]
    found += _unseen("metrics", [one["title"] for one in target["metrics"] if one["state"] == "error"])
    found.sort(key=lambda pair: -STATES.index(pair[0]))
    return (found[0][0] if found else STATES[0]), [words for _, words in found if words]


def _of_looks(target: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each reason once, where several looks have the same."""
    blind: dict[str, list[str]] = {}
    for verb, look in target["looks"].items():
        if not look["is_current"]:
            blind.setdefault(look["message"], []).append(verb)
    found = [("unseen", f"{', '.join(verbs)}: {words}") for words, verbs in blind.items()]
    if target["looks"]["releases"]["is_current"] and not target["current"]:
        found.append(("warning", "Nothing was deployed yet."))
    if target["interrupted"]:
        cut = target["interrupted"]
        found.append(("warning", f"{cut['operation']} of {cut['release']} was interrupted; the next run recovers it."))
    return found


def _of_drift(target: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Whether what runs is what was recorded, as far as it is of now."""
    if not target["looks"]["releases"]["is_current"]:
        return []
    found = [("critical", f"not as recorded: {'; '.join(target['drift'])}")] if target["drift"] else []
    return found + ([("unseen", f"what runs: {target['unseen']}")] if target["unseen"] else [])


def _of_checks(checks: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    failed = [check for check in checks if check["state"] == "fail"]
    required = [check["name"] for check in failed if check["severity"] == "required"]
    advisory = [check["name"] for check in failed if check["severity"] != "required"]
    found = [("critical", f"failed: {', '.join(required)}")] if required else []
    found += [("warning", f"failed, advisory: {', '.join(advisory)}")] if advisory else []
    return found + _unseen("checks", [one["name"] for one in checks if one["state"] in ("error", "inconclusive")])


def _of_alerts(alerts: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Info is there to be read and makes no target worse."""
    found = []
    for tier, state in (("critical", "critical"), ("warning", "warning")):
        titles = [alert["title"] for alert in alerts if alert["state"] == "firing" and alert["tier"] == tier]
        found += [(state, f"{tier}: {', '.join(titles)}")] if titles else []
    gone = [alert["title"] for alert in alerts if alert["state"] == "unknown" and alert["tier"] != "info"]
    return [*found, *([("unseen", f"was beyond a limit: {', '.join(gone)}")] if gone else [])]


def _unseen(what: str, names: Sequence[str]) -> list[tuple[str, str]]:
    return [("unseen", f"{what} that cannot be seen: {', '.join(names)}")] if names else []
