# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Probes that ask the container engine: its calls block, so each runs in a thread of its own."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...core._times import epoch
from ...core._verdicts import ERROR, FAIL, INCONCLUSIVE, PASS, Outcome
from ...databases._psql import psql
from ...running._containers import began
from ...running._project import ExecResult, Project
from ...text._excerpt import excerpt, last_lines
from ._containers import baseline, broken, look
from ._logs import LogScan

_LAST_LINES = 5
_LOG_BYTES = 64 * 1024
_EXCERPT = 300


class ContainersProbe:
    """Remembers how often each container had been restarted when it was first seen."""

    def __init__(self, project: Project, services: Sequence[str], since: float, options: Mapping[str, Any]) -> None:
        self._project = project
        self._services = services
        self._since = since
        self._options = options
        self._before: dict[str, int] = {}

    def __call__(self) -> Outcome:
        """Look once."""
        containers = self._project.containers()
        self._before = {**baseline(containers, self._since), **self._before}
        outcome = look(containers, self._services, self._before, self._options)
        if not outcome.final:
            return outcome
        culprits = broken(containers, self._services, self._before, self._options)
        return with_last_words(outcome, {one.service: self._last_lines(one.service) for one in culprits})

    def _last_lines(self, service: str) -> list[str]:
        ends = self._project.log_ends(service, limit_bytes=_LOG_BYTES)
        return [line for end in ends for line in last_lines(end.text, _LAST_LINES, end.was_cut)][-_LAST_LINES:]


def with_last_words(outcome: Outcome, log: Mapping[str, Sequence[str]]) -> Outcome:
    """Add to a terminal reason what the container said last, as ``last_lines`` gives it."""
    words = next((line.strip() for lines in log.values() for line in reversed(lines)), "")
    reason = f"{outcome.reason}; its last words: {words}" if words else outcome.reason
    observed = {**outcome.observed, "log": {service: list(lines) for service, lines in log.items()}}
    return Outcome(outcome.state, reason, observed, outcome.final, outcome.ends_all)


class LogsProbe:
    """Reads on where the last attempt ended."""

    def __init__(self, project: Project, services: Sequence[str], since: float, options: Mapping[str, Any]) -> None:
        self._project = project
        self._services = services
        self._since = options["since"] or since
        self._scan = LogScan(options)
        self._reading = threading.Lock()

    def __call__(self, seconds: float) -> Outcome:
        """Read for at most so long."""
        # an attempt that was given up may still wait for the engine
        if not self._reading.acquire(timeout=seconds):
            return Outcome(ERROR, "the engine has not answered the attempt before this one yet")
        with contextlib.closing(self._scan):
            try:
                return self._read(seconds)
            finally:
                self._reading.release()

    def _read(self, seconds: float) -> Outcome:
        deadline = time.monotonic() + seconds
        for one in self._project.containers():
            if self._services and one.service not in self._services:
                continue
            read_to = self._scan.read_to(one.id)
            # a little overlap, as seconds do not hold every nanosecond; the scan knows what it has read
            since = epoch(read_to) - 0.001 if read_to else self._since or began(one)
            lines = self._project.log_of(one.id, since, timestamps=True)
            try:
                self._scan.read(one.id, one.service, _until(lines, deadline))
            except TimeoutError:
                observed = {"lines_read": self._scan.lines}
                reason = f"the log is too long to be read in {round(seconds, 2):g} s: {self._scan.lines} lines so far"
                return Outcome(INCONCLUSIVE, reason, observed)
        return self._scan.outcome()


def _until(lines: Iterable[str], deadline: float) -> Iterator[str]:
    for line in lines:
        yield line
        if time.monotonic() > deadline:
            raise TimeoutError


def run_exec(project: Project, options: Mapping[str, Any], seconds: float) -> Outcome:
    """Run the check's command in its container."""
    began = time.perf_counter()
    result = project.exec(options["service"], options["command"], timeout=seconds)
    return judged_exec(options, result, (time.perf_counter() - began) * 1000)


def judged_exec(options: Mapping[str, Any], result: ExecResult, latency_ms: float) -> Outcome:
    """Hold a command's end against what the check expects."""
    said = excerpt(result.output, _EXCERPT)
    observed = {"code": result.code, "output": said}
    if result.code in (126, 127) and options["expect_code"] != result.code:
        reason = f"{options['command'][0]} cannot be run in {options['service']}: {said}"
        return Outcome(ERROR, reason, observed, final=True)
    if result.code != options["expect_code"]:
        reason = f"ended with code {result.code}, expected {options['expect_code']}" + (f": {said}" if said else "")
        return Outcome(FAIL, reason, observed, latency_ms=latency_ms)
    wanted = options["output_contains"]
    if wanted and wanted not in result.output:
        return Outcome(FAIL, f"the output has no {wanted!r}: {said}", observed, latency_ms=latency_ms)
    return Outcome(PASS, f"ended with code {result.code}", observed, latency_ms=latency_ms)


def run_postgres(project: Project, options: Mapping[str, Any], seconds: float) -> Outcome:
    """Ask PostgreSQL one query."""
    began = time.perf_counter()
    result = psql(project, options, [options["query"]], seconds, stop_at_errors=True)
    return judged_postgres(options, result, (time.perf_counter() - began) * 1000)


def judged_postgres(options: Mapping[str, Any], result: ExecResult, latency_ms: float) -> Outcome:
    """Judge what psql said."""
    said = excerpt(result.output, _EXCERPT)
    observed = {"code": result.code}
    if result.code in (126, 127):
        return Outcome(ERROR, f"psql cannot be run in {options['service']}: {said}", observed, final=True)
    if result.code != 0:
        return Outcome(FAIL, f"psql ended with code {result.code}: {said}", observed, latency_ms=latency_ms)
    answer = result.output.strip()
    if options["expect"] is not None and answer != options["expect"]:
        reason = f"the query answered {excerpt(answer, _EXCERPT)!r}, expected {options['expect']!r}"
        return Outcome(FAIL, reason, observed, latency_ms=latency_ms)
    return Outcome(PASS, "the query was answered", observed, latency_ms=latency_ms)
