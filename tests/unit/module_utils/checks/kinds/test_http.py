"""HTTP answers: read from bytes, judged as data, and asked for from a real server that misbehaves in every way."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks._attempts import explained
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._checklist import parse_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.checks.kinds._http import judged, probe
from ansible_collections.doppelganger.ops.plugins.module_utils.core._deadline import Deadline
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Garbled, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._verdicts import Outcome
from ansible_collections.doppelganger.ops.plugins.module_utils.http._client import request_for
from ansible_collections.doppelganger.ops.plugins.module_utils.http._response import Answer, Response
from tests.unit.support.peers import Handler, serving

OK = b"HTTP/1.1 200 OK\r\n"


def options(url: str = "http://localhost/", **given: Any) -> dict[str, Any]:
    [check] = parse_checks([{"name": "one", "kind": "http", "url": url, **given}])
    return dict(check.options)


def read(data: bytes, ended: bool) -> Response | None:
    answer = Answer()
    found = answer.feed(data)
    return answer.end() if found is None and ended else found


@pytest.mark.parametrize(
    ("data", "ended", "status", "body"),
    [
        (OK + b"Content-Length: 2\r\n\r\nhi", False, 200, b"hi"),
        (OK + b"content-length: 2\r\n\r\nhi and more", False, 200, b"hi"),
        (OK + b"\r\nuntil the end", True, 200, b"until the end"),
        (OK + b"Content-Length: 0\r\n\r\n", False, 200, b""),
        (b"HTTP/1.0 503 Service Unavailable\r\n\r\n", True, 503, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False, 204, b""),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", False, 200, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx", False, 200, b"x"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1;ext=1\r\n!\r\n0\r\n\r\n", False, 200, b"hi!"),
    ],
)
def test_whole_answers(data: bytes, ended: bool, status: int, body: bytes) -> None:
    response = read(data, ended)
    assert response is not None
    assert (response.status, response.body, response.cut) == (status, body, False)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HT",
        OK,
        OK + b"Content-Length: 2\r\n\r\nh",
        OK + b"\r\nno length",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_there_is_more_to_come(data: bytes) -> None:
    assert read(data, ended=False) is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "closed before a response"),
        (OK, "cut off"),
        (OK + b"Content-Length: 9\r\n\r\nhi", "cut off after 2 bytes"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "cut off"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nhello\r\n", "has no size"),
        (b"SSH-2.0-OpenSSH\r\n", "is not HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "is not HTTP"),
        (b"\x15\x03\x01", "is not HTTP"),
    ],
)
def test_garbled_answers(data: bytes, said: str) -> None:
    with pytest.raises(Garbled, match=said):
        read(data, ended=True)


def test_a_huge_body_is_cut() -> None:
    response = Answer().feed(OK + b"Content-Length: 9000000\r\n\r\n" + b"x" * 1_200_000)
    assert response is not None
    assert (len(response.body), response.cut) == (1_000_000, True)


def test_a_head_without_an_end_is_not_read_for_ever() -> None:
    with pytest.raises(Garbled):
        Answer().feed(OK + b"x" * 1_200_000)


def test_an_answer_to_head_has_no_body() -> None:
    response = Answer(bodiless=True).feed(OK + b"Content-Length: 100\r\n\r\n")
    assert response is not None
    assert response.body == b""


def test_the_question() -> None:
    request = request_for(
        options("http://localhost:81/a/b?c=d", method="POST", headers={"X-Key": 7, "Connection": "x"})
    )
    assert (request.host, request.port, request.tls) == ("localhost", 81, None)
    head = request.payload.decode().split("\r\n")
    assert head[:2] == ["POST /a/b?c=d HTTP/1.1", "Host: localhost:81"]
    assert "X-Key: 7" in head
    assert "Connection: close" in head
    assert request.payload.endswith(b"\r\n\r\n")


def test_the_question_to_a_service() -> None:
    request = request_for(options("/health", service="app", port=8000), ("172.18.0.2", 8000))
    assert (request.host, request.port) == ("172.18.0.2", 8000)


def test_the_user_part_of_a_url_is_not_sent_as_the_host() -> None:
    assert b"Host: localhost\r\n" in request_for(options("http://me:secret@localhost/")).payload


@pytest.mark.parametrize(
    "given",
    [{"url": "http://h:99999/"}, {"headers": {"A": "b\r\nC: d"}}, {"url": "https://h/", "ca_file": "/does/not/exist"}],
    ids=["port", "line break", "ca file"],
)
def test_questions_that_cannot_be_asked_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        request_for(options(**given))


BODY = json.dumps({"status": "ok", "services": [{"ready": True, "count": 1}], "none": None}).encode()


@pytest.mark.parametrize(
    ("given", "status", "latency", "wrong"),
    [
        ({}, 200, 1, ""),
        ({}, 404, 1, 'answered 404, expected 200: {"status": "ok"'),
        ({}, 302, 1, "answered 302, expected 200"),
        ({"status": [200, 204]}, 500, 1, "answered 500, expected 200 or 204"),
        ({"status": 404}, 404, 1, ""),
        ({"max_latency_ms": 100}, 200, 99, ""),
        ({"max_latency_ms": 100}, 200, 101, "answered 200 in 101 ms, at most 100 ms allowed"),
        ({"body_contains": "ok"}, 200, 1, ""),
        ({"body_contains": "nope"}, 200, 1, "the body has no 'nope'"),
        ({"body_matches": r"ready.: true"}, 200, 1, ""),
        ({"body_matches": r"^ready"}, 200, 1, "nothing in the body matches '^ready'"),
        ({"json": {"status": "ok", "services.0.ready": True, "none": None}}, 200, 1, ""),
        ({"json": {"status": "bad"}}, 200, 1, "the body's status is 'ok', expected 'bad'"),
        ({"json": {"services.0.count": True}}, 200, 1, "the body's services.0.count is 1, expected True"),
        ({"json": {"services.1.ready": True}}, 200, 1, "the body's services.1.ready is missing, expected True"),
        ({"json": {"status.deep": 1}}, 200, 1, "the body's status.deep is missing"),
    ],
)
def test_judging(given: dict[str, Any], status: int, latency: float, wrong: str) -> None:
    outcome = judged(options(**given), Response(status, {}, BODY), latency)
    assert outcome.state == ("fail" if wrong else "pass")
    assert outcome.reason.startswith(wrong) if wrong else outcome.reason == "answered 200" or status == 404
    assert ("body" in outcome.observed) is bool(wrong)


def test_a_body_that_is_no_json_is_named() -> None:
    outcome = judged(options(json={"a": 1}), Response(200, {}, b"<html>"), 1)
    assert outcome.reason.startswith("the body cannot be used")


def asked(handler: Handler, seconds: float = 2, tls: ssl.SSLContext | None = None, **given: Any) -> Outcome:
    """Ask a server that behaves like ``handler``, the way the runner does."""
    scheme = "https" if tls else "http"

    async def ask() -> Outcome:
        async with serving(handler, tls) as port:
            url = f"{scheme}://localhost:{port}/"
            [check] = parse_checks([{"name": "one", "kind": "http", "url": url, **given}])
            try:
                async with Deadline(seconds):
                    return await probe(check.options, request_for(check.options))
            except Exception as error:
                return explained(error, check, seconds)

    return asyncio.run(ask())


def answering(*parts: bytes, pause: float = 0.0, keep_open: bool = False) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            if keep_open:
                await asyncio.sleep(60)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort() if keep_open else writer.close()

    return handle


@pytest.mark.parametrize(
    ("handler", "given", "state", "reason"),
    [
        pytest.param(answering(OK + b"Content-Length: 2\r\n\r\nhi"), {}, "pass", "answered 200", id="200"),
        pytest.param(
            answering(OK + b"Content-Length: 2\r\n\r\nhi", keep_open=True), {}, "pass", "answered 200", id="kept open"
        ),
        pytest.param(
            answering(b"HTTP/1.1 500 Oh\r\n\r\nboom"), {}, "fail", "answered 500, expected 200: boom", id="500"
        ),
        pytest.param(answering(keep_open=True), {}, "fail", "no answer within 0.3 s", id="silent"),
        pytest.param(answering(OK, b"\r\n", b"x", pause=0.2), {}, "fail", "no answer within 0.3 s", id="slow"),
        pytest.param(answering(b"hello\r\n"), {}, "fail", "the response is not HTTP", id="garbage"),
        pytest.param(answering(), {}, "fail", "closed before a response", id="closed"),
        pytest.param(
            answering(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nh", b"i\r\n", b"0\r\n\r\n", pause=0.01),
            {"body_contains": "hi"},
            "pass",
            "answered 200",
            id="chunked",
        ),
        pytest.param(answering(OK + b"\r\n", b"x" * 3_000_000), {}, "pass", "answered 200", id="huge"),
        pytest.param(
            answering(OK + b"Content-Length: 2\r\n\r\nhi"), {"body_contains": "ho"}, "fail", "has no 'ho'", id="body"
        ),
        pytest.param(
            answering(OK + b"Content-Length: 2\r\n\r\nhi"), {"method": "HEAD"}, "pass", "answered 200", id="head"
        ),
    ],
)
def test_asking(handler: Handler, given: dict[str, Any], state: str, reason: str) -> None:
    began = time.monotonic()
    outcome = asked(handler, seconds=0.3 if "within" in reason else 5, **given)
    assert outcome.state == state
    assert reason in outcome.reason
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("url", "state", "reason"),
    [
        ("http://localhost:1/", "fail", "nothing is listening at http://localhost:1/"),
        ("http://127.0.0.1:1/", "fail", "nothing is listening at http://127.0.0.1:1/"),
        ("http://no.such.host.invalid/", "error", "cannot be resolved"),
        (f"http://{'a' * 80}.invalid/", "error", "cannot be resolved"),
    ],
)
def test_asking_where_nobody_is(url: str, state: str, reason: str) -> None:
    [check] = parse_checks([{"name": "one", "kind": "http", "url": url}])
    with pytest.raises(Exception) as raised:  # noqa: PT011  # whatever it is, the next line explains it
        asyncio.run(probe(check.options, request_for(check.options)))
    outcome = explained(raised.value, check, 5)
    assert outcome.state == state
    assert reason in outcome.reason


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    folder = tmp_path_factory.mktemp("tls")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    made += ["-addext", "subjectAltName=DNS:localhost", "-addext", "keyUsage=critical,keyCertSign,digitalSignature"]
    subprocess.run([*made, "-keyout", folder / "key", "-out", folder / "crt"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt", folder / "key")
    return context, folder / "crt"


def test_tls(certificate: tuple[ssl.SSLContext, Path]) -> None:
    context, trusted = certificate
    handler = answering(OK + b"Content-Length: 2\r\n\r\nhi")
    assert asked(handler, tls=context).reason.endswith("is not trusted: self-signed certificate")
    assert asked(handler, tls=context, validate_certs=False).state == "pass"
    assert asked(handler, tls=context, ca_file=str(trusted)).state == "pass"


def test_tls_where_none_is_spoken() -> None:
    async def ask() -> Outcome:
        async with serving(answering(b"hello\r\n")) as port:
            [check] = parse_checks([{"name": "one", "kind": "http", "url": f"https://localhost:{port}/"}])
            try:
                async with Deadline(0.5):
                    return await probe(check.options, request_for(check.options))
            except Exception as error:
                return explained(error, check, 0.5)

    assert asyncio.run(ask()).state == "fail"
