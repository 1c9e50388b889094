# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in a state file: read and checked here, whichever store it is from, before anything is decided by it.

A file may have been cut off, edited, restored from elsewhere or written by a newer version of this program. What is
wrong with it is said by its place and its field, and its content is not repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..core._errors import Refused
from ..core._files import LARGEST
from ..text import _foreign
from . import _record
from ._shapes import (
    MayLack,
    Shape,
    anything,
    backup_id,
    count,
    each,
    flag,
    matches,
    maybe,
    moment,
    object_of,
    one_of,
    phase,
    release_id,
    seconds,
    text,
    values,
)

#: of every kind of state file; one that has none is of the first
SCHEMA = 1


class BadState(Refused):
    """A state file that nothing can be decided by."""

    reason = "state_damaged"

    def __init__(self, where: str, problem: str) -> None:
        hint = f"Inspect it. Restore it from a copy, or move it away, then re-run. {_LOST}"
        super().__init__(f"The state in {where} is damaged: {problem}.", hint=hint, state=where, problem=problem)
        self.problem = problem


class NewerState(BadState):
    """A state file of a newer version of this program."""

    reason = "state_newer"

    def __init__(self, where: str, schema: int) -> None:
        super().__init__(where, f"expected the schema {SCHEMA} or an earlier one, found {schema}")
        self.message = f"The state in {where} has the schema {schema}, this version knows {SCHEMA} and earlier ones."
        self.hint = "A newer version of doppelganger.ops wrote it: run that version or a later one."


_LOST = "playbooks/unlock.yml removes a lease."


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


_SHAPES: Mapping[str, Shape] = {
    "lease.json": object_of(
        {
            "holder": text,
            "purpose": text,
            "kind": one_of("operation", "maintenance"),
            "token": count,
            "acquired": seconds,
            "renewed": seconds,
            "expires": maybe(seconds),
            "released": flag,
        }
    ),
    "operation.json": object_of(
        {
            "operation": text,
            "release": maybe(release_id),
            "token": count,
            "status": one_of("running", "done"),
            "started": moment,
            "phases": each(phase),
            "operator": MayLack(text),
            "reason": MayLack(text),
        }
    ),
    # a key that is short or that others know would let everybody try out what a secret is
    "digests.json": object_of({"key": matches("64 hexadecimal digits", re.compile("[0-9a-f]{64}"))}),
    "current.json": object_of({"release": maybe(release_id)}),
    "record.json": _record.shape,
    "compose.json": object_of(
        {
            "services": values(
                object_of(
                    {
                        "depends_on": MayLack(maybe(values(object_of()))),
                        "volumes_from": MayLack(maybe(each(text))),
                    }
                )
            ),
            "x-secrets": MayLack(each(text)),
            "x-contents": MayLack(values(text)),
        }
    ),
    "manifests.json": object_of(
        {"objects": each(object_of({"apiVersion": text, "kind": text, "metadata": object_of({"name": text})}))}
    ),
    "migration.json": object_of({"log": text}),
    "backup.json": object_of(
        {
            "id": backup_id,
            "created": moment,
            "database": text,
            "release": maybe(release_id),
            "migration_head": maybe(text),
            "size": count,
            "sha256": matches("a sha256", re.compile(r"[0-9a-f]{64}")),
            "entries": count,
            "restored": MayLack(moment),
        }
    ),
}
#: what is said in the file has to be where it lies
_NAMED = frozenset({"record.json", "backup.json"})
