# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables within values as Compose has them: ``$NAME``, ``${NAME:-default}``, and ``$$`` for a dollar."""

from __future__ import annotations

import re
from collections.abc import Mapping

_DOLLAR = re.compile(r"\$(?:(?P<escaped>\$)|(?P<name>[A-Za-z_]\w*)|(?P<brace>\{))", re.ASCII)
_BRACED = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-+?])(?P<other>.*))?", re.ASCII | re.DOTALL)
_ENDS = re.compile(r"\$\{|\}")


def interpolated(text: str, known: Mapping[str, str]) -> str:
    """The text with the values of the variables that are known, and nothing in the place of others.

    What is no variable stays as it is; compose refuses it, and says so.
    """
    done = ""
    while True:
        found = _DOLLAR.search(text)
        if found is None:
            return done + text
        done, text = done + text[: found.start()], text[found.end() :]
        if found["escaped"]:
            done += "$"
        elif found["name"]:
            done += known.get(found["name"], "")
        else:
            inner, text = _to_its_brace(text)
            done += _value(inner, known)


_NO_VARIABLE = "${ begins no variable; for a dollar write $$"


def problem_in(text: str, known: Mapping[str, str]) -> str:
    """Why compose refuses the text, in words that say nothing of what is in it; empty where it does not."""
    while True:
        found = _DOLLAR.search(text)
        if found is None:
            return ""
        text = text[found.end() :]
        if found["brace"]:
            inner, rest = _to_its_brace(text)
            problem = _problem_of(inner, known) if len(inner) < len(text) else _NO_VARIABLE
            text = rest
            if problem:
                return problem


def _problem_of(inner: str, known: Mapping[str, str]) -> str:
    found = _BRACED.fullmatch(inner)
    if found is None:
        return _NO_VARIABLE
    value, how = known.get(found["name"]), found["how"] or ""
    has_one = bool(value) if how.startswith(":") else value is not None
    if how.endswith("?"):
        return "" if has_one else f"{found['name']} must have a value and has none"
    # compose reads what comes after a plus in any case
    return problem_in(found["other"] or "", known) if how.endswith("+") or not has_one else ""


def _value(inner: str, known: Mapping[str, str]) -> str:
    found = _BRACED.fullmatch(inner)
    if found is None:
        return "${" + inner + "}"
    value, how = known.get(found["name"]), found["how"] or ""
    has_one = bool(value) if how.startswith(":") else value is not None
    if how.endswith("+"):
        return interpolated(found["other"], known) if has_one else ""
    if how.endswith("-") and not has_one:
        return interpolated(found["other"], known)
    return value or ""


def _to_its_brace(text: str) -> tuple[str, str]:
    """What is within the brace that was opened, and what comes after it."""
    depth = 1
    for end in _ENDS.finditer(text):
        depth += 1 if end[0] == "${" else -1
        if not depth:
            return text[: end.start()], text[end.end() :]
    return text, ""
