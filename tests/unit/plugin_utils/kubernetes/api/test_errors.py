"""What an API server refuses, in sentences, and when it is asked again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import (
    Asked,
    Conflict,
    Expired,
    LoginRefused,
    NotFound,
    Untyped,
    explained,
    no_answer,
    untrusted,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._retry import (
    Failure,
    retry_after,
    wait_before,
)

ASKED = Asked("https://k", "get", "secrets", "db", "studio")
WHOLE = Asked("https://k", "list", "nodes")


def said(message: str, **details: Any) -> bytes:
    return json.dumps({"kind": "Status", "message": message, "details": details}).encode()


@pytest.mark.parametrize(
    ("asked", "status", "body", "kind", "words"),
    [
        pytest.param(
            ASKED, 403, said('secrets "db" is forbidden: User "ana" cannot get resource "secrets" in API group ""'),
            Refused, ["cannot get secrets in the namespace studio", 'User "ana"', "`get` on secrets"],
            id="a right",
        ),
        pytest.param(
            WHOLE, 403, said('nodes is forbidden: User "ana" cannot list resource "nodes"'),
            Refused, ["cannot list nodes in the whole cluster"], id="a right in the whole cluster",
        ),
        pytest.param(ASKED, 403, b"", Refused, ["Forbidden: cannot get secrets"], id="a right, without a word"),
        pytest.param(
            replace(ASKED, verb="portforward", resource="pods/portforward"), 403,
            said('pods "x" is forbidden: User "ana" cannot get resource "pods/portforward" in API group ""'), Refused,
            ["cannot get pods/portforward", "Grant this login `get` on pods/portforward"],
            id="a right that is called otherwise here",
        ),
        pytest.param(
            ASKED, 403, said('pods "x" is forbidden: exceeded quota: small'), Refused,
            ["refused to get secrets db in namespace studio", "exceeded quota: small"], id="a quota",
        ),
        pytest.param(ASKED, 401, said("No"), LoginRefused, ["rejected this login", "Renew"], id="a login"),
        pytest.param(ASKED, 404, said('secrets "db" not found'), NotFound, ['"db" not found.'], id="not there"),
        pytest.param(ASKED, 409, said("the object has been modified"), Conflict, ["modified"], id="changed meanwhile"),
        pytest.param(ASKED, 410, said("too old resource version"), Expired, ["too old"], id="forgotten"),
        pytest.param(ASKED, 422, said("spec.x: Required value"), Refused, ["Required value.", "re-run"], id="invalid"),
        pytest.param(ASKED, 413, b"", Refused, ["status 413"], id="too large"),
        pytest.param(
            ASKED, 500,
            said("failed to create typed patch object: .data.a: expected string, got &value.x{cGFzc3dvcmQ"),
            Untyped, [".data.a: expected string.", "needs quotes"], id="a manifest without the types of its schema",
        ),
        pytest.param(
            ASKED, 400, said('cannot be handled: illegal base64, error found in #10 byte of ...|"cGFzc3dvcmQ'),
            Refused, ["illegal base64."], id="a Secret that cannot be decoded",
        ),
        pytest.param(ASKED, 500, b"boom", OpsError, ["https://k answered 500: boom."], id="a broken server"),
    ],
)  # fmt: skip
def test_an_answer_is_explained(asked: Asked, status: int, body: bytes, kind: type[OpsError], words: list[str]) -> None:
    error = explained(asked, status, body)
    assert type(error) is kind
    text = error.as_result()["msg"]
    assert [word for word in words if word not in text] == []
    assert "cGFzc3dvcmQ" not in text


def test_a_conflict_has_the_fields_that_another_manager_owns() -> None:
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".spec.replicas"}
    error = explained(ASKED, 409, said("Apply failed", causes=[cause]))
    assert isinstance(error, Conflict)
    assert error.causes == [cause]


def test_no_answer_says_which_server_and_what_to_do() -> None:
    error = no_answer(ASKED, "connection refused", 15.2)
    assert error.kind == "unreachable"
    assert "https://k did not respond within 15 s (connection refused)" in error.message
    assert "reaches it" in error.hint
    assert untrusted("https://k", "self-signed").kind == "refused"


@pytest.mark.parametrize(
    ("attempt", "failure", "verb", "spent", "wait"),
    [
        (0, Failure(429, retry_after=1.0), "create", 0, 1.0),
        (0, Failure(429, retry_after=600.0), "create", 0, 5.0),
        (0, Failure(429), "create", 0, 0.1),
        (0, Failure(429, retry_after=1.0), "get", 14.5, None),
        (0, Failure(503), "get", 0, 0.1),
        (3, Failure(503), "get", 1, 0.8),
        (9, Failure(500), "apply", 10, 2.0),
        (9, Failure(502), "update", 14, None),
        (0, Failure(504), "create", 0, None),
        (0, Failure(503), "exec", 0, None),
        (0, Failure(0, was_sent=False), "create", 0, 0.1),
        (0, Failure(0, was_sent=False), "exec", 0, 0.1),
        (0, Failure(0), "create", 0, None),
        (0, Failure(0), "delete", 0, 0.1),
        (0, Failure(0, was_sent=False, is_final=True), "get", 0, None),
        (0, Failure(409), "update", 0, None),
        (0, Failure(404), "get", 0, None),
        (0, Failure(403), "get", 0, None),
        (2, Failure(401), "create", 20, 0.0),
        (1000, Failure(503), "get", 0, 2.0),
    ],
)
def test_it_is_asked_again_where_that_is_safe_and_of_use(
    attempt: int, failure: Failure, verb: str, spent: float, wait: float | None
) -> None:
    assert wait_before(attempt, failure, verb, spent=spent, patience=15) == wait


def test_a_login_is_read_anew_once() -> None:
    assert wait_before(0, Failure(401), "get", spent=0, logged_in_anew=True) is None


@pytest.mark.parametrize(
    ("header", "seconds"), [(None, None), ("", None), ("3", 3.0), ("-1", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None)]
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds
