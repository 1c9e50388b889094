# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in a state file: read and checked here, whichever store it is from, before anything is decided by it.

A file may have been cut off, edited, restored from elsewhere or written by a newer version of this program. What is
wrong with it is said by its place and its field, and its content is not repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ..core._errors import Refused
from ..core._files import LARGEST
from ..text import _foreign

#: of every kind of state file; one that has none is of the first
SCHEMA = 1
#: a release's id, which is the name of its folder; and a backup's
RELEASE_ID = re.compile(r"[0-9]{4,12}-[A-Za-z0-9._-]{1,100}")
BACKUP_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[A-Za-z0-9._-]{1,120}")
#: 9999-12-31, the last day that can be written
_LAST_MOMENT = 253402300799
#: says what is wrong with a value, None where it is as it should be
Shape = Callable[[Any], "str | None"]


class BadState(Refused):
    """A state file that nothing can be decided by."""

    def __init__(self, where: str, problem: str) -> None:
        hint = f"Look at it. Restore it from a copy, or move it away, then re-run. {_LOST}"
        super().__init__(f"The state in {where} is damaged: {problem}.", hint=hint, state=where, problem=problem)
        self.problem = problem


class NewerState(BadState):
    """A state file of a newer version of this program."""

    def __init__(self, where: str, schema: int) -> None:
        super().__init__(where, f"expected the schema {SCHEMA} or an earlier one, found {schema}")
        self.message = f"The state in {where} has the schema {schema}, this version knows {SCHEMA} and earlier ones."
        self.hint = "A newer version of doppelganger.ops wrote it: run that version or a later one."


_LOST = "A lease is taken away with playbooks/unlock.yml."


def parsed(content: bytes, name: str, where: str) -> dict[str, Any]:
    """The state file called ``name``, of which people know as ``where``; raises BadState or NewerState."""
    data = _json(content, where)
    schema = data.get("schema", SCHEMA)
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise BadState(where, "expected a whole number as schema")
    if schema > SCHEMA:
        raise NewerState(where, schema)
    return checked(data, name, where)


