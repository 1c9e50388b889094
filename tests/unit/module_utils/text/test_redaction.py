"""Secrets are blanked out in every form in which programs write them."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import BLANK, Redactor
from tests.integration.speaking import COMMANDS, PROGRAM, spelled
from tests.unit.support.secret_forms import DEEPER, FORMS, found_by_attack

SECRETS = [
    "canary-1234", "p@ss/w ö:rd", 'quo"te\\d', "dollar$ign", "line one\nline two", "canary-1234-longer",
    "<a&b>'c'/+=%41", "many   spaces  in 1", "😀 emoji/π", "\\n\\u0041 \\x tail", "&amp;lt; %2F & tail",
]  # fmt: skip
#: how an application comes by it: what the env file has, and the secret that is in it
SOURCES = {
    "alone": ("p%40ss/w0rd?&x", "p%40ss/w0rd?&x"),
    "URL, quoted": ("postgres://user:p%40ss%2Fw0rd@host/db?x=y", "p@ss/w0rd"),
    "URL, as it is quoted": ("postgres://user:p%40ss%2Fw0rd@host/db?x=y", "p%40ss%2Fw0rd"),
    "URL, with a slash": ("postgres://user:p%40ss/w0rd@host/db?x=y", "p@ss/w0rd"),
    "URL, with all that a URL has": ("amqp://u:pw/0@1?2#3x@host:5672/vhost", "pw/0@1?2#3x"),
    "URL without a user": ("redis://:s3cr3t-pw@cache:6379/0", "s3cr3t-pw"),
    "URL with a token": ("https://ghp_0123abc@github.com/o/r.git", "ghp_0123abc"),
    "URL of JDBC": ("jdbc:postgresql://host/db?user=u&password=p%26w-0rd1", "p&w-0rd1"),
    "query": ("postgres://host/db?sslpassword=s3cret%2F1&sslmode=require", "s3cret/1"),
    "several hosts": ("mongodb://u:m0ng0/pw@h1:1,h2:2/db", "m0ng0/pw"),
    "DSN of libpq": (r"host=db user=u password='it\'s 1 s3cret' dbname=x", "it's 1 s3cret"),
    "DSN of ODBC": ("Driver={X};Server=db;Pwd={a;b c1-2};Uid=u", "a;b c1-2"),
    "several URLs": ("amqp://u:first-pw@h1,amqp://u:second-pw@h2", "second-pw"),
    "several logins": ("postgres://u:first-pw@h1,u:second-pw@h2/db", "first-pw"),
    "signature of a query": ("https://h/x?sv=2020&sig=4bC%2Bd8Fg%2FhI9kLm0%3D", "4bC+d8Fg/hI9kLm0="),
    "DSN of ODBC, with braces": ("Server=db;Pwd={a1}}b c-2};Uid=u", "a1}b c-2"),
    "DSN of Go": ("user:p@ss/w0rd@tcp(db:3306)/name", "p@ss/w0rd"),
    "JDBC of SQL Server": ("jdbc:sqlserver://db;user=sa;password=S3cret!x;", "S3cret!x"),
    "settings": ("[db]\nuser = u\npassword = s3cret-9\n", "s3cret-9"),
    "JSON": ('{"db": {"password": "s3cret\\"9"}}', 's3cret"9'),
    "login of a registry": ('{"auths": {"r": {"auth": "dXNlcjpwYXNzdzByZA=="}}}', "passw0rd"),
    "header": ("Bearer abc.def-123", "abc.def-123"),
    "Basic header": ("Basic dXNlcjpwYXNzdzByZA==", "passw0rd"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_blanked_out_however_it_is_written(secret: str, form: Callable[[str], str]) -> None:
    written = form(secret)
    shown = Redactor(SECRETS).text(f"set x={written}; go")
    assert shown.startswith("set x=")
    assert shown.endswith("; go")
    assert BLANK in shown
    # of base64 the neighbours are left, and on each side a character of which a part is theirs
    assert len(shown) <= len(f"set x={BLANK}; go") + 12, shown


@pytest.mark.parametrize("form", DEEPER.values(), ids=DEEPER)
@pytest.mark.parametrize("secret", [one for one in SECRETS if "\n" not in one])
def test_a_secret_is_found_within_what_is_encoded_broken_or_coloured(secret: str, form: Callable[[str], str]) -> None:
    written = f"set x:\n{form(secret)}\nERROR: done, 12345 orders"
    shown = Redactor([secret]).text(written)
    assert BLANK in shown
    assert not found_by_attack(shown, secret)
    assert shown.startswith("set x:\n")
    assert shown.endswith("\nERROR: done, 12345 orders")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(("value", "secret"), SOURCES.values(), ids=SOURCES)
def test_a_secret_within_a_value_is_one_of_its_own(value: str, secret: str, form: Callable[[str], str]) -> None:
    written = form(secret)
    shown = Redactor([value]).text(f"login with ({written}) failed")
    assert BLANK in shown
    assert written not in shown
    assert secret not in shown


@pytest.mark.parametrize(
    ("given", "text", "shown"),
    [
        pytest.param(["aaaaaa", "*x1234y"], "aaaaaax1234y", f"{BLANK}", id="of a blank and its surroundings"),
        pytest.param(["********"], "******** and", "******** and", id="a blank"),
        pytest.param(["secret-1"], "\x1b[31msec\x1b[0mret-1 \x1bsecret-1", f"{BLANK} {BLANK}", id="among sequences"),
        pytest.param(["secret-1"], "\x1b[secret-1", f"[{BLANK}", id="in a sequence that takes what follows"),
        pytest.param(["newpass1"], r"C:\newpass1 %4newpass1", rf"C:\{BLANK} %4{BLANK}", id="after half an escape"),
        pytest.param(["abcabc"], "abcabcabcabcabc", BLANK, id="that overlaps itself"),
    ],
)
def test_all_is_found_before_anything_is_replaced(given: list[str], text: str, shown: str) -> None:
    assert Redactor(given).text(text) == shown


def test_nothing_of_what_an_application_says_of_its_secrets_is_left(tmp_path: Path) -> None:
    tokens = [secrets.token_hex(8) for _ in range(3)]
    environment = {
        "KEY": f"p@ss/{tokens[0]}%{{{{x}}}}'$y\"",
        "DATABASE_URL": f"postgres://u:{tokens[1]}%40/x?y@db/shop",
    }
    (tmp_path / "mounted").write_text(f"{tokens[2]}/&x\n")
    command = [sys.executable, "-c", PROGRAM, *environment, str(tmp_path / "mounted")]
    said = subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode(errors="replace")
    shown = Redactor([*environment.values(), f"{tokens[2]}/&x"]).text(said)
    assert [one for one in spelled(*tokens) if one in said]
    assert [one for one in spelled(*tokens) if one in shown] == []
    assert [char for char in COMMANDS if char in shown] == []


def test_words_that_are_no_secret_stay() -> None:
    value = "postgres://reader:s3cret/w0rd@database:5432/shop?sslmode=require&application_name=studio"
    text = "reader of database:5432/shop, sslmode=require, studio is true"
    assert Redactor([value]).text(text) == text


def test_time_grows_with_the_text_alone() -> None:
    known = [f"{number:05d}-{number * 7919:x}-secret" for number in range(400)]
    shown = Redactor(known)

    def seconds(text: str) -> float:
        began = time.process_time()
        shown.text(text)
        return time.process_time() - began

    for piece in (
        "ordinary words of a log, 12:00:00\n",
        "a",
        "\\",
        '"',
        "%25",
        "&amp;",
        "\x1b]8;;",
        "\\u0041",
        known[7],
    ):
        text = piece * (200_000 // len(piece))
        once, eight = seconds(text), seconds(text * 8)
        assert eight < 24 * max(once, 0.02), piece


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
