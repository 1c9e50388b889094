# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person reads of a log line or a page: level, message and the exception's last line; a page's title.

Nothing here knows secrets. Who quotes blanks them out before (:func:`_excerpt.gist`), and looks once more at what was
decoded here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from . import _foreign

_LEVELS = ("level", "severity", "levelname", "lvl", "log.level")
_MESSAGES = ("message", "msg", "event")
#: what Python, Java, Node and Go loggers call an exception
_EXCEPTIONS = ("exception", "exc_info", "traceback", "stack_trace", "stack", "thrown", "error", "err", "error.message")
#: pino and bunyan write levels as numbers
_NUMBERS = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR", 60: "FATAL"}
_DEEPEST = 16
_PAGE = re.compile(r"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_BODY = re.compile(r"<body\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_TRACEBACK = "Traceback (most recent call last)"
_FRAME = re.compile(r"\n\s+at ")


def gist_of(text: str) -> str:
    """A JSON log line or an HTML page in short; any other text as it is."""
    if text.lstrip()[:1] == "{":
        return _envelope(text)
    return _page(text) if _PAGE.match(text) else text


def end_of(output: str) -> str:
    """What counts at the end of what a command has printed: a page as a whole, the last traceback by its exception, a
    JSON log line that is the last by its message; any other text as it is."""
    lines = output.splitlines()
    if _PAGE.match(output):
        return _page(output)
    begins = [place for place, line in enumerate(lines) if line.startswith(_TRACEBACK)]
    if begins:
        return exception_line("\n".join(lines[begins[-1] :]))
    return gist_of(lines[-1]) if lines and lines[-1][:1] == "{" else output


def _envelope(text: str) -> str:
    try:
        entry = _foreign.read_object(text, depth=_DEEPEST)
    except _foreign.Unreadable:
        return text
    level = _first(entry, _LEVELS)
    message = _short(_first(entry, _MESSAGES))
    failed = _first(entry, _EXCEPTIONS)
    exception = exception_line(failed) if failed else ""
    if not level or not (message or exception):
        return text  # some other object, of which nobody knows what counts
    return f"{level} {': '.join(_told(message, exception))}"


def _told(message: str, exception: str) -> list[str]:
    if exception in message:
        return [message]
    kind, colon, said = exception.partition(": ")
    if colon and said in message:
        return [f"{message} ({kind})"]
    return [exception] if message in exception else [message, exception]


def _first(entry: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of some fields that is there, as text."""
    for name in names:
        found = entry.get(name)
        if isinstance(found, Mapping):
            found = next((found[key] for key in ("message", "msg", "stack_trace", "stack") if found.get(key)), "")
        if isinstance(found, str) and found.strip():
            return found.strip().upper() if name in _LEVELS else found.strip()
        if name in _LEVELS and isinstance(found, int) and found in _NUMBERS:
            return _NUMBERS[found]
    return ""


def _short(message: str) -> str:
    """A message without the traceback that some loggers put into it."""
    if _TRACEBACK not in message and not _FRAME.search(message):
        return message
    return ": ".join(_told(message.splitlines()[0].rstrip(": "), exception_line(message)))


def exception_line(text: str) -> str:
    """The line of a traceback that says what happened: Python's last one, otherwise the last cause or the first one."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if any(line.startswith(_TRACEBACK) for line in lines):
        return next((line for line in reversed(lines) if not line[0].isspace()), lines[-1])
    causes = [line for line in lines if line.startswith("Caused by: ")]
    return (causes or lines[:1] or [""])[-1]


def _page(text: str) -> str:
    title = _TITLE.search(text)
    if title and title[1].strip():
        return html.unescape(title[1])
    body = _BODY.search(text)
    return html.unescape(_TAG.sub(" ", text[body.start() :] if body else text)).strip() or text
