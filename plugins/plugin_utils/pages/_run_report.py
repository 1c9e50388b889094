# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a run as one page that needs nothing else: what targets say is data in it, never markup."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from ansible_collections.doppelganger.ops.plugins.module_utils.text._characters import printable

from ..results import _about
from ..results._result import GOOD_STATUSES
from ..screen._words import headline, what_next
from ._charts import chart, time_line
from ._run_data import metrics_of

_HERE = Path(__file__).parent / "templates"
#: how a state is shown: its mark, its word, and good, bad or dim
STATES = {
    "pass": ("✓", "passed", "good"),
    "fail": ("✗", "failed", "bad"),
    "error": ("!", "could not be checked", "bad"),
    "inconclusive": ("?", "not decided", "dim"),
    "skipped": ("-", "skipped", "dim"),
}


def page(found: Mapping[str, Any]) -> str:
    """The page of a report."""
    return template("run_report.html.j2").render(safe(view(found)))


@functools.cache
def template(name: str) -> jinja2.Template:
    """A page's template; whatever is put into it is text."""
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(_HERE),
    )
    environment.filters["seconds"] = seconds
    environment.filters["figure"] = figure
    return environment.get_template(name)


def safe(value: Any) -> Any:
    """The same without control characters, which a page must not have."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {key: safe(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [safe(each) for each in value]
    return value


def view(found: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows, with every decision made."""
    targets = found["targets"]
    subject = next((str(each["version"]) for each in targets.values() if each.get("version")), "")
    mode = found["run"]["check_mode"]
    return {
        "title": f"{str(found['operation']).replace('_', ' ').capitalize()} {subject}{_of(found)}".strip(),
        "status": headline(found["status"]),
        "tone": _tone(found["status"]),
        "run": found["run"],
        "about": _about.line(found.get("about") or {}),
        "mode": "Check mode: nothing was changed." if mode else "",
        "targets": [_target(host, target) for host, target in targets.items()],
        "said": found["said"],
        "releases": [release_rows(host, known) for host, known in found["releases"].items()],
        "failures": found["failures"],
        "others": [
            {"host": host, "counts": [(name, count) for name, count in counts.items() if count]}
            for host, counts in found["recap"].items()
            if not any(host in found[known] for known in ("targets", "releases", "said"))
        ],
    }


def _of(found: Mapping[str, Any]) -> str:
    application = (found.get("about") or {}).get("application")
    return f" of {application}" if application else ""


def _tone(status: str) -> str:
    if status == "skipped":
        return "dim"
    if status in GOOD_STATUSES:
        return "good"
    return "warn" if status in ("rolled_back", "refused") else "bad"


def _target(host: str, target: Mapping[str, Any]) -> dict[str, Any]:
    failure = target.get("failure") or {}
    metrics = [_metric(metric) for metric in metrics_of(target)]
    return {
        "host": host,
        "status": headline(str(target["status"])),
        "tone": _tone(str(target["status"])),
        "message": target.get("message") or "",
        "next": what_next(target),
        "facts": facts(target),
        "line": time_line(target.get("phases") or []),
        "checklists": [
            {"title": title, "checks": [check_row(check) for check in checks]}
            for title, checks in (
                ("Checklist when it failed", failure.get("checks") or []),
                ("Checklist now" if failure.get("checks") else "Checklist", target.get("checks") or []),
            )
            if checks and not (title == "Checklist now" and checks == failure.get("checks"))
        ],
        "metrics": [metric for metric in metrics if metric["chart"]],
        "unmeasured": [metric for metric in metrics if not metric["chart"]],
        "evidence": target.get("evidence"),
    }


def check_row(check: Mapping[str, Any]) -> dict[str, Any]:
    """A line of a checklist."""
    mark, word, tone = STATES.get(str(check.get("state")), ("?", str(check.get("state")), "dim"))
    return {
        "mark": mark,
        "word": word,
        "tone": tone,
        "name": check.get("name"),
        "advisory": check.get("severity") == "advisory",
        "seconds": check.get("elapsed_s"),
        "reason": check.get("reason") if check.get("state") != "pass" else "",
    }


def _metric(metric: Mapping[str, Any]) -> dict[str, Any]:
    mark, word, tone = STATES.get(metric["verdict"], ("", metric["verdict"], "dim"))
    is_bad = tone == "bad"
    if is_bad and metric["tier"] in ("warning", "info"):
        tone = "warn"
    word = metric["tier"] if is_bad and metric["tier"] else word
    return {
        **metric,
        "chart": chart(metric),
        "mark": mark,
        "word": word,
        "tone": tone,
        "remedy": metric["remedy"] if is_bad else "",
    }


def facts(target: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is known of a target besides, as pairs; only what there is."""
    before, after = target.get("release_before"), target.get("release_after")
    moved = {True: "moved", False: "stays as it was", None: "is unknown"}[target.get("schema_moved")]
    cut = target.get("recovered") or {}
    failure = target.get("failure") or {}
    about = target.get("about") or {}
    pairs = [
        ("Current release", after or "none"),
        *((name.capitalize(), about.get(name) or "") for name in _about.FIELDS),
        ("Ran before", (before or "nothing") if before != after else ""),
        ("Why", "; ".join(target.get("reasons") or [])),
        ("Would change" if target.get("check_mode") else "Changed", _changed(target)),
        ("Failed in", failure.get("phase", "")),
        ("Schema", moved if target.get("operation") == "deploy" and target.get("changed") else ""),
        ("Backup", target.get("backup") or ""),
        ("Recovered", f"{cut['operation']} of {cut['release']}, cut off in phase {cut['phase']}" if cut else ""),
    ]
    return [(name, str(value)) for name, value in pairs if value]


def _changed(target: Mapping[str, Any]) -> str:
    services: Sequence[str] = target.get("services") or []
    return ", ".join(services) or ("no running service" if target.get("changed") else "nothing")


def release_rows(host: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """The releases of a host, the newest first."""
    lease = known.get("lease") or {}
    held = f"Held by {lease.get('holder')} for {lease.get('purpose')}." if lease else ""
    rows = [_release(release, known.get("current")) for release in reversed(known.get("releases") or [])]
    seen = {"drift": list(known.get("drift") or []), "unseen": known.get("unseen") or ""}
    return {"host": host, "held": held, **seen, "rows": rows}


def _release(release: Mapping[str, Any], current: Any) -> dict[str, Any]:
    status = str(release.get("status"))
    mark, tone = {"good": ("✓", "good"), "bad": ("✗", "bad"), "left": ("↩", "dim")}.get(status, ("?", "dim"))
    made = [str(release[key]) for key in ("created", "operator") if release.get(key)]
    return {
        "id": release.get("id"),
        "is_current": release.get("id") == current,
        "note": release.get("role") if release.get("role") != "current" else "",
        "status": status,
        "mark": mark,
        "tone": tone,
        "made": " by ".join(made),
        "message": release.get("message") or release.get("reason") or "",
    }


def seconds(value: Any) -> str:
    """A duration for people."""
    number = float(value or 0)
    if number < 60:
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def figure(value: Any) -> str:
    """A measured number, as short as it can be read."""
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
