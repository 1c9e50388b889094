"""Connections to an API server that end in the middle of TLS, and answers that are no objects."""

from __future__ import annotations

import json
import ssl
from typing import Any

import pytest
from urllib3.exceptions import SSLError

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import Asked, explained
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._http import Answer, broken, refused


@pytest.mark.parametrize(
    ("reason", "is_final"),
    [
        ("SSLV3_ALERT_UNEXPECTED_MESSAGE", False),
        ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", False),
        ("CERTIFICATE_VERIFY_FAILED", True),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", True),
        ("WRONG_VERSION_NUMBER", True),
    ],
)
def test_what_is_garbled_is_tried_again_and_what_is_not_trusted_is_not(reason: str, is_final: bool) -> None:
    cause = ssl.SSLError(1, f"[SSL: {reason}] (_ssl.c:1006)")
    cause.reason = reason
    asked = Asked("https://k", "get", "pods")
    assert broken(asked, SSLError(cause)).failure.is_final is is_final


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"5",
        b'"text"',
        b"",
        b"\xff",
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": ' + b"[" * 5000,
        b"9" * 9000,
    ],
)
def test_an_answer_is_an_object_or_an_error(body: bytes) -> None:
    with pytest.raises(OpsError):
        Answer(200, {}, body).json()


@pytest.mark.parametrize(
    "details", ["text", ["a"], {"causes": "text"}, {"causes": ["a", None]}, {"causes": {"a": "b"}}, None]
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 500])
def test_a_refusal_of_any_shape_is_an_error(details: Any, status: int) -> None:
    body = json.dumps({"kind": "Status", "message": "no", "details": details}).encode()
    assert isinstance(explained(Asked("https://k", "get", "pods"), status, body), OpsError)


@pytest.mark.parametrize(
    ("message", "is_final"),
    [("failed to create typed patch object: .a: expected string", True), ("etcdserver: request timed out", False)],
)
def test_what_is_wrong_with_the_manifest_is_not_sent_again(message: str, is_final: bool) -> None:
    body = json.dumps({"kind": "Status", "message": message}).encode()
    failure = refused(Asked("https://k", "apply", "deployments", "web"), Answer(500, {}, body)).failure
    assert (failure.status, failure.is_final) == (500, is_final)


@pytest.mark.parametrize(("end", "kind"), [("field is immutable", "Immutable"), ("must be a number", "Refused")])
def test_what_cannot_be_changed_is_known_however_long_the_message_is(end: str, kind: str) -> None:
    body = json.dumps({"kind": "Status", "message": f"Job is invalid: {'x ' * 5000}: {end}"}).encode()
    assert type(explained(Asked("https://k", "patch", "jobs"), 422, body)).__name__ == kind
