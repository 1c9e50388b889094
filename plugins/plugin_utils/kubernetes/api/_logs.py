# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The log of a container: what to ask for, and what to make of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import lines_from
from ansible_collections.doppelganger.ops.plugins.module_utils.core._times import in_utc, iso

#: what the kubelet says, with status 400, of a container that has no log (yet)
_SILENT = ("is waiting to start", "previous terminated container")


def query(
    container: str, since: float, previous: bool, limit_bytes: int, tail_lines: int | None, timestamps: bool = True
) -> list[tuple[str, str]]:
    """The parameters of the request. Lines come with their time: the server knows ``since`` only to the second."""
    asked = [("container", container), ("timestamps", str(timestamps).lower()), ("limitBytes", str(limit_bytes))]
    asked += [("previous", "true")] if previous else []
    asked += [("tailLines", str(tail_lines))] if tail_lines is not None else []
    return asked + ([("sinceTime", iso(since))] if since else [])


def is_silent(message: str) -> bool:
    """Whether a refusal only says that nothing has been logged."""
    return any(words in message for words in _SILENT)


def told(pieces: Iterable[bytes], since: float, timestamps: bool) -> Iterator[str]:
    """The lines of an answer from the moment ``since`` on, with their times or without."""
    first = _stamp(since) if since else ""
    for line in lines_from(pieces):
        said, _, rest = line.rstrip("\r").partition(" ")
        stamp = in_utc(said)
        if not first or _comparable(stamp) >= first:
            yield f"{stamp} {rest}" if timestamps else rest


def _stamp(moment: float) -> str:
    return _comparable(datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def _comparable(stamp: str) -> str:
    """A time in UTC with nine digits after the point: the runtime leaves zeros at the end out."""
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return f"{whole}.{fraction:0<9}"
