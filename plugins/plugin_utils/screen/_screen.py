# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the output callback shows, as lines with a tone: a state machine that is given what happened and the time."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.doppelganger.ops.plugins.module_utils.text._characters import printable

from ..results._result import GOOD_STATUSES, red_hosts
from ._words import alike, headline, note, one_line, paragraph

OK, CHANGED, FAILED, WARN, DIM, PLAIN, HEADING = "ok", "changed", "failed", "warn", "dim", "plain", "heading"
#: a reason that is longer is in the result and in the report
_MOST_LINES = 3
_PHASE_WIDTH = 13
#: for the words behind a long name
_LEAST_ROOM = 40


class Line(NamedTuple):
    """A line of the screen."""

    text: str
    tone: str = PLAIN


@dataclass(frozen=True)
class Step:
    """A task as the screen sees it; ``module`` where it is a step of ours, ``phase`` as the journal calls it."""

    name: str
    role: str = ""
    module: str = ""
    phase: str = ""
    is_ours: bool = False
    #: whether the paragraph at the end says why it failed
    is_told: bool = False


@dataclass
class _Host:
    step: Step | None = None
    since: float = 0.0
    waiting: str = ""
    shown: tuple[str, str] = ("", "")  # the phase that was shown last, and its message where it failed


@dataclass
class Screen:
    """The lines of one run; ``width`` is that of the terminal, or how far lines may go without one."""

    width: int = 120
    several: bool = False
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _heading: str = ""
    _host_width: int = 0

    # what begins

    def play(self, name: str, batch: Sequence[str], everyone: Sequence[str], check_mode: bool) -> None:
        """A batch of a play begins; its heading is shown with its first line, so one that does nothing says nothing."""
        self.several = len(everyone) > 1
        self._host_width = min(max(map(len, everyone), default=0), self.width // 3)
        where = batch[0] if len(batch) == 1 else f"{len(batch)} hosts"
        mode = " (check mode, nothing is changed)" if check_mode else ""
        self._heading = f"{name}: {where}{mode}" if batch else f"{name}{mode}"

    def begun(self, host: str, step: Step, now: float) -> None:
        """A task begins on a host."""
        known = self._hosts.setdefault(host, _Host())
        known.step, known.since, known.waiting = step, now, ""

    def waits(self, host: str, words: str) -> None:
        """A task that goes on says what it waits for."""
        known = self._hosts.get(host)
        if known is not None and known.step is not None:
            known.waiting = one_line(words)

    def idle(self, host: str) -> None:
        """A task was not for this host."""
        if host in self._hosts:
            self._hosts[host].step = None

    def moving(self, now: float) -> str:
        """What goes on now, in one line; empty where nothing does."""
        parts = []
        for host, known in list(self._hosts.items()):  # another thread asks
            step = known.step
            if step is None or (step.is_ours and not step.phase):  # what is ours and no phase takes no time
                continue
            name = step.phase or step.name
            waiting = f": {known.waiting}" if known.waiting else ""
            where = f"{host} " if self.several else ""
            parts.append(f"{where}{name} {max(0.0, now - known.since):.0f} s{waiting}")
        return one_line(" | ".join(parts))

    # what ends

    def ended(self, host: str, step: Step, how: str, found: Mapping[str, Any], now: float) -> list[Line]:
        """A task ended on a host; ``how`` is ok, failed, ignored or unreachable."""
        known = self._hosts.setdefault(host, _Host())
        seconds = max(0.0, now - known.since) if known.step else 0.0
        known.step = None
        if step.phase:
            lines = list(self._phase(host, known, step, how, found, seconds))
        else:
            lines = list(self._task(host, known, step, how, found))
        return self._headed(lines)

    def headed(self, lines: Sequence[Line]) -> list[Line]:
        """Lines that belong to the play, below its heading."""
        return self._headed(lines)

    def _headed(self, lines: Sequence[Line]) -> list[Line]:
        if not lines or not self._heading:
            return list(lines)
        heading, self._heading = self._heading, ""
        return [Line(""), Line(heading, HEADING), *lines]

    def _phase(
        self, host: str, known: _Host, step: Step, how: str, found: Mapping[str, Any], seconds: float
    ) -> Iterator[Line]:
        verdict = found.get("verdict")
        is_failed = how not in ("ok", "ignored") or verdict not in (None, "pass")
        name = str(found.get("phase") or step.phase) if is_failed else step.phase
        message = one_line(found.get("error") or found.get("msg") or found.get("censored") or "") if is_failed else ""
        if is_failed and known.shown == (name, message):
            return
        known.shown = (name, message)
        checklist = str(found.get("checklist") or found.get("table") or "").splitlines()
        said = ("" if checklist else message) if is_failed else note(step.module, found)
        yield from self._phase_line(host, name, seconds, said, is_failed, bool(found.get("changed")))
        yield from (line for check in checklist for line in self._check(host, check))
        if is_failed and found.get("hint"):
            yield from self._wrapped(f"next: {found['hint']}", WARN, self._below(host))

    def _phase_line(
        self, host: str, phase: str, seconds: float, said: str, is_failed: bool, is_changed: bool
    ) -> Iterator[Line]:
        tone = FAILED if is_failed else CHANGED if is_changed else OK
        mark = "  FAILED" if is_failed else ""
        start = f"  {self._where(host)}{phase:<{_PHASE_WIDTH}} {seconds:6.1f} s{mark}"
        room = self.width - len(start) - 2
        if is_failed and len(said) > room:
            yield Line(start, tone)
            yield from self._wrapped(said, tone, self._below(host))
            return
        # a path stays whole, so that it can be copied
        first, *rest = textwrap.wrap(
            said, max(room, 20), break_long_words=False, break_on_hyphens=False, max_lines=_MOST_LINES, placeholder=" …"
        ) or [""]
        yield Line(f"{start}  {first}".rstrip(), tone)
        yield from (Line(f"{' ' * (len(start) + 2)}{line}", tone) for line in rest)

    def _check(self, host: str, line: str) -> Iterator[Line]:
        tone = {"[x]": OK, "[ ]": FAILED, "[!]": FAILED}.get(line[:3], DIM)
        if tone is FAILED:
            yield from self._wrapped(line, tone, self._below(host), hang=4)
        else:
            yield Line(_cut(f"{self._below(host)}{one_line_kept(line)}", self.width), tone)

    def said(self, host: str, found: Mapping[str, Any]) -> list[Line]:
        """What an item of a loop is there to say."""
        return self._headed(list(self._said(self._where(host), found)))

    def _task(self, host: str, known: _Host, step: Step, how: str, found: Mapping[str, Any]) -> Iterator[Line]:
        """A task that is no phase: shown where it changed something, failed, or is there to say something."""
        where = self._where(host)
        if how in ("failed", "unreachable", "ignored"):
            message = message_of(found)
            if step.is_told or (step.is_ours and known.shown == (how, message)):  # of one thing all of ours may fail
                return
            known.shown = (how, message)
            word = {"ignored": "ignored"}.get(how, how.upper())
            yield from self._wrapped(f"{word:<9} {where}{step.name}: {message}",
                                     WARN if how == "ignored" else FAILED, "  ", hang=4)  # fmt: skip
            if found.get("hint"):
                yield from self._wrapped(f"next: {found['hint']}", WARN, self._below(host))
            yield from (Line(f"{self._below(host)}{line}", DIM) for line in output_of(found))
        elif found.get("_ansible_verbose_always"):
            yield from self._said(where, found)
        elif found.get("changed") and not step.is_ours:
            yield Line(_cut(f"  changed   {where}{step.name}", self.width), CHANGED)

    def _said(self, where: str, found: Mapping[str, Any]) -> Iterator[Line]:
        said = found.get("msg")
        if said is None:  # debug with a variable
            shown = {key: value for key, value in found.items() if not key.startswith("_") and key != "changed"}
            said = "; ".join(f"{key}: {value}" for key, value in shown.items())
        text = "\n".join(map(str, said)) if isinstance(said, list) else str(said)
        for line in printable(text).splitlines():
            yield Line(f"  {where}{line}", PLAIN)

    def _where(self, host: str) -> str:
        return f"{_cut(host, self._host_width):<{self._host_width}}  " if self.several else ""

    def _below(self, host: str) -> str:
        """How a line begins that belongs to the one above it."""
        return f"  {self._where(host)}    "

    def _wrapped(self, text: str, tone: str, start: str, hang: int = 0) -> Iterator[Line]:
        width = max(self.width, len(start) + hang + _LEAST_ROOM)
        found = textwrap.wrap(
            one_line_kept(text), width, initial_indent=start, subsequent_indent=start + " " * hang,
            break_long_words=False, break_on_hyphens=False, max_lines=_MOST_LINES, placeholder=" …",
        )  # fmt: skip
        return (Line(line, tone) for line in found)

    # the end

    def end(self, published: Mapping[str, Any] | None, recap: Mapping[str, Mapping[str, int]]) -> list[Line]:
        """How it ended: a paragraph for the hosts of an operation, a count for those of any other playbook."""
        targets = (published or {}).get("targets") or {}
        found = []
        for hosts, target in alike(targets):
            tone = OK if target["status"] in GOOD_STATUSES else FAILED
            first, *rest = paragraph(hosts, target)
            found += [Line(""), Line(first, tone)]
            found += [line for text in rest for line in self._unlimited(text)]
        red = red_hosts(targets, recap)
        others = {host: counts for host, counts in recap.items() if host not in targets or host in red}
        if others:
            found += [Line(""), *(_recap(host, counts) for host, counts in others.items())]
        if len(targets) > 1:
            found += [Line(""), _fleet(published or {}, targets)]
        return [*found, Line("")]

    def _unlimited(self, text: str) -> Iterator[Line]:
        key, colon, _ = text.partition(": ")
        hang = "    " if colon and key in ("application", "next", "changed", "would change", "recovered") else "  "
        found = textwrap.wrap(text, self.width, initial_indent="  ", subsequent_indent=hang, break_long_words=False,
                              break_on_hyphens=False)  # fmt: skip
        return (Line(line) for line in found)


def _recap(host: str, counts: Mapping[str, int]) -> Line:
    is_bad = bool(counts.get("failures") or counts.get("unreachable"))
    names = {"failures": "failed"}
    shown = [f"{names.get(name, name)} {count}" for name, count in counts.items() if count]
    return Line(f"{host}: {', '.join(shown) or 'nothing was done'}", FAILED if is_bad else OK)


def _fleet(published: Mapping[str, Any], targets: Mapping[str, Mapping[str, Any]]) -> Line:
    status = str(published.get("status"))
    counts: dict[str, int] = {}
    for target in targets.values():
        counts[str(target["status"])] = counts.get(str(target["status"]), 0) + 1
    parts = ", ".join(f"{count} {headline(name)}" for name, count in counts.items())
    tone = OK if status in GOOD_STATUSES else FAILED
    return Line(f"{str(published.get('operation')).capitalize()} of {len(targets)} hosts: {parts}", tone)


def message_of(found: Mapping[str, Any]) -> str:
    """Why a task failed, whichever module it was."""
    said = found.get("msg") or found.get("censored") or found.get("reason") or "no message was given"
    code = found.get("rc")
    return one_line(said) + (f" (exit code {code})" if isinstance(code, int) and code else "")


def output_of(found: Mapping[str, Any]) -> list[str]:
    """The last words of a command that failed."""
    text = str(found.get("stderr") or found.get("module_stderr") or found.get("stdout") or "")
    return [line.rstrip() for line in printable(text).splitlines() if line.strip()][-10:]


def one_line_kept(text: str) -> str:
    """Text on one line whose columns stay where they are."""
    return printable(text).replace("\n", " ").replace("\t", " ").rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
