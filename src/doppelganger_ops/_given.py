"""What a caller gives: taken as plain values of the right type, or refused by name before anything is touched."""

from __future__ import annotations

import keyword
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from doppelganger_ops import installation
from doppelganger_ops.errors import InputError

#: keys that begin so are instructions to Ansible's reader and not data
INSTRUCTION = "__ansible"
#: bounds of variables. Ansible's own reader gives up at about 280 levels
DEEPEST, MOST_VALUES, MOST_CHARACTERS = 32, 100_000, 4 * 1024 * 1024
#: what every reader of JSON and YAML takes for the same number
LEAST_NUMBER, MOST_NUMBER = -(2**63), 2**64 - 1
LONGEST_SHOWN = 200

Path = tuple[str | int, ...]


def refused(name: str, expected: str, value: Any, hint: str = "") -> InputError:
    """The error for a value that is not what was expected."""
    try:
        shown = repr(value)
    except Exception:  # a caller's own class may raise anything
        shown = f"a {type(value).__name__}"
    if len(shown) > LONGEST_SHOWN:
        shown = f"{shown[:LONGEST_SHOWN]}…"
    return InputError(f"{name} must be {expected} and is {shown}.", hint=hint)


def text(name: str, value: Any, hint: str = "") -> str:
    """Text that can be encoded and has no NUL in it, so that a file, an argument and a name can hold it."""
    if not isinstance(value, str):
        raise refused(name, "text", value, hint)
    # a plain copy, whatever kind of text it was
    plain = str.__str__(value)
    problem = _problem(plain)
    if problem:
        raise InputError(f"{name} has {problem} in it, which is no text.", hint=hint or "Remove it.")
    return plain


def _problem(value: str) -> str:
    if "\x00" in value:
        return "the character NUL"
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"the half character U+{ord(value[error.start]):04X}"
    return ""


def line(name: str, value: Any, expected: str, hint: str = "") -> str:
    """Text all of which can be seen, on one line."""
    plain = text(name, value, hint)
    if installation.module_utils("text._visible").hidden(plain):
        raise refused(name, expected, plain, hint)
    return plain


def path(name: str, value: Any) -> str:
    """A path as text; it is shown in messages."""
    if not isinstance(value, (str, os.PathLike)):
        raise refused(name, "a path", value)
    found = os.fspath(value)
    if not found:  # which would be the folder that this runs in
        raise refused(name, "a path", value)
    return line(name, found, "a path all of which can be seen")


def several(name: str, value: Any, what: str, example: str) -> Sequence[Any]:
    """A list; a text on its own, the letters of which would be its items, is refused."""
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise refused(name, f"a list of {what}", value, f"For example {name}={example}.")
    return list(value)


def flag(name: str, value: Any) -> bool:
    """True or False, and nothing that would count as either."""
    if not isinstance(value, bool):
        raise refused(name, "True or False", value)
    return value


def whole(name: str, value: Any, least: int, most: int) -> int:
    """A whole number within bounds."""
    # a plain copy, whatever kind of number it was
    found = int.__int__(value) if isinstance(value, int) and not isinstance(value, bool) else None
    if found is None or not least <= found <= most:
        raise refused(name, f"a whole number from {least} to {most}", value)
    return found


def seconds(name: str, value: Any, least: float = 0.0) -> float:
    """A number of seconds that is more than nothing, at least ``least``, and will be over one day."""
    expected = f"a number of seconds, at least {least:g}" if least else "a positive number of seconds"
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    try:
        found = float(value) if is_number else math.nan
    except OverflowError:
        found = math.nan
    if not max(least, 0.0) <= found < math.inf or not found:
        raise refused(name, expected, value)
    return found


def variables(value: Any) -> dict[str, Any]:
    """Variables by name, as plain data that has one meaning, for every reader."""
    expected = "a mapping of variable names (letters, digits and _) to data"
    if not isinstance(value, Mapping):
        raise refused("variables", expected, value)
    found: dict[str, Any] = _Data().take((), value)
    for name in found:
        if not (name.isascii() and name.isidentifier() and not keyword.iskeyword(name)):
            raise InputError(f"variables must be {expected}; one is called {ascii(name)[:LONGEST_SHOWN]}.")
    return found


class _Data:
    """Takes a value to pieces and makes it again from plain text, numbers, lists and dictionaries."""

    def __init__(self) -> None:
        self._values = self._characters = 0

    def take(self, place: Path, value: Any) -> Any:
        """The value again, or an error that says where in it the trouble is."""
        self._values += 1
        if self._values > MOST_VALUES or len(place) > DEEPEST:
            bounds = f"more than {MOST_VALUES} values, or is nested more than {DEEPEST} levels deep"
            hint = "Give what is large in a file (variable_files)."
            raise InputError(f"{_named(place[:3])} has {bounds}.", hint=hint)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(place, value)
        if isinstance(value, (int, float)):
            return _number(place, value)
        if isinstance(value, Mapping):
            return {self._key(place, key): self.take((*place, key), item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.take((*place, number), item) for number, item in enumerate(value)]
        raise refused(_named(place), "text, a number, True, False, None, a list or a dictionary", value)

    def _text(self, place: Path, value: str) -> str:
        self._characters += len(value)
        if self._characters > MOST_CHARACTERS:
            hint = "Give what is large in a file (variable_files)."
            raise InputError(f"variables have more than {MOST_CHARACTERS} characters.", hint=hint)
        return text(_named(place), value)

    def _key(self, place: Path, key: Any) -> str:
        if not isinstance(key, str):
            raise refused(f"A key in {_named(place)}", "text", key, "Put a number that is a name into quotes.")
        plain = self._text((*place, "(a key)"), key)
        if plain.startswith(INSTRUCTION):
            raise InputError(
                f"{_named(place)} has the key {plain[:LONGEST_SHOWN]!r}, which Ansible would take for an instruction.",
                hint=f"Keys of data cannot begin with {INSTRUCTION}.",
            )
        return plain


def _number(place: Path, value: float) -> float:
    # a plain copy, whatever kind of number it was
    if isinstance(value, int):
        whole_number = int.__int__(value)
        if not LEAST_NUMBER <= whole_number <= MOST_NUMBER:
            raise InputError(f"{_named(place)} is a number of more than 64 bits.", hint="Give it as text.")
        return whole_number
    found = float.__float__(value)
    if not math.isfinite(found):
        raise refused(_named(place), "a number that is finite", value)
    return found


def _named(place: Path) -> str:
    return "variables" + "".join(f"[{ascii(part)[:LONGEST_SHOWN]}]" for part in place)
