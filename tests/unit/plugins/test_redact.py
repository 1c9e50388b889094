"""Secrets are blanked out in every form in which programs write them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils._redact import BLANK, Redactor

SECRETS = ["canary-1234", "p@ss/w ö:rd", 'quo"te\\d', "dollar$ign", "line one\nline two", "canary-1234-longer"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "form",
    [
        pytest.param(str, id="plain"),
        pytest.param(lambda secret: quote(secret, safe=""), id="URL-quoted"),
        pytest.param(quote_plus, id="as in a form"),
        pytest.param(lambda secret: json.dumps(secret)[1:-1], id="in JSON"),
        pytest.param(lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1], id="in JSON of any alphabet"),
        pytest.param(lambda secret: repr(secret)[1:-1], id="as Python shows it"),
        pytest.param(lambda secret: secret.replace("$", "$$"), id="in a compose file"),
    ],
)
def test_a_secret_is_blanked_out_however_it_is_written(secret: str, form: Callable[[str], str]) -> None:
    assert Redactor(SECRETS).text(f"set x={form(secret)}; go") == f"set x={BLANK}; go"


def test_a_secret_of_several_lines_is_blanked_out_line_by_line() -> None:
    assert Redactor(["-----BEGIN\n  keykeykey\nend"]).text("log: keykeykey") == f"log: {BLANK}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://user:pw@db:5432/shop", f"postgres://{BLANK}@db:5432/shop"),
        ("redis://:pw@redis:6379/0", f"redis://{BLANK}@redis:6379/0"),
        ("git+HTTPS://u:p%40w@host/x", f"git+HTTPS://{BLANK}@host/x"),
        ("amqp://u:p@ss:w@host/x", f"amqp://{BLANK}@host/x"),
        ("a http://u:p@one/x b http://u:q@two/y", f"a http://{BLANK}@one/x b http://{BLANK}@two/y"),
        ("ssh://git@host/x.git", "ssh://git@host/x.git"),
        ("https://ghp_0123@github.com/o/r.git", f"https://{BLANK}@github.com/o/r.git"),
        ("http://localhost:8000/a@b", "http://localhost:8000/a@b"),
        ("http://localhost:8000 mail a@b", "http://localhost:8000 mail a@b"),
        ("no url: user:pw@host", "no url: user:pw@host"),
    ],
)
def test_a_password_in_a_url_is_blanked_out_though_nobody_named_it(text: str, shown: str) -> None:
    assert Redactor([]).text(text) == shown


@pytest.mark.parametrize("secret", ["", None, "8000", "true", "debug"])
def test_values_too_short_for_a_secret_are_left(secret: str | None) -> None:
    assert Redactor([secret]).text("level=debug port=8000 ok=true") == "level=debug port=8000 ok=true"


def test_the_longer_of_two_secrets_is_blanked_out_whole() -> None:
    assert Redactor(["abcdef", "abcdefgh"]).text("abcdefgh abcdef") == f"{BLANK} {BLANK}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param({"k": ["canary-1234", 1, None, True]}, {"k": [BLANK, 1, None, True]}, id="within lists"),
        pytest.param({"canary-1234": 1.5}, {BLANK: 1.5}, id="in keys"),
        pytest.param(("canary-1234",), [BLANK], id="in tuples"),
        pytest.param(7, 7, id="numbers stay"),
    ],
)
def test_data_loses_its_secrets_wherever_they_are(value: Any, shown: Any) -> None:
    assert Redactor(SECRETS).data(value) == shown
