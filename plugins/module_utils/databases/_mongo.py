# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MongoDB's ping: as much of its wire protocol (OP_MSG, BSON) as one question and one answer need."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from typing import Any

from ..core._errors import Garbled
from ..core._verdicts import FAIL, PASS, Outcome
from ..http._sockets import connected
from ..text._excerpt import excerpt

_OP_MSG = 2013
_HEADER = struct.Struct("<iiii")
_LARGEST = 1_000_000
_EXCERPT = 300
_FIXED = {0x01: "<d", 0x08: "<?", 0x09: "<q", 0x10: "<i", 0x11: "<Q", 0x12: "<q"}


def encode(document: Mapping[str, Any]) -> bytes:
    """Write strings and 32-bit numbers as BSON."""
    body = b""
    for name, value in document.items():
        key = name.encode("utf-8") + b"\0"
        if isinstance(value, str):
            data = value.encode("utf-8") + b"\0"
            body += b"\x02" + key + struct.pack("<i", len(data)) + data
        else:
            body += b"\x10" + key + struct.pack("<i", value)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def decode(data: bytes) -> dict[str, Any]:
    """Read the top level of a BSON document: numbers, strings and truth values; others are None."""
    found: dict[str, Any] = {}
    try:
        end = struct.unpack_from("<i", data)[0] - 1
        at = 4
        while at < end:
            kind = data[at]
            stop = data.index(b"\0", at + 1)
            name = data[at + 1 : stop].decode("utf-8", "replace")
            found[name], at = _value(kind, data, stop + 1)
    except (struct.error, IndexError, ValueError) as error:
        raise Garbled(f"the answer is not BSON: {error}") from error
    return found


def _value(kind: int, data: bytes, at: int) -> tuple[Any, int]:
    if kind in _FIXED:
        return struct.unpack_from(_FIXED[kind], data, at)[0], at + struct.calcsize(_FIXED[kind])
    if kind == 0x07:  # object id
        return None, at + 12
    if kind in (0x0A, 0x06):  # null, undefined
        return None, at
    size = struct.unpack_from("<i", data, at)[0]
    if size < 0:
        raise Garbled("the answer is not BSON: a negative length")
    if kind == 0x02:
        return data[at + 4 : at + 3 + size].decode("utf-8", "replace"), at + 4 + size
    if kind in (0x03, 0x04):  # document, list
        return None, at + size
    if kind == 0x05:  # binary
        return None, at + 5 + size
    raise Garbled(f"the answer is not BSON: type {kind:#x} is not known")


def question(number: int = 1) -> bytes:
    """Write the whole message."""
    body = struct.pack("<I", 0) + b"\0" + encode({"ping": 1, "$db": "admin"})
    return _HEADER.pack(_HEADER.size + len(body), number, 0, _OP_MSG) + body


async def mongo(host: str, port: int) -> Outcome:
    """Send ping."""
    began = time.perf_counter()
    async with connected(host, port) as (reader, writer):
        writer.write(question())
        size, _number, _to, code = _HEADER.unpack(await reader.readexactly(_HEADER.size))
        if code != _OP_MSG or not _HEADER.size + 5 < size < _LARGEST:
            return Outcome(FAIL, f"what came is not MongoDB's answer (operation {code}, {size} bytes)")
        body = await reader.readexactly(size - _HEADER.size)
    return judged_mongo(body[5:], (time.perf_counter() - began) * 1000)


def judged_mongo(document: bytes, latency_ms: float) -> Outcome:
    """Judge the document of the answer."""
    answer = decode(document)
    said = excerpt(str(answer.get("errmsg") or "no reason given"), _EXCERPT)
    if answer.get("ok") == 1:
        return Outcome(PASS, "answered ok", {"ok": 1}, latency_ms=latency_ms)
    observed: dict[str, Any] = {name: answer[name] for name in ("ok", "code") if name in answer}
    if not isinstance(observed.get("code", 0), int):
        del observed["code"]
    return Outcome(FAIL, f"answered not ok: {said}", {**observed, "errmsg": said}, latency_ms=latency_ms)
