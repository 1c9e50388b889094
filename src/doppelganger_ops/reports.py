"""What is kept of an event of ansible-runner: enough to tell what happened, however large the original was."""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, TextIO

#: what a task's result may say that somebody reads here
SHOWN = (
    "changed", "failed", "skipped", "unreachable", "msg", "kind", "reason", "phase", "error", "hint", "checks",
    "seconds", "interrupted", "previous", "release", "undo", "target", "censored",
)  # fmt: skip
LONGEST = 8000
OURS = "doppelganger.ops."
#: of a metric; the samples of all of them would be long
METRIC = ("name", "title", "value", "unit", "state", "tier", "limit", "reason")
#: begins a line in which a step says what it waits for (screen/_live_line.py); the host and the words follow
WAITS = "\x1edoppelganger.ops waits\x1e"
#: events that are output alone
LINES = {"verbose": "info", "debug": "info", "warning": "warning", "system_warning": "warning", "error": "error",
         "deprecated": "warning"}  # fmt: skip
TASK = ("runner_on_start", "runner_on_ok", "runner_on_failed", "runner_on_skipped", "runner_on_unreachable")


def private(path: Path) -> TextIO:
    """A file that is kept of a run, for its owner alone; a surrogate, which is no text, does not keep it from that."""
    owner_only = functools.partial(os.open, mode=0o600)
    return open(path, "w", encoding="utf-8", errors="backslashreplace", opener=owner_only)


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}… ({len(value)} characters)"
    return value


def _metrics(res: Mapping[str, Any]) -> dict[str, Any]:
    found = res.get("metrics")
    if not isinstance(found, list):
        return {}
    return {"metrics": [{each: one.get(each) for each in METRIC} for one in found if isinstance(one, Mapping)]}


def warning(text: str) -> dict[str, Any]:
    """A line that is not Ansible's, as one of its warnings."""
    return {"event": "warning", "at": datetime.now(UTC).isoformat(), "level": "warning", "text": text}


def place_of(path: str | None) -> str:
    """``role/file`` of a task's path, for example ``rollback/undo``; empty outside of roles."""
    parts = PurePath(str(path or "").rpartition(":")[0]).parts
    if len(parts) < 3 or parts[-2] != "tasks":
        return ""
    return f"{parts[-3]}/{PurePath(parts[-1]).stem}"


def is_ansibles(event: Mapping[str, Any], folder: Path) -> bool:
    """Whether an event is Ansible's own, which has left its content in ``folder``.

    ansible-runner looks for events among what is printed, where anything that prints could add some; but
    nobody else can write into that folder. Lines of text are what they are.
    """
    try:
        (folder / f"{uuid.UUID(str(event.get('uuid')))}-partial.json").unlink()
    except (OSError, ValueError):
        return event.get("event") == "verbose"
    return True


def step_of(action: str | None) -> str:
    """The name of a module of ours, for example ``release_apply``; empty for any other."""
    name = str(action or "")
    return name.removeprefix(OURS) if name.startswith(OURS) else ""


def reduced(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """The event as a small dict, or nothing where nobody needs it."""
    name = str(event.get("event"))
    data = event.get("event_data") or {}
    common = {"event": name, "at": event.get("created")}
    if name in LINES:
        text = str(event.get("stdout") or "").strip(" \r\n")
        if text.startswith(WAITS):
            host, _, words = text.removeprefix(WAITS).partition("\x1e")
            return {**common, "event": "waits", "host": host, "waiting": _shortened(words)}
        return {**common, "level": LINES[name], "text": _shortened(text)} if text else None
    if name == "playbook_on_stats":
        counts = {each: data.get(each) or {} for each in ("processed", "failures", "dark", "changed", "ok")}
        return {**common, **counts, "published": data.get("artifact_data") or {}}
    if name in TASK:
        res = data.get("res") or {}
        return {
            **common,
            "host": data.get("host"),
            "task": data.get("task"),
            "place": place_of(data.get("task_path")),
            "step": step_of(data.get("task_action")),
            "duration": data.get("duration"),
            "ignored": bool(data.get("ignore_errors")),
            "res": {**{each: _shortened(res[each]) for each in SHOWN if each in res}, **_metrics(res)},
        }
    if name in ("playbook_on_start", "playbook_on_play_start", "playbook_on_no_hosts_matched"):
        return {**common, "play": data.get("name")}
    return None
