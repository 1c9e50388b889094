"""The forms in which applications write a secret, for tests: each is a function of the secret alone."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus


def _lower(quoted: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)


def _go(secret: str) -> str:
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(secret, ensure_ascii=False)[1:-1])


def _base64(before: int, after: int) -> Callable[[str], str]:
    return lambda secret: base64.b64encode(b"u" * before + secret.encode() + b"x" * after).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "URL": lambda secret: quote(secret, safe=""),
    "URL, lower case": lambda secret: _lower(quote(secret, safe="")),
    "URL, in part": lambda secret: quote(secret),
    "URL, every other character": lambda secret: "".join(
        quote(char, safe="") if place % 2 else char for place, char in enumerate(secret)
    ),
    "URL, twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "form": quote_plus,
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON of any alphabet": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret))[3:-3],
    "JSON of Go": _go,
    "JSON of PHP": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "JSON in escapes alone": lambda secret: re.sub("(....)", r"\\u\1", secret.encode("utf-16-be").hex()),
    "HTML": html.escape,
    "HTML of Go": lambda secret: html.escape(secret).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    "HTML in JSON": lambda secret: _go(html.escape(secret)),
    "Python": lambda secret: repr(secret)[1:-1],
    "bytes of Python": lambda secret: repr(secret.encode())[2:-1],
    "Compose": lambda secret: secret.replace("$", "$$"),
    "spaces as one": lambda secret: " ".join(secret.split()),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "Basic": _base64(5, 0),
    "base64, one before": _base64(1, 3),
    "base64, two before": _base64(2, 2),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(b"ab" + secret.encode()).decode(),
    "base64 in a URL": lambda secret: quote(base64.b64encode(secret.encode()).decode(), safe=""),
    "base64 in JSON of PHP": lambda secret: base64.b64encode(b"ab" + secret.encode()).decode().replace("/", "\\/"),
}
