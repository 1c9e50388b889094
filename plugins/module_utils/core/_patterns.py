# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Patterns that an inventory has, on text that an application writes: a match that does not end is ended from outside.

A regular expression may backtrack for ever over one line, and it holds Python's lock meanwhile: no other thread of this
process gets its turn, nor does its event loop. So whatever may backtrack is matched in a process of its own.
"""

from __future__ import annotations

import functools
import json
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Collection, Sequence

from . import _processes
from ._errors import OpsError, Refused

#: what one batch of texts may take, in seconds: a thousand lines take a few milliseconds
SECONDS = 2.0
#: what the process that matches may take to begin, on a machine that is busy with something else
_START = 30.0
#: without repetitions, and with few alternatives, a pattern costs each character a few steps
_PLAIN = re.compile(r"(?:\\.|\(\?(?::|i:|i\))|[^*+?{\\])*", re.DOTALL)
_MOST_ALTERNATIVES = 8
#: over a whole short text a few of these are quick as well
_ANYTHING = re.compile(r"(?<!\\)\.[*+]")
_FEW, _SHORT = 2, 1000
_CHILD = """
import json, re, sys
how, *patterns = json.loads(sys.stdin.readline())
finders = [getattr(re.compile(one), how) for one in patterns]
print("[]", flush=True)
for line in sys.stdin:
    texts, hits = json.loads(line), set()
    for place, find in enumerate(finders):
        print(place, flush=True)
        hits.update(number for number, text in enumerate(texts) if find(text))
    print(json.dumps(sorted(hits)), flush=True)
"""


class TooSlow(Refused):
    """A pattern that backtracks."""

    reason = "pattern_too_slow"

    def __init__(self, pattern: str) -> None:
        super().__init__(
            f"The pattern {pattern!r} did not come to an end within {SECONDS:g} s.",
            hint="Write it without a repetition within a repetition, or two of the same next to each other.",
        )


def is_quick(pattern: str, whole: bool = False) -> bool:
    """Whether a pattern takes a few steps for each character, whatever it is held against."""
    if whole and len(_ANYTHING.findall(pattern)) <= _FEW:
        pattern = _ANYTHING.sub(".", pattern)
    return pattern.count("|") <= _MOST_ALTERNATIVES and _PLAIN.fullmatch(pattern) is not None


class Patterns:
    """Patterns of which one has to be found. ``known`` ones are quick; with ``whole`` one has to match a whole text."""

    def __init__(self, patterns: Sequence[str], known: Collection[str] = (), whole: bool = False) -> None:
        self._how = "fullmatch" if whole else "search"
        quick = [one for one in patterns if one in known or is_quick(one, whole)]
        self._quick = [getattr(re.compile(one), self._how) for one in quick]
        self._others = [one for one in patterns if one not in quick]
        self._child: subprocess.Popen[bytes] | None = None

    def found_in(self, texts: Sequence[str]) -> list[bool]:
        """Of each text whether a pattern was found in it; raises TooSlow."""
        found = [any(find(text) for find in self._quick) for text in texts]
        left = [number for number, hit in enumerate(found) if not hit]
        if self._others and left:
            for place in self._asked([texts[number] for number in left]):
                found[left[place]] = True
        return found

    def close(self) -> None:
        """End the process that matches, if there is one."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _asked(self, texts: Sequence[str]) -> list[int]:
        try:
            if self._child is None:
                self._child = _started()
                self._answer(self._child, [self._how, *self._others], _START)
            return self._answer(self._child, texts, SECONDS)
        except BaseException:
            self.close()
            raise

    def _answer(self, child: subprocess.Popen[bytes], said: Sequence[str], seconds: float) -> list[int]:
        deadline = time.monotonic() + seconds
        _say(child, said)
        stdout = child.stdout.fileno() if child.stdout else -1
        waiting = select.poll()
        waiting.register(stdout, select.POLLIN)
        heard, place = b"", -1
        while waiting.poll(max(0.0, deadline - time.monotonic()) * 1000):
            piece = os.read(stdout, 65536)
            if not piece:
                raise OpsError("The pattern matcher exited unexpectedly.", reason="command_failed")
            *lines, heard = (heard + piece).split(b"\n")
            for line in lines:
                answer = json.loads(line)
                if isinstance(answer, list):
                    return answer
                place = answer
        if place < 0:
            raise OpsError(f"The pattern matcher did not start within {seconds:g} s.", reason="timed_out")
        raise TooSlow(self._others[place])


def _started() -> subprocess.Popen[bytes]:
    argv = [sys.executable or "python3", "-I", "-S", "-c", _CHILD]
    pipe = subprocess.PIPE
    return _processes.start(argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, bufsize=0)


def _say(child: subprocess.Popen[bytes], data: Sequence[str]) -> None:
    if child.stdin is not None:
        child.stdin.write(json.dumps(list(data)).encode("ascii") + b"\n")


def search(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text; raises TooSlow."""
    wanted = Patterns([pattern])
    try:
        return wanted.found_in([text])[0]
    finally:
        wanted.close()


def fullmatch(pattern: str, text: str) -> bool:
    """Whether the pattern matches all of a text, of which there may be many; raises TooSlow."""
    return _whole(pattern).found_in([text[:_SHORT]])[0]


@functools.lru_cache(maxsize=64)
def _whole(pattern: str) -> Patterns:
    return Patterns([pattern], whole=True)
