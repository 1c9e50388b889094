# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an inventory may say: plain values of a reasonable size, of the type that the argument spec wants.

Ansible's own conversion makes text of a list, 1 of ``yes`` and an endless number of ``1e400``. Here a wrong value is
refused by the name of its variable, and as little of it is shown as possible, as it may be a secret.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused

_ENTRIES = 10_000
_DEPTH = 20
_CHARACTERS = 100_000
_LEAST, _MOST = -(2**63), 2**63 - 1
_HINT = "Fix it in the inventory; docs/application.md describes each variable."
_TEXT, _LIST, _DICT, _NUMBER, _FLOAT = "text", "a list", "a dictionary", "a whole number", "a number"
#: what is taken for a type, as far as Ansible converts it without changing what is meant
_TAKEN: dict[str, tuple[str, tuple[type, ...]]] = {
    "str": (_TEXT, (str, int)),
    "path": (_TEXT, (str,)),
    "int": (_NUMBER, (int, str)),
    "float": (_FLOAT, (int, float, str)),
    "list": (_LIST, (list, tuple, str)),
    "dict": (_DICT, (Mapping, str)),
}


#: how a number may be written as text
_WRITTEN = {"int": re.compile(r"-*\d+"), "float": re.compile(r"-?\d+(\.\d+)?")}


def check(name: str, value: Any, option: Mapping[str, Any]) -> None:
    """Refuse a value that is not plain, too large, or of another type than an argument spec says."""
    check_plain(name, value)
    _check_type(name, value, option)
    if option.get("type") == "list" and isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            if item is None:
                raise _refused(f"{name}[{number}]", _words(str(option.get("elements"))), item)
            _check_type(f"{name}[{number}]", item, {"type": option.get("elements")})
    if isinstance(value, Mapping):
        for key, below in (option.get("options") or {}).items():
            _check_type(f"{name}.{key}", value.get(key), below)


def check_plain(name: str, value: Any) -> None:
    """Refuse what JSON does not have, and what is larger than anybody means."""
    entries, level = 1, [value]
    for _ in range(_DEPTH):
        for one in level:
            _check_one(name, one)
        # one more than there may be: what an anchor repeats is one list, however many it would come to
        every = list(itertools.islice((below for one in level for below in _below(one)), _ENTRIES + 1))
        entries += len(every)
        if entries > _ENTRIES:
            raise Refused(f"{name}: expected at most {_ENTRIES} entries, found more.", hint=_HINT)
        if not every:
            return
        level = every
    raise Refused(f"{name}: expected at most {_DEPTH} levels, found more.", hint=_HINT)


def _below(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values()) if len(value) <= _ENTRIES else [None] * (_ENTRIES + 1)
    return list(value[: _ENTRIES + 1]) if isinstance(value, (list, tuple)) else []


def _check_one(name: str, value: Any) -> None:
    if isinstance(value, str):
        _check_text(name, value)
    elif isinstance(value, Mapping):
        for key in list(value)[: _ENTRIES + 1]:
            if not isinstance(key, str):
                raise Refused(
                    f"{name}: expected text as keys, found {found(key)}.", hint=f"Put it into quotes. {_HINT}"
                )
            _check_text(name, key)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Refused(f"{name}: expected a number that is finite, found another one.", hint=_HINT)
    elif isinstance(value, int):
        # no range: a number that Ansible has marked would be looked for one by one
        if not _LEAST <= value <= _MOST:
            raise Refused(f"{name}: expected a number of at most 64 bits, found a larger one.", hint=_HINT)
    elif value is not None and not isinstance(value, (list, tuple)):
        expected = "text, a number, a list or a dictionary"
        raise Refused(f"{name}: expected {expected}, found {found(value)}.", hint=f"Put it into quotes. {_HINT}")


def _check_text(name: str, value: str) -> None:
    if len(value) > _CHARACTERS:
        raise Refused(f"{name}: expected at most {_CHARACTERS} characters, found {len(value)}.", hint=_HINT)
    if "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
        raise Refused(f"{name}: expected text, found a character that is none (NUL or half of a pair).", hint=_HINT)


def _check_type(name: str, value: Any, option: Mapping[str, Any]) -> None:
    wanted = str(option.get("type"))
    if value is None or wanted not in _TAKEN:
        return
    _, types = _TAKEN[wanted]
    if not isinstance(value, types) or isinstance(value, bool):
        raise _refused(name, _words(wanted), value)
    if wanted in _WRITTEN and isinstance(value, str) and not _WRITTEN[wanted].fullmatch(value.strip()):
        raise _refused(name, _words(wanted), value)


def _words(wanted: str) -> str:
    return _TAKEN[wanted][0] if wanted in _TAKEN else "a value"


def _refused(name: str, expected: str, value: Any) -> Refused:
    return Refused(f"{name}: expected {expected}, found {found(value)}.", hint=_HINT)


def found(value: Any) -> str:
    """What kind of value it is, in words."""
    words = {bool: "true or false", str: _TEXT, int: "a number", float: "a number", type(None): "nothing"}
    plain = next((one for one in type(value).__mro__ if one in words), None)
    if plain is not None:
        return words[plain]
    if isinstance(value, Mapping):
        return _DICT
    return _LIST if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"


def plain(value: Any) -> Any:
    """Data without what Ansible knows of it: a text that it has marked is of a type that no writer of YAML takes."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    kind = next((kind for kind in (bool, int, float, str) if isinstance(value, kind)), None)
    return value if kind is None else kind(value)
