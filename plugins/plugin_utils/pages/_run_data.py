# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a run as plain data: what was published, and what Ansible knows of the run itself."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, cast

from ansible_collections.doppelganger.ops.plugins.module_utils.core._files import REPORTS, make_safe

from ..results import _about
from ..results._result import KEY, STATUSES, red_hosts

SCHEMA = 1
RELEASES_KEY = "doppelganger_ops_releases"
#: what is published by host where there is no result of an operation, and which part of it is a sentence
SENTENCES = {"lease": "sentence", "observe": "summary", "prepare": "summary"}
#: what a target knows of itself; what Ansible adds to a result (an interpreter, warnings) is none of it
KNOWN = ("about", "current", "releases", "table", "backups", "lease", "interrupted", "drift", "unseen")


@dataclass
class Run:
    """What Ansible knows of a run."""

    playbook: str
    started: float
    check_mode: bool = False
    finished: float = 0.0
    recap: dict[str, dict[str, int]] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)


def document(run: Run, published: Mapping[str, Any]) -> dict[str, Any]:
    """The report; ``published`` is what set_stats collected."""
    result: Mapping[str, Any] = published.get(KEY) or {}
    targets = result.get("targets") or {}
    red = red_hosts(targets, run.recap)
    # what a rescue took care of is no failure in the end
    failed = {host for host in run.recap if host not in targets and _is_bad(run.recap[host])} | set(red)
    failures = [failure for failure in run.failures if failure["host"] in failed]
    found = {
        "schema": SCHEMA,
        "operation": result.get("operation") or run.playbook,
        "status": _worst(run, result, bool(red)),
        "about": _about_of(published),
        "changed": bool(result.get("changed", any(counts.get("changed") for counts in run.recap.values()))),
        "run": {
            "playbook": run.playbook,
            "started": iso(run.started),
            "finished": iso(run.finished),
            "seconds": round(run.finished - run.started, 2),
            "check_mode": run.check_mode,
        },
        "targets": targets,
        "releases": {
            host: {name: known[name] for name in KNOWN if name in known}
            for host, known in (published.get(RELEASES_KEY) or {}).items()
        },
        "said": _said(published),
        "recap": run.recap,
        "failures": failures,
    }
    # Ansible's own kinds of text and dict become plain ones
    plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return plain


def _about_of(published: Mapping[str, Any]) -> dict[str, str]:
    """What the run is about, as the first host says that knows."""
    parts = [(published.get(KEY) or {}).get("targets"), published.get(RELEASES_KEY)]
    parts += [published.get(f"{KEY}_{part}") for part in SENTENCES]
    hosts = [host for part in parts if isinstance(part, Mapping) for host in part.values()]
    return _about.of(next((host["about"] for host in hosts if any((host.get("about") or {}).values())), {}))


def _said(published: Mapping[str, Any]) -> dict[str, list[str]]:
    """What came of a run by host, in sentences."""
    found: dict[str, list[str]] = {}
    for part, sentence in SENTENCES.items():
        for host, about in (published.get(f"{KEY}_{part}") or {}).items():
            if about.get(sentence):
                found.setdefault(host, []).append(str(about[sentence]))
    return found


def _worst(run: Run, result: Mapping[str, Any], is_red: bool) -> str:
    """How the run ended: as its operation did, unless something else of it ended worse."""
    if not result:
        return _status(run)
    return max(result["status"], _status(run), key=STATUSES.index) if is_red else str(result["status"])


def _is_bad(counts: Mapping[str, int]) -> bool:
    return bool(counts.get("failures") or counts.get("unreachable"))


def _status(run: Run) -> str:
    if any(counts.get("unreachable") for counts in run.recap.values()):
        return "unreachable"
    if any(counts.get("failures") for counts in run.recap.values()):
        return "failed"
    return "ok"


