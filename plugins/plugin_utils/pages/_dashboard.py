# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The dashboard as a page: what it knows (dashboard.schema.json) in, HTML out. What targets say is text in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import GROUPS
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._report import trend

from ._charts import live_chart
from ._run_report import STATES, check_row, figure, release_rows, safe, template

_HERE = Path(__file__).parent / "templates"
#: a line is broken where nothing was seen for so many rounds, and never for less than so many seconds
_ROUNDS, _SECONDS = 3, 60.0
#: a trend is that of so many values
_RECENT = 40
#: the state of a target: its mark, its word, and the tone
_TARGETS = {
    "fine": ("✓", "fine", "good"),
    "warning": ("!", "warning", "warn"),
    "unseen": ("?", "cannot be seen", "dim"),
    "critical": ("✗", "critical", "bad"),
}
_TONES = {"critical": "bad", "warning": "warn", "info": "dim"}
#: what the states of a metric are called here
_WORDS = {"error": "cannot be seen", "inconclusive": "is unknown", "skipped": "does not apply"}
_SIGNS = {"above": ">", "below": "<"}
_TRENDS = {"rising": "↗ rising", "falling": "↘ falling", "steady": "→ steady"}


def page(data: Mapping[str, Any]) -> str:
    """The page."""
    return template("dashboard.html.j2").render(safe(view(data)))


def files() -> dict[str, tuple[str, bytes]]:
    """What the page needs beside itself: path to its kind and content."""
    style = b"\n".join((_HERE / name).read_bytes() for name in ("page.css", "dashboard.css"))
    return {
        "/board.css": ("text/css; charset=utf-8", style),
        "/board.js": ("text/javascript; charset=utf-8", (_HERE / "dashboard.js").read_bytes()),
        "/board.svg": ("image/svg+xml", (_HERE / "dashboard.svg").read_bytes()),
    }


