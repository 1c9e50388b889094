# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An answer in HTTP/1.1, from the bytes that have come so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.doppelganger.ops.plugins.module_utils._excerpt import excerpt

#: of a longer body only so much is kept, in bytes
BODY_LIMIT = 1_000_000


@dataclass(frozen=True)
class Response:
    """An answer, as far as it was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool = False


class Garbled(Exception):
    """What came is not HTTP, or not all of it came."""


def parse(data: bytes, ended: bool, bodiless: bool = False) -> Response | None:
    """Read an answer, None when there is more to come."""
    head, separator, body = data.partition(b"\r\n\r\n")
    if not data.startswith(b"HTTP/1."[: len(data)]):
        raise Garbled(f"what came is not HTTP: {excerpt(data, 40)!r}")
    if not separator:
        if ended or len(data) > BODY_LIMIT:
            raise Garbled("the connection was closed before an answer" if not data else "the answer broke off")
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    status = first[9:12]
    if not status.isdigit():
        raise Garbled(f"what came is not HTTP: {excerpt(first, 40)!r}")
    if status.startswith("1"):
        return parse(body, ended, bodiless)
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if bodiless or status in ("204", "304"):
        return Response(int(status), headers, b"")
    return _with_body(int(status), headers, body, ended)


def _with_body(status: int, headers: Mapping[str, str], body: bytes, ended: bool) -> Response | None:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        content, whole = unchunked(body)
    else:
        length = headers.get("content-length", "")
        whole = ended if not length.isdigit() else len(body) >= int(length)
        content = body[: int(length)] if length.isdigit() else body
    if len(content) >= BODY_LIMIT:
        return Response(status, headers, content[:BODY_LIMIT], cut=len(content) > BODY_LIMIT or not whole)
    if whole:
        return Response(status, headers, content)
    if ended:
        raise Garbled(f"the answer broke off after {len(content)} bytes of its body")
    return None


def unchunked(body: bytes) -> tuple[bytes, bool]:
    """Join the chunks that are there, and say whether the last one is."""
    content, at = bytearray(), 0
    while True:
        end = body.find(b"\r\n", at)
        if end < 0:
            return bytes(content), False
        try:
            size = int(body[at:end].split(b";")[0], 16)
        except ValueError:
            raise Garbled(f"a chunk of the answer has no size: {excerpt(body[at:end], 20)!r}") from None
        if size == 0:
            return bytes(content), True
        content += body[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
