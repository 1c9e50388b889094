"""Connections to an API server that end in the middle of TLS, and answers that are no objects."""

from __future__ import annotations

import ssl

import pytest
from urllib3.exceptions import SSLError

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import Asked
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._http import Answer, broken


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


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"a": NaN}', b'{"a": ' * 500 + b"1" + b"}" * 500])
def test_an_answer_that_is_no_object_is_an_error(body: bytes) -> None:
    with pytest.raises(OpsError):
        Answer(200, {}, body).json()
    assert Answer(200, {}, b'{"kind": "Status"}').json() == {"kind": "Status"}