def view(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows, with every decision made."""
    now = _seconds(data["now"]) or 0.0
    targets = [_target(host, target, now, data["every"]) for host, target in data["targets"].items()]
    words = _summary(targets)
    return {
        "title": f"{words} · Dashboard",
        "summary": words,
        "tone": _worst_tone(targets),
        "now": data["now"],
        "started": data["started"],
        "every": data["every"],
        "grafana": data["grafana"],
        "errors": _errors(data["looks"]),
        "targets": targets,
        "alerts": [alert for target in targets for alert in target["alerts"]],
        "is_blind": not targets or any(target["is_blind"] for target in targets),
    }


def _summary(targets: Sequence[Mapping[str, Any]]) -> str:
    """How many targets are how, the worst first."""
    counts = {word: sum(target["word"] == word for target in targets) for _, word, _ in reversed(_TARGETS.values())}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "Nothing is known yet"


def _worst_tone(targets: Sequence[Mapping[str, Any]]) -> str:
    seen = {target["tone"] for target in targets}
    return next((tone for _, _, tone in reversed(_TARGETS.values()) if tone in seen), "dim")


def _errors(looks: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What kept whole runs from looking, each once."""
    found: dict[tuple[str, str], list[str]] = {}
    for verb, look in looks.items():
        if look["error"]:
            found.setdefault((look["error"], look["hint"]), []).append(verb)
    return [{"verbs": ", ".join(verbs), "message": message, "hint": hint} for (message, hint), verbs in found.items()]


def _target(host: str, target: Mapping[str, Any], now: float, every: float) -> dict[str, Any]:
    mark, word, tone = _TARGETS[target["state"]]
    looks = target["looks"]
    groups = [_group(group, target, now, every) for group in GROUPS]
    return {
        "host": host,
        "mark": mark,
        "word": word,
        "tone": tone,
        "reasons": target["reasons"],
        "current": _current(target),
        "about": [target["about"][name] for name in ("application", "environment") if target["about"].get(name)],
        "made": _made(target),
        "blind": _blind(looks),
        "has_releases": bool(looks["releases"]["seen"]),
        "seen": min((look["seen"] for look in looks.values() if look["seen"]), default=None),
        "is_blind": target["state"] == "unseen" or not all(look["is_current"] for look in looks.values()),
        "old": {verb: "" if look["is_current"] else "old" for verb, look in looks.items()},
        "alerts": [_alert(host, alert) for alert in target["alerts"]],
        "checks": [check_row(check) for check in target["checks"]],
        "groups": [group for group in groups if group["charts"] or group["rest"]],
        "releases": release_rows(host, target),
    }


def _current(target: Mapping[str, Any]) -> str:
    """The current release; that it runs only where somebody has looked, now."""
    if not target["current"]:
        return ""
    is_seen = target["looks"]["releases"]["is_current"] and not (target.get("drift") or target.get("unseen"))
    return f"{target['current']} {'runs' if is_seen else 'is current'}"


def _made(target: Mapping[str, Any]) -> str:
    """Who deployed the current release, and why."""
    found: Mapping[str, Any] = next((one for one in target["releases"] if one["id"] == target["current"]), {})
    who = f"by {found['operator']}" if found.get("operator") else ""
    return ": ".join(part for part in (who, str(found.get("reason") or "")) if part)


def _blind(looks: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The looks that are not of now, together where they have the same reason."""
    found: dict[tuple[Any, ...], list[str]] = {}
    for verb, look in looks.items():
        if not look["is_current"]:
            found.setdefault((look["message"], look["hint"], bool(look["seen"])), []).append(verb)
    return [
        {"verbs": ", ".join(verbs), "message": message, "hint": hint, "seen": looks[verbs[0]]["seen"]}
        for (message, hint, _), verbs in found.items()
    ]


def _alert(host: str, alert: Mapping[str, Any]) -> dict[str, Any]:
    is_firing = alert["state"] == "firing"
    return {
        **alert,
        "host": host,
        "tone": _TONES[alert["tier"]] if is_firing else "dim",
        "mark": "✗" if is_firing else "?",
        "said": _said(alert["value"], alert["unit"]),
        "is_firing": is_firing,
        "link": alert["page"] if str(alert["page"]).startswith(("https://", "http://")) else "",
    }


def _said(value: Any, unit: str) -> str:
    return "" if value is None else f"{figure(value)} {unit}".strip()


def _group(name: str, target: Mapping[str, Any], now: float, every: float) -> dict[str, Any]:
    """The metrics of a group: those with a line, and the rest, each with its reason."""
    rows = [_metric(metric, target["points"], now, every) for metric in target["metrics"] if metric["group"] == name]
    return {
        "name": name.capitalize(),
        "charts": [row for row in rows if row["chart"]],
        "rest": [row for row in rows if not row["chart"]],
    }


def _metric(
    metric: Mapping[str, Any], points: Mapping[str, Sequence[tuple[float, float]]], now: float, every: float
) -> dict[str, Any]:
    state = metric["state"]
    mark, _, tone = STATES[state]
    gap = max(_ROUNDS * every, _SECONDS)
    own = [(at, value) for at, value in points.get(metric["name"], ())]
    limits = {tier: about for tier, about in metric["limits"].items() if about}
    if state == "fail":
        tone, word = _TONES.get(metric["tier"], "bad"), metric["tier"] or "beyond its limit"
    else:
        word = _WORDS.get(state, "within its limits" if limits else "no limit")
    picture = live_chart(own, limits, now, gap)
    return {
        "name": metric["name"],
        "title": metric["title"],
        "unit": metric["unit"],
        "mark": mark,
        "word": word,
        "tone": "dim" if word == "no limit" else tone,
        "said": _said(metric["value"], metric["unit"]),
        "trend": _TRENDS.get(trend(own[-_RECENT:]), ""),
        "reason": "" if state == "pass" else metric["reason"],
        "limits": [
            f"{tier} {_SIGNS[op]} {figure(value)}" for tier, about in limits.items() for op, value in about.items()
        ],
        "chart": picture,
        "span": _roughly(picture["seconds"]) if picture else "",
    }


def _roughly(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _seconds(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None
