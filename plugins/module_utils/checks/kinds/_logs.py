# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Error lines in logs: found by patterns, excused by others, counted over as many readings as it takes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...core._options import Option, near
from ...core._patterns import Patterns
from ...core._side_by_side import in_thread
from ...core._times import epoch
from ...core._verdicts import ERROR, FAIL, INCONCLUSIVE, PASS, SKIPPED, Outcome
from ...running._containers import began
from ...running._scene import Scene
from ...text._characters import printable
from ...text._excerpt import gist
from ._kind import Attempt, Kind, Options

#: lines that tell of an error: a level in capitals, a level in a JSON or key=value line, a Python traceback
ERROR_LINES = (
    r"\b(?:ERROR|CRITICAL|FATAL|PANIC)\b",
    r"""(?i:\b(?:level|severity|levelname|lvl)["']?\s*[:=]\s*["']?(?:error|critical|fatal|panic)\b)""",
    r"^Traceback \(most recent call last\)",
)
_SHOWN = 5
_LINE = 300
#: so many characters, or lines, are matched at a time
_BATCH, _BATCH_LINES = 64 * 1024, 1000


class LogScan:
    """Remembers how far each container's log was read and what was found in it."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._patterns = Patterns(options["patterns"], known=ERROR_LINES)
        self._allow = Patterns(options["allow"])
        self._limit = int(options["limit"])
        self._read_to: dict[str, tuple[str, int]] = {}
        self.lines = 0
        self.matches = 0
        self.shown: list[str] = []

    def read_to(self, container_id: str) -> str:
        """Give the stamp of the last line that was read."""
        return self._read_to.get(container_id, ("", 0))[0]

    def read(self, container_id: str, service: str, stamped: Iterable[str]) -> None:
        """Read on in the log of a container, over lines that start with their time stamp; raises TooSlow."""
        batch: list[str] = []
        size = 0
        try:
            for text in self._new(container_id, stamped):
                batch.append(text)
                size += len(text)
                if size > _BATCH or len(batch) > _BATCH_LINES:
                    taken, batch, size = batch, [], 0
                    self._take(service, taken)
        finally:  # who ends the reading for want of time has read these
            self._take(service, batch)

    def _new(self, container_id: str, stamped: Iterable[str]) -> Iterator[str]:
        """The lines that have not been read yet."""
        last, seen = self._read_to.get(container_id, ("", 0))  # the engine stamps lines that come together alike
        current, count = last, 0
        for line in stamped:
            stamp, _, text = line.partition(" ")
            if stamp < last:
                continue
            current, count = stamp, count + 1 if stamp == current else 1
            if stamp == last and count <= seen:
                continue
            self._read_to[container_id] = (current, count)
            self.lines += 1
            yield printable(text)  # a colour before a word would be a part of it

    def _take(self, service: str, texts: Sequence[str]) -> None:
        wrong = [text for text, found in zip(texts, self._patterns.found_in(texts)) if found]
        wrong = [text for text, excused in zip(wrong, self._allow.found_in(wrong)) if not excused]
        self.matches += len(wrong)
        self.shown += [f"{service}: {gist(text, _LINE)}" for text in wrong[: _SHOWN - len(self.shown)]]

    def close(self) -> None:
        """End what matches."""
        self._patterns.close()
        self._allow.close()

    def outcome(self) -> Outcome:
        """Judge what was found; a line that is there stays there, so waiting does not fix it."""
        observed = {"lines_read": self.lines, "matches": self.matches, "lines": list(self.shown)}
        if self.matches <= self._limit:
            seen = f", {self.matches} matched of {self._limit} allowed" if self.matches else ", no error among them"
            return Outcome(PASS, f"{self.lines} lines read{seen}", observed)
        count = "1 error line" if self.matches == 1 else f"{self.matches} error lines"
        return Outcome(FAIL, f"{count}, the first: {self.shown[0]}", observed, final=True)


def nothing_to_read(named: Sequence[str], scene: Scene, there: Collection[str]) -> Outcome | None:
    """What to say where a check names services and none of them has a container: no line is no good sign there.

    Those that the release has may have no container. Where nobody knows the release, one may still come.
    """
    known = scene.services
    if not named or any(name in there or name in known for name in named):
        return None
    close = next(filter(None, (near(name, known or there) for name in named)), "")
    reason = f"no container of {', '.join(named)}{close}"
    if scene.is_operation:
        return Outcome(SKIPPED, f"not part of the release: {reason}")
    return Outcome(ERROR, reason, final=bool(known))


class LogsProbe:
    """Reads on where the last attempt ended."""

    def __init__(self, scene: Scene, options: Mapping[str, Any]) -> None:
        self._scene = scene
        self._project = scene.project
        self._named: Sequence[str] = options["services"] or ()
        self._services = self._named or scene.own or scene.services
        self._since = options["since"] or scene.since
        self._scan = LogScan(options)
        self._reading = threading.Lock()

    def __call__(self, seconds: float) -> Outcome:
        """Read for at most so long."""
        # an attempt that was given up may still wait for the engine
        if not self._reading.acquire(timeout=seconds):
            return Outcome(ERROR, "the engine has not answered the attempt before this one yet")
        try:
            # closed before the next attempt may use it
            with contextlib.closing(self._scan):
                return self._read(seconds)
        finally:
            self._reading.release()

    def _read(self, seconds: float) -> Outcome:
        deadline = time.monotonic() + seconds
        containers = self._project.containers()
        nothing = nothing_to_read(self._named, self._scene, {one.service for one in containers})
        if nothing:
            return nothing
        for one in containers:
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


def _attempt(options: Options, scene: Scene) -> Attempt:
    read = LogsProbe(scene, options)
    return lambda seconds: in_thread(lambda: read(seconds))


KIND = Kind(
    name="logs",
    about="no line of the log tells of an error. It goes on reading until all other checks have ended.",
    options={
        "services": Option(
            "list",
            about="The services to check. Unless given those that are the release (C(app_release_services)), in the "
            "module all of O(services).",
        ),
        "since": Option(
            "float", may_be_negative=False,
            about="From when on to read, in seconds since 1970. O(since) unless given.",
        ),
        "patterns": Option(
            "regexes", ERROR_LINES,
            about="Regular expressions that tell an error line. Unless given a level (C(ERROR), C(CRITICAL), C(FATAL), "
            "C(PANIC)) as a word or as the level of a JSON or key=value line, or the start of a Python traceback. They "
            "see the first 8 KiB of a line; one that does not end within 2 s is an error.",
        ),
        "allow": Option("regexes", (), about="Regular expressions of lines that are fine all the same."),
        "limit": Option("int", 0, may_be_negative=False, about="How many error lines are tolerated."),
    },
    attempt=_attempt,
    asks_platform=True,
    blocks=True,
    guards=True,
)  # fmt: skip
