# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets of a file that is one: the file as a whole, each of its lines, and its fields in the formats of the tools
that have such files (.pgpass, .netrc, docker's config.json, JSON, settings of INI and YAML)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..text._secret_values import embedded, private

#: host:port:database:user:password, a colon of one's own after a backslash
_PGPASS = re.compile(r"^(?:(?:\\.|[^:\\\n]){0,256}:){4}(?P<password>(?:\\.|[^\\\n]){1,1024})", re.MULTILINE)
_NETRC = re.compile(r"\b(?:password|account)\s{1,20}(?P<password>\S{1,1024})")
#: ``key = value`` and ``key: value``, with or without quotes, in a list or not
_SETTING = re.compile(
    r"""^[ \t-]{0,100}["']?(?P<name>[^\s"'#;=:][^\s"'=:]{0,100}(?::_\w{1,40})?)["']?[ \t]{0,20}[=:][ \t]{0,20}"""
    r"""(?P<quote>["']?)(?P<value>[^\n]{1,2048}?)(?P=quote)[ \t]{0,20},?$""",
    re.MULTILINE,
)
#: user:hash, as htpasswd has it
_LOGIN = re.compile(r"^[^\s:]{1,100}:(?P<password>\S{1,1024})$", re.MULTILINE)


def secrets_in(text: str) -> list[str]:
    """What must not be shown of a file; names, places and words in it may."""
    lines = [line.strip() for line in text.splitlines()]
    whole = text.strip()
    return [
        whole,
        *(line for line in lines if len(lines) == 1 or not line.isalpha()),
        *embedded(text),
        *private(_fields(text)),
    ]


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Each field with its name, one that can only be a secret with the name of one."""
    for pattern in (_PGPASS, _NETRC, _LOGIN):
        for found in pattern.finditer(text):
            yield "password", found["password"]
            yield "password", re.sub(r"\\(.)", r"\1", found["password"])
    for found in _SETTING.finditer(text):
        yield found["name"], found["value"]
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from _of_data("", json.loads(text))
        except (ValueError, RecursionError):
            return


def _of_data(name: str, data: Any) -> Iterator[tuple[str, str]]:
    if isinstance(data, (str, int, float)):
        yield name, str(data)
    elif isinstance(data, Mapping):
        for key, item in data.items():
            yield from _of_data(str(key), item)
    elif isinstance(data, list):
        for item in data:
            yield from _of_data(name, item)
