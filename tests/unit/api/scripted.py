"""Runs that follow a script: reports as ansible-runner's, results as playbooks publish them, an executor of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from doppelganger_ops.job import Ended, Job

AT = "2026-11-25T10:00:{:06.3f}+00:00"


def task(event: str, step: str, second: float = 0, host: str = "app", **res: Any) -> dict[str, Any]:
    """A report about a task: the step's module, after the role and the file where that counts: ``role/file:module``."""
    place, _, module = step.rpartition(":")
    return {
        "event": f"runner_on_{event}", "at": AT.format(second), "host": host, "task": "T", "place": place,
        "step": module, "duration": 1.0, "ignored": False, "res": res,
    }  # fmt: skip


def play() -> dict[str, Any]:
    """A play began."""
    return {"event": "playbook_on_play_start", "at": AT.format(0), "play": "P"}


def stats(published: Mapping[str, Any] | None = None, **counts: dict[str, int]) -> dict[str, Any]:
    """The last report."""
    empty: dict[str, dict[str, int]] = {"processed": {"app": 1}, "failures": {}, "dark": {}, "changed": {}, "ok": {}}
    return {"event": "playbook_on_stats", "at": AT.format(59), **empty, **counts, "published": published or {}}


def target(**changes: Any) -> dict[str, Any]:
    """What was published for one host."""
    return {
        "status": "ok", "operation": "deploy", "changed": True, "version": "v1", "release": "0001-v1",
        "release_before": None, "release_after": "0001-v1",
        "phases": [{"name": "apply", "state": "ok", "seconds": 1.5}],
        "checks": [check()], "checklist": ["[x] Page"], "schema_moved": False, "backup": None, "evidence": None,
        "recovered": None, "reasons": ["first"], "services": ["web"], "check_mode": False, "failure": None,
        "message": "Deployed v1.", "hint": "", **changes,
    }  # fmt: skip


def check(**changes: Any) -> dict[str, Any]:
    """A check as it is published."""
    return {
        "name": "Page", "kind": "http", "severity": "required", "state": "pass", "reason": "answered 200",
        "latency_ms": 3.2, "attempts": 1, "elapsed_s": 0.1, "observed": {"status": 200}, **changes,
    }  # fmt: skip


def failure(**changes: Any) -> dict[str, Any]:
    """A failure as it is published."""
    return {
        "kind": "failed", "phase": "soak", "error": "1 of 8 failed", "hint": "look", "checks": [check(state="fail")],
        "checklist": "[ ] Page", **changes,
    }  # fmt: skip


def result(status: str = "ok", **targets: dict[str, Any]) -> dict[str, Any]:
    """A result as it is published."""
    found = targets or {"app": target(status=status, reason="" if status == "ok" else "check_failed")}
    return {
        "doppelganger_ops": {"schema": 1, "operation": "deploy", "status": status, "changed": True, "targets": found}
    }


class Scripted:
    """A job that reports what the script says, and waits where it has a function."""

    def __init__(self, script: Sequence[Mapping[str, Any] | Callable[[], object]], ended: Ended) -> None:
        self._script = script
        self._ended = ended
        self.cancelled = threading.Event()

    def reports(self) -> Iterator[Mapping[str, Any]]:
        for each in self._script:
            if callable(each):
                each()
            else:
                yield each

    def cancel(self) -> None:
        self.cancelled.set()

    def ended(self) -> Ended:
        return Ended(None, "cancelled") if self.cancelled.is_set() else self._ended


class ScriptedExecutor:
    """Starts one script for each job."""

    def __init__(
        self, *script: Mapping[str, Any] | Callable[[], object], ended: Ended | None = None, most: int = 4
    ) -> None:
        self._slots = threading.BoundedSemaphore(most)
        self._script = script
        self._ended = ended or Ended(0)
        self.jobs: list[Job] = []
        self.running: list[Scripted] = []

    def slot(self) -> threading.Semaphore:
        return self._slots

    def start(self, job: Job) -> Scripted:
        self.jobs.append(job)
        self.running.append(Scripted(self._script, self._ended))
        return self.running[-1]


def scripted(monkeypatch: pytest.MonkeyPatch, *script: Any, ended: Ended | None = None) -> ScriptedExecutor:
    """Have the command's runs follow a script."""
    made = ScriptedExecutor(*script, ended=ended)
    monkeypatch.setattr("doppelganger_ops.api.DEFAULT", made)
    return made