def checked(data: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    """The data of the state file ``name``, where it is what such a file has; raises BadState."""
    parts = name.split("/")
    problem = _SHAPES.get(parts[-1], anything)(data)
    if problem is None and len(parts) == 3 and parts[-1] in _NAMED and data["id"] != parts[1].lstrip("."):
        problem = f"expected the id {parts[1]}, found another"
    if problem:
        raise BadState(where, problem)
    return data


def tokens_in(trail: bytes) -> list[int]:
    """The fencing tokens in the lines of an audit trail that can be read."""
    return [int(text) for text in re.findall(rb'"token": ([0-9]{1,15})[,}]', trail)]


def _json(content: bytes, where: str) -> dict[str, Any]:
    try:
        return _foreign.read_object(content, limit=LARGEST)
    except _foreign.Unreadable as error:
        raise BadState(where, str(error)) from error


def _kind(value: Any) -> str:
    kinds = {type(None): "null", bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return kinds.get(type(value), "an object")


# shapes: each says what is wrong with a value, None where it is as it should be


def anything(_: Any) -> str | None:
    """Whatever it is."""
    return None


def _of(words: str, fits: Callable[[Any], bool]) -> Shape:
    return lambda value: None if fits(value) else f"expected {words}, found {_found(value)}"


def _found(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else _kind(value)


def _is_number(value: Any, last: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= last


def _is_moment(value: Any) -> bool:
    try:
        return bool(datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ"))
    except (TypeError, ValueError):
        return False


def _one_of(*choices: str) -> Shape:
    return _of(f"one of {', '.join(choices)}", lambda value: isinstance(value, str) and value in choices)


def _matches(words: str, pattern: re.Pattern[str]) -> Shape:
    return _of(words, lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None)


def _maybe(shape: Shape) -> Shape:
    return lambda value: None if value is None else shape(value)


class _MayLack(NamedTuple):
    shape: Shape


def _object(**fields: Shape | _MayLack) -> Shape:
    """An object with these fields; others may be there."""

    def problem(value: Any) -> str | None:
        if not isinstance(value, dict):
            return f"expected an object, found {_kind(value)}"
        for name, field in fields.items():
            if name not in value:
                if isinstance(field, _MayLack):
                    continue
                return f"the field {name} is missing"
            found = (field.shape if isinstance(field, _MayLack) else field)(value[name])
            if found:
                return f"{name}: {found}"
        return None

    return problem


def _each(shape: Shape) -> Shape:
    """A list of such things."""

    def problem(value: Any) -> str | None:
        if not isinstance(value, list):
            return f"expected a list, found {_kind(value)}"
        return next((found for found in map(shape, value) if found), None)

    return problem


def _values(shape: Shape) -> Shape:
    """An object, whatever its keys are."""

    def problem(value: Any) -> str | None:
        if not isinstance(value, dict):
            return f"expected an object, found {_kind(value)}"
        return next((found for found in map(shape, value.values()) if found), None)

    return problem


_text = _of("text", lambda value: isinstance(value, str))
_flag = _of("true or false", lambda value: isinstance(value, bool))
_count = _of("a whole number from 0 on", lambda value: isinstance(value, int) and _is_number(value, 1 << 53))
_seconds = _of("seconds since 1970", lambda value: _is_number(value, _LAST_MOMENT))
_moment = _of("a moment like 2026-11-23T20:41:05Z", _is_moment)
_release = _matches("a release's id", RELEASE_ID)
_phase = _object(name=_text, state=_text)
_image = _object(id=_matches("an image's id", re.compile(r"sha256:[0-9a-z]{1,64}")), reference=_text)

_RECORD = _object(
    id=_release,
    version=_text,
    status=_one_of("pending", "good", "bad", "left"),
    message=_maybe(_text),
    source=_object(
        type=_text,
        repository=_text,
        commit=_matches("a commit's id or nothing", re.compile(r"([0-9a-f]{40})?")),
        digests=_values(_text),
    ),
    images=_values(_image),
    config=_object(env=_text, inputs=_text, services=_values(_text)),
    migration=_maybe(_object(before=_maybe(_text), after=_maybe(_text), moved=_maybe(_flag))),
    backup=_maybe(_matches("a backup's id", BACKUP_ID)),
    gates=_each(_object()),
    phases=_each(_phase),
    evidence=_maybe(_text),
    previous=_maybe(_release),
    operator=_text,
    reason=_text,
    created=_moment,
    finished=_maybe(_moment),
    activated=_maybe(_moment),
)


def _record(value: Any) -> str | None:
    found = _RECORD(value)
    if found is None and value["status"] in ("good", "left") and value["activated"] is None:
        found = f"activated: expected a moment, as it is {value['status']}, found null"
    return found


_SHAPES: Mapping[str, Shape] = {
    "lease.json": _object(
        holder=_text,
        purpose=_text,
        kind=_one_of("operation", "maintenance"),
        token=_count,
        acquired=_seconds,
        renewed=_seconds,
        expires=_maybe(_seconds),
        released=_flag,
    ),
    "operation.json": _object(
        operation=_text,
        release=_maybe(_release),
        token=_count,
        status=_one_of("running", "done"),
        started=_moment,
        phases=_each(_phase),
        operator=_MayLack(_text),
        reason=_MayLack(_text),
    ),
    "current.json": _object(release=_maybe(_release)),
    "record.json": _record,
    "compose.json": _object(services=_values(_object()), **{"x-secrets": _MayLack(_each(_text))}),
    "manifests.json": _object(objects=_each(_object(apiVersion=_text, kind=_text, metadata=_object(name=_text)))),
    "migration.json": _object(log=_text),
    "backup.json": _object(
        id=_matches("a backup's id", BACKUP_ID),
        created=_moment,
        database=_text,
        release=_maybe(_release),
        migration_head=_maybe(_text),
        size=_count,
        sha256=_matches("a sha256", re.compile(r"[0-9a-f]{64}")),
        entries=_count,
        restored=_MayLack(_moment),
    ),
}
#: what is said in the file has to be where it lies
_NAMED = frozenset({"record.json", "backup.json"})
