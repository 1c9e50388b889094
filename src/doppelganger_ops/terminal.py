"""What people see on a terminal: what happens while a run goes on, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from doppelganger_ops import events, installation
from doppelganger_ops.result import Known, Outcome, Target

if TYPE_CHECKING:
    from rich.status import Status
    from rich.text import Text


def line_of(event: events.Event) -> str | None:
    """An event as one line of text, or nothing where it is not worth one."""
    match event:
        case events.PhaseFinished():
            return f"{event.host}: {event.phase} {event.seconds:.1f} s"
        case events.PhaseFailed():
            return f"{event.host}: {event.phase} FAILED after {event.seconds:.1f} s: {event.error}"
        case events.CheckPassed():
            return f"{event.host}:   [x] {event.name}"
        case events.CheckFailed():
            return f"{event.host}:   [ ] {event.name}: {event.reason}"
        case events.Line(level="warning" | "error"):
            return event.text
    return None


def moving_line(event: events.Event) -> tuple[str, str] | None:
    """A host and what it is doing now; empty where it is not in a phase any more."""
    match event:
        case events.PhaseStarted():
            return event.host, event.phase
        case events.Waiting():
            return event.host, f"{event.phase}, {event.detail}" if event.detail else event.phase
        case events.PhaseFinished() | events.PhaseFailed() | events.TargetFinished():
            return event.host, ""
    return None


class Progress:
    """Shows events as they come; plain lines where the stream is no terminal. It is an ``on_event``.

    ``words`` makes of a line what the reader types.
    """

    def __init__(self, stream: IO[str], words: Callable[[str], str] = str) -> None:
        self._stream = stream
        self._words = words
        self._doing: dict[str, str] = {}
        self._between = "starting"
        self._began = time.monotonic()
        self._status: Status | None = None
        if stream.isatty():
            from rich.console import Console

            self._status = Console(file=stream, highlight=False).status(self)
            self._status.start()

    def __rich__(self) -> Text:
        """The line that moves, as it is now; it is asked for several times a second."""
        from rich.text import Text

        shown = ", ".join(f"{host}: {doing}" for host, doing in self._doing.copy().items()) or self._between
        return Text(f"{shown}  ({time.monotonic() - self._began:.0f} s)")

    def __call__(self, event: events.Event) -> None:
        """Show an event."""
        moving = moving_line(event)
        if moving:
            host, doing = moving
            self._doing.pop(host, None)
            self._doing |= {host: doing} if doing else {}
            self._between = "going on"
        line = line_of(event)
        if line is not None:
            self._print(self._words(installation.module_utils("text._characters").printable(line)))

    def _print(self, line: str) -> None:
        if self._status is not None:
            self._status.console.print(line, markup=False, emoji=False)
        else:
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def close(self) -> None:
        """Take the line that moves away."""
        if self._status is not None:
            self._status.stop()


def lines(command: str, outcome: Outcome[Any]) -> list[str]:
    """What happened on each target, in the playbooks' own words where there are some, and the sentence that counts."""
    found: list[str] = []
    for host, target in outcome.targets.items():
        if isinstance(target, Target) and target.raw:
            found += _of_target(host, target, outcome.message)
        elif isinstance(target, Known):
            found += _known(command, host, target)
        else:
            found += [f"{host}: {target.status.value}: {target.message}", *_about(target)]
    if not outcome.status.is_good:
        found += [f"{outcome.operation}: {outcome.status.value}. {outcome.message}"]
        found += [f"next: {outcome.hint}"] if outcome.hint else []
    return [installation.module_utils("text._characters").printable(line) for line in found]


def _of_target(host: str, target: Target, decides: str) -> Iterator[str]:
    """What happened on one target; why it failed, unless that is what decides the whole and is said at the end."""
    yield from installation.plugin_utils("results._lines").lines(host, dict(target.raw))
    if target.failure and target.message not in decides:
        yield target.message
        if target.hint:
            yield f"next: {target.hint}"


def _about(target: Any) -> list[str]:
    """Application, environment, operator and reason, as far as they are known."""
    said = installation.plugin_utils("results._about").line(target.about)
    return [said] if said else []


def _known(command: str, host: str, known: Known) -> list[str]:
    found = [f"{host}: {known.message}", *_about(known)]
    if command != "status" or not known.status.is_good:
        return [*found, *known.table]
    if known.lease:
        found.append(f"{host}: held by {known.lease.get('holder')} for {known.lease.get('purpose')}")
    if known.interrupted:
        cut = known.interrupted
        found.append(f"{host}: {cut['operation']} of {cut['release']} was interrupted; the next run recovers it")
    return found


def dashboard(url: str, asked_for: int | None) -> list[str]:
    """Where the dashboard is, and what is worth knowing of that."""
    from doppelganger_ops._board_server import PORT

    found = [f"The dashboard is at {url} until Ctrl-C."]
    place = urlsplit(url)
    if asked_for is None and place.port != PORT:
        found.append(f"Port {PORT} is in use, so this is the next free one.")
    if place.hostname not in ("127.0.0.1", "::1"):
        found.append("There is no login: everybody who reaches this address can read it.")
    return found
