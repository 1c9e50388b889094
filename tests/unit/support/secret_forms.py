"""The forms in which applications write a secret, for tests: each is a function of the secret alone."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote

Form = Callable[[str], str]


def _lower(quoted: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)


def _go(secret: str) -> str:
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(secret, ensure_ascii=False)[1:-1])


def _base64(before: int, after: int) -> Form:
    return lambda secret: base64.b64encode(b"u" * before + secret.encode() + b"x" * after).decode()


FORMS: dict[str, Form] = {
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


def _broken(columns: int, end: str, indent: str, encode: Callable[[bytes], bytes] = base64.b64encode) -> Form:
    def form(secret: str) -> str:
        # long enough to be broken, and not where the secret begins
        encoded = encode(b"user: shop, password: " + secret.encode() + b", " + b"more " * 12).decode()
        return end.join(f"{indent}{encoded[at : at + columns]}" for at in range(0, len(encoded), columns))

    return form


def _twice(before: int) -> Form:
    return lambda secret: base64.b64encode(base64.b64encode(b"u" * before + secret.encode() + b"x")).decode()


def _encoded(form: Form) -> Form:
    return lambda secret: base64.b64encode(f'{{"a": "{form(secret)}"}}'.encode()).decode()


def _login(size: int) -> Form:
    return lambda secret: base64.b64encode(f"{'u' * size}:{secret}".encode()).decode()


#: forms within which more is than the secret: what is around it may stay
DEEPER: dict[str, Form] = {
    **{
        f"base64, {columns} columns{name}": _broken(columns, end, indent)
        for columns in (19, 60, 64, 76)
        for name, end, indent in [("", "\n", ""), (", CRLF", "\r\n", ""), (", indented", "\n", " " * 14)]
    },
    "base64 in JSON, broken": lambda secret: json.dumps(_broken(64, "\n", "")(secret)),
    "base64 before each line of which is a name": _broken(64, "\n", "studio-web-1  | "),
    "base64 before each line of which is a time": _broken(64, "\n", "2026-11-29T12:00:00.123456789Z "),
    **{f"base64 twice, {before} before": _twice(before) for before in range(3)},
    "base64 twice, broken": _broken(76, "\n", "", lambda told: base64.b64encode(base64.encodebytes(told))),
    "base64 three times": lambda secret: base64.b64encode(_twice(1)(secret).encode()).decode(),
    **{f"base64 of {name}": _encoded(FORMS[name]) for name in sorted(FORMS) if "base64" not in name},
    **{f"login of {size}": _login(size) for size in range(1, 5)},
    "base64 for URLs, quoted": lambda secret: quote(base64.urlsafe_b64encode(_twice(0)(secret).encode()), safe=""),
    "token of JWT": lambda secret: (
        "eyJhbGciOiJub25lIn0."
        + base64.urlsafe_b64encode(json.dumps({"sub": "ana", "pw": secret}).encode()).decode().rstrip("=")
        + "."
    ),
    "over two lines": lambda secret: f"{secret[: len(secret) // 2]}\n    {secret[len(secret) // 2 :]}",
    "over two lines of a log": lambda secret: f"{secret[:3]}\nstudio-web-1  | {secret[3:]}",
    "coloured": lambda secret: f"\x1b[31m{secret[:2]}\x1b[1;32m{secret[2:]}\x1b[0m",
    "coloured, in JSON": lambda secret: json.dumps(f"{secret[:3]}\x1b[38;5;9m{secret[3:]}\x1b[0m"),
    "coloured, as cat -v writes it": lambda secret: f"^[[31m{secret[:3]}^[[0m{secret[3:]}",
    "coloured, as syslog writes it": lambda secret: f"#033[31m{secret[:3]}#033[0m{secret[3:]}",
}

_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_COLOUR = re.compile(r"(?:\x1b|\\u001b|\^\[|#033)\[[0-9;]*m")


def found_by_attack(shown: str, secret: str, deep: int = 3) -> bool:
    """Whether somebody who tries all that is usual comes by the secret, in what was shown."""
    plain = _COLOUR.sub("", shown)
    told = {plain, html.unescape(plain), unquote(plain), unquote(unquote(plain)), re.sub(r"\\(.)", r"\1", plain)}
    with contextlib.suppress(ValueError):
        told.add(re.sub(r"\\+u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), plain))
    told |= {re.sub(r"(?:\r?\n|\\+r|\\+n)(?:studio-web-1  \| |2026\S+ )?\s*", "", one) for one in told}
    if any(secret in one for one in told):
        return True
    decoded = {
        base64.b64decode(one[skipped : skipped + (len(one) - skipped) // 4 * 4], "-_" if {*one} & {*"-_"} else None)
        for text in told
        for one in _RUN.findall(text)
        for skipped in range(4)
    }
    return deep > 0 and any(found_by_attack(one.decode("utf-8", "replace"), secret, deep - 1) for one in decoded if one)
