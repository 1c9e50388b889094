# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Env files: who may write them, which keys have a value, which values are secrets."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Container, Iterator, Mapping, Sequence

from ..core import _files
from ..core._errors import Refused
from ..text._secret_values import private
from ._env_file_lines import unreadable
from ._interpolation import interpolated

#: ``KEY=value`` or ``KEY: value``, in single quotes, in double quotes (both may go over several lines), or plain
_VARIABLE = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<key>[A-Za-z_][\w.\-\[\]]*)[ \t]*[=:][ \t]*"""
    r"""(?:'(?P<single>(?:\\.|[^'\\])*)'|"(?P<double>(?:\\.|[^"\\])*)"|(?P<plain>[^\n]*))""",
    re.MULTILINE | re.DOTALL,
)
#: of a larger file only the beginning is read, in bytes
_MOST = 1 << 20
#: in double quotes; any other backslash is one
_ESCAPE = re.compile(r"""\\([abfnrtv"\\$])""")
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "$": "$$"}


def parse(text: str, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of an env file as compose reads them; a value may name ``known`` ones, else others of it."""
    found: dict[str, str] = {}
    for key, value, is_literal in _written(text):
        found[key] = value if is_literal else interpolated(value, {**found, **(known or {})})
    return found


def secrets_in(text: str, known: Mapping[str, str] | None = None, public: Container[str] = ()) -> list[str]:
    """The values of an env file that are no ordinary words, as they are and as they are written, and each line without
    one: it may be part of one. Those of the ``public`` keys are none."""
    pairs = [*parse(text, known).items(), *((key, value) for key, value, _ in _written(text))]
    lost = [line.strip() for line in text.splitlines() if not _VARIABLE.match(line) and line.strip()[:1] != "#"]
    return [*private(pairs, public), *lost]


def secrets_of(path: str, known: Mapping[str, str] | None = None, public: Container[str] = ()) -> list[str]:
    """The same of the file at ``path``, whatever its encoding; OSError where it cannot be read."""
    return secrets_in(_files.beginning(path, _MOST).decode("utf-8", "replace"), known, public)


def _written(text: str) -> Iterator[tuple[str, str, bool]]:
    """Each key with its value, variables within it unread, and whether there can be none."""
    for match in _VARIABLE.finditer(text.lstrip("\ufeff").replace("\r\n", "\n")):
        key, single, double = match.group("key", "single", "double")
        if single is not None:
            yield key, single.replace("\\'", "'"), True
        elif double is not None:
            yield key, _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), double), False
        else:
            yield key, match["plain"].partition(" #")[0].strip(), False


def read(path: str, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of the file at ``path``; refuses one that is missing, unreadable or writable by anybody."""
    try:
        status = os.stat(path)
        text = _files.beginning(path, _MOST).decode("utf-8")
    except FileNotFoundError as error:
        raise Refused(
            f"The env file {path} does not exist on the target.",
            reason="env_file_missing",
            hint="Create it with all the secrets of the application, mode 0600.",
        ) from error
    except UnicodeDecodeError as error:  # whose text has the bytes
        line = error.object.count(b"\n", 0, error.start) + 1
        words, hint = f"Line {line} of the env file {path} is not UTF-8.", "Save the file as UTF-8."
        raise Refused(words, reason="env_file_invalid", hint=hint) from None
    except OSError as error:
        raise Refused(
            f"The env file {path} cannot be read: {error.strerror}.",
            reason="env_file_invalid",
            hint="Make it readable by its owner.",
        ) from error
    others = stat.S_IMODE(status.st_mode) & (stat.S_IWOTH | stat.S_IWGRP)
    if others:
        who = "everybody" if others & stat.S_IWOTH else "its group"
        raise Refused(
            f"The env file {path} is writable by {who} (mode {stat.S_IMODE(status.st_mode):04o}), "
            "expected its owner alone.",
            reason="env_file_unsafe",
            hint=f"Check whether it was changed, then run: chmod 600 {path}",
        )
    found = unreadable(text, known or {})
    if found is not None:
        raise Refused(
            f"Line {found.line} of the env file {path} cannot be read: {found.what}.",
            reason="env_file_invalid",
            hint="Check that line (not shown, it may be a secret): expected NAME=value, or a comment.",
        )
    return parse(text, known)


def read_all(paths: Sequence[str], surroundings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of several env files, later ones winning. Their values may name what compose has around itself, or
    else variables of earlier files, or else of their own."""
    merged: dict[str, str] = {}
    for path in paths:
        merged.update(read(path, {**merged, **(surroundings or {})}))
    return merged


def require(variables: Mapping[str, str], keys: Sequence[str], paths: Sequence[str]) -> None:
    """Refuse when one of ``keys`` has no value."""
    missing = [key for key in keys if not variables.get(key)]
    if missing:
        where = ", ".join(paths) or "no env file (app_env_files is empty)"
        raise Refused(
            f"{', '.join(missing)} must have a value and {'has' if len(missing) == 1 else 'have'} none in {where}.",
            reason="env_value_missing",
            hint="Add it there, one KEY=value a line.",
        )