def iso(seconds: float) -> str:
    """A time as it is written in results."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def write(folder: Path, found: Mapping[str, Any], page: str) -> Path:
    """Write the report as JSON and as a page, both under a name of their own; returns the path of the page."""
    make_safe(folder, REPORTS)
    stamp = str(found["run"]["started"]).replace("-", "").replace(":", "")
    stem = f"{stamp}-{''.join(char for char in str(found['operation']) if char.isalnum() or char in '-_') or 'run'}"
    name = _claimed(folder, stem)
    data, temporary, target = folder / f"{name}.json", folder / f".{name}.json", folder / f"{name}.html"
    try:
        # what came from a terminal of another encoding is no UTF-8
        text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
        with _private(temporary, "w") as stream:
            stream.write(text)
        with _private(target, "w") as stream:
            stream.write(page)
        os.replace(temporary, data)
    except OSError:
        temporary.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
        raise
    return target


def _private(path: Path, mode: str) -> TextIO:
    """A file for its owner alone: a report tells of an application what is nobody else's business. No link is
    followed."""

    def owner_only(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW, mode=0o600)

    return cast(TextIO, open(path, mode, encoding="utf-8", errors="replace", opener=owner_only))


def _claimed(folder: Path, stem: str) -> str:
    """A name that nobody else has, also where two runs begin in the same second."""
    for number in range(1, 1000):
        name = stem if number == 1 else f"{stem}-{number}"
        try:
            _private(folder / f"{name}.html", "x").close()
        except FileExistsError:
            continue
        return name
    raise OSError(f"There are a thousand reports called {stem} in {folder} already.")


# metrics, read with tolerance: who adds a field does not break the page


def metrics_of(target: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The metrics of a result, in one form; what has no samples and no verdict is left out."""
    found = target.get("metrics")
    if isinstance(found, Mapping):
        found = found.get("metrics") or found.get("results") or list(found.values())
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    read = [_metric(each) for each in found if isinstance(each, Mapping)]
    return [each for each in read if each["samples"] or each["verdict"]]


def _metric(found: Mapping[str, Any]) -> dict[str, Any]:
    name = str(found.get("name") or "")
    limit, comparator = _limit(found)
    samples, history = _samples(found.get("samples")), _samples(found.get("history"))
    return {
        "name": name,
        "title": str(found.get("title") or name or "metric"),
        "unit": str(found.get("unit") or ""),
        "limit": limit,
        "comparator": comparator,
        "tier": str(found.get("tier") or ""),
        "verdict": str(found.get("verdict") or found.get("state") or ""),
        "reason": str(found.get("reason") or ""),
        "remedy": str(found.get("remedy") or ""),
        # one look says little where its source knows how it was before
        "samples": samples if len(samples) > 1 or len(history) < 2 else history,
    }


#: how bad a limit is that is passed, the worst first
_TIERS = ("critical", "warning", "info")


def _limit(found: Mapping[str, Any]) -> tuple[float | None, str]:
    """The limit that counts and its comparator: a number, or the one of the tier in ``limits``, else of the worst."""
    plain = number(found.get("limit"))
    limits = found.get("limits")
    if plain is not None or not isinstance(limits, Mapping):
        return plain, str(found.get("comparator") or "")
    for tier in (str(found.get("tier")), *_TIERS, *limits):
        about = limits.get(tier)
        for word, comparator in (("above", "<="), ("below", ">=")):
            value = number(about.get(word)) if isinstance(about, Mapping) else None
            if value is not None:
                return value, comparator
    return None, ""


def _samples(found: Any) -> list[tuple[float, float]]:
    """Pairs of a time and a value, as pairs or as ``at`` and ``value``; without a value there is nothing to draw."""
    read = []
    for each in found if isinstance(found, Sequence) and not isinstance(found, str) else []:
        pair = [each.get("at"), each.get("value")] if isinstance(each, Mapping) else each
        if isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) >= 2:
            at, value = number(pair[0]), number(pair[1])
            if at is not None and value is not None:
                read.append((at, value))
    return sorted(read)


def number(found: Any) -> float | None:
    """A number that can be drawn."""
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
        return None
    return float(found)
