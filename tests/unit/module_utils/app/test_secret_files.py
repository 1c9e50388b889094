"""Files that are secrets, in the formats of the tools that have them: the whole file and each secret in it."""

from __future__ import annotations

import base64
import json

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _secret_files
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import BLANK, Redactor

#: what is in the file, and what is secret in it
FILES = {
    ".pgpass": ("# ours\ndatabase:5432:shop:clerk:s3:cr3t\n*:*:*:admin:t\\:0p-\\\\1\n", ["t:0p-\\1", "t\\:0p-\\\\1"]),
    ".pgpass of words": ("database:5432:*:clerk:sunshine", ["sunshine"]),
    ".netrc": ("machine git.example.com\n  login clerk\n  password sunshine\n", ["sunshine"]),
    ".netrc on one line": ("machine git.example.com login clerk password hunter-2 account 12-34-56", ["hunter-2"]),
    "config.json of docker": (
        json.dumps({"auths": {"registry.example.com": {"auth": base64.b64encode(b"clerk:sunshine").decode()},
                              "ghcr.io": {"identitytoken": "eyJhbGciOi.x1"}}}, indent=2),
        ["sunshine", base64.b64encode(b"clerk:sunshine").decode(), "eyJhbGciOi.x1"],
    ),
    ".npmrc": ("//registry.npmjs.org/:_authToken=npm_s3cr3t0\nregistry=https://registry.npmjs.org/\n", ["npm_s3cr3t0"]),
    ".my.cnf": ("[client]\nuser = clerk\npassword = \"sunshine\"\n", ["sunshine"]),
    "credentials of AWS": (
        "[default]\naws_access_key_id = AKIA1234\naws_secret_access_key = wJalr/XUtn+FEMI7\n",
        ["wJalr/XUtn+FEMI7"],
    ),
    "kubeconfig": ("users:\n- name: admin\n  user:\n    token: abc.d3f-ghi\n", ["abc.d3f-ghi"]),
    ".git-credentials": ("https://clerk:s3cr3t%2F1@git.example.com\n", ["s3cr3t%2F1", "s3cr3t/1"]),
    "htpasswd": ("clerk:$apr1$x8s9$kq1mZ\n", ["$apr1$x8s9$kq1mZ"]),
    "key of Google": (json.dumps({"private_key_id": "0a1b2c3d", "private_key": "-----BEGIN\nMII1"}),
                      ["-----BEGIN\nMII1"]),
    "words, a line each": ("correct\nhorses\nbattery\n", ["correct\nhorses\nbattery"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "fields"), FILES.values(), ids=FILES)
def test_a_file_is_a_secret_as_a_whole_and_so_are_its_fields(text: str, fields: list[str]) -> None:
    redactor = Redactor(_secret_files.secrets_in(text))
    for field in fields:
        shown = redactor.text(f"refused {field}!")
        assert shown == f"refused {BLANK}!"
        assert redactor.text(f"login {base64.b64encode(b'clerk:' + field.encode()).decode()}!") != field
    encoded = base64.encodebytes(text.encode()).decode()
    shown = redactor.text(f"data: {encoded}")
    lines = [line for line in text.splitlines() if len(line) > 8 and not line.isalpha()]
    assert all(line not in base64.b64decode(encoded).decode() or BLANK in shown for line in lines)
    assert not any(part in shown for part in encoded.split() if len(part) > 20)


def test_words_beside_secrets_stay() -> None:
    found = _secret_files.secrets_in(FILES[".netrc"][0]) + _secret_files.secrets_in(FILES["kubeconfig"][0])
    text = "clerk of git.example.com is admin of users"
    assert Redactor(found).text(text) == text
