"""MongoDB's ping against ``mockupdb``, a peer that speaks the wire protocol: the server itself cannot be had here."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Garbled
from ansible_collections.doppelganger.ops.plugins.module_utils.databases._mongo import (
    decode,
    encode,
    judged_mongo,
    mongo,
    question,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.http._sockets import refusal
from tests.unit.support.peers import serving

PING = bytes.fromhex("1e0000001070696e670001000000022464620006000000") + b"admin\0\0"


def test_encoding() -> None:
    assert encode({"ping": 1, "$db": "admin"}) == PING


def test_the_message() -> None:
    size, number, to, code, flags, kind = struct.unpack_from("<iiiiIB", question(7))
    assert (size, number, to, code, flags, kind) == (21 + len(PING), 7, 0, 2013, 0, 0)


def document(*elements: bytes) -> bytes:
    body = b"".join(elements)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


@pytest.mark.parametrize(
    ("element", "value"),
    [
        (b"\x01a\0" + struct.pack("<d", 1.0), 1.0),
        (b"\x02a\0" + struct.pack("<i", 3) + b"ab\0", "ab"),
        (b"\x03a\0" + document(), None),
        (b"\x04a\0" + document(b"\x100\0\1\0\0\0"), None),
        (b"\x05a\0" + struct.pack("<i", 2) + b"\0ab", None),
        (b"\x07a\0" + b"x" * 12, None),
        (b"\x08a\0\1", True),
        (b"\x09a\0" + struct.pack("<q", 5), 5),
        (b"\x0aa\0", None),
        (b"\x10a\0" + struct.pack("<i", -7), -7),
        (b"\x11a\0" + struct.pack("<Q", 5), 5),
        (b"\x12a\0" + struct.pack("<q", 1 << 40), 1 << 40),
    ],
)
def test_decoding_steps_over_each_type(element: bytes, value: Any) -> None:
    assert decode(document(element, b"\x10ok\0\1\0\0\0")) == {"a": value, "ok": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\1",
        b"\x10\0\0\0\x02a",
        b"\x20\0\0\0\x7fa\0\0\0",
        b"\x20\0\0\0\x02a\0\xff\xff\xff\xff\0",
        b"\x40\0\0\0\x10a\0",
    ],
)
def test_malformed_answers(data: bytes) -> None:
    with pytest.raises(Garbled):
        judged_mongo(data, 1)


def test_a_refusal_says_why() -> None:
    text = b"\x02errmsg\0" + struct.pack("<i", 11) + b"not master\0"
    outcome = judged_mongo(document(b"\x01ok\0" + struct.pack("<d", 0.0), text), 1)
    assert (outcome.state, outcome.reason) == ("fail", "answered not ok: not master")


def test_against_a_peer() -> None:
    mockupdb = pytest.importorskip("mockupdb")
    peer = mockupdb.MockupDB()
    peer.run()
    peer.autoresponds("ping")
    try:
        outcome = asyncio.run(mongo("localhost", peer.port))
    finally:
        peer.stop()
    assert (outcome.state, outcome.reason, outcome.observed) == ("pass", "answered ok", {"ok": 1})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is not MongoDB's answer"),
        (b"", "closed the connection"),
        (struct.pack("<iiii", 100, 1, 1, 2013), "closed the connection"),
        (struct.pack("<iiii", 2_000_000, 1, 1, 2013), "is not MongoDB's answer"),
    ],
)
def test_against_a_peer_that_is_no_mongo(answer: bytes, reason: str) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(answer)
        await writer.drain()

    async def talk() -> str:
        async with serving(handle) as port:
            try:
                return (await mongo("127.0.0.1", port)).reason
            except EOFError as error:
                return refusal(error, "mongo").reason

    assert reason in asyncio.run(talk())
