"""What an application says of its secrets, in every form in which libraries write them, and how they are found."""

from __future__ import annotations

import base64

from tests.unit.support.secret_forms import FORMS

#: a program for the application's container: each of the named variables in all forms, and what a terminal would obey
PROGRAM = r"""
import base64, html, json, os, re, sys
from urllib.parse import quote, quote_plus
sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
for name in sys.argv[1:]:
    one = open(name).read().strip() if "/" in name else os.environ[name]
    for one in [one, *re.findall("://[^:]*:(.*)@", one)]:
        told, url = json.dumps(one)[1:-1], quote(one, safe="")
        go = re.sub("[<>&]", lambda found: "\\u%04x" % ord(found[0]), told)
        print("spelled", name, one, url, quote(one), quote_plus(one), url.lower(), told, json.dumps(told)[1:-1],
              html.escape(one), told.replace("/", "\\/"), go,
              one.encode().hex(), *(base64.b64encode(before + one.encode()).decode() for before in (b"", b"u", b"u:")),
              base64.urlsafe_b64encode(b"user:" + one.encode()).decode(), flush=True)
        for inner in (one, told, url):
            for before in (b"", b"u", b"u:"):
                print("spelled", base64.b64encode(base64.b64encode(before + inner.encode())).decode(), flush=True)
        print("spelled", base64.encodebytes(b"x" * 50 + b'{"a": "' + told.encode() + b'"}').decode(), flush=True)
        print(f"spelled {one[:2]}\033[1;31m{one[2:]}\033[0m", f"{one[:3]}\n    {one[3:]}", flush=True)
print("spelled \033]52;c;Y2Fu\007\033]8;;http://evil\033\\\033[31mred\033[2J\x9b1m\u202eevil\x7f", flush=True)
"""
#: characters that no terminal may get and no file may keep
COMMANDS = "\x1b\x9b\x7f\u202e"


def spelled(*plain: str) -> list[str]:
    """Each secret in every form, of base64 what does not depend on what is before and after it."""
    found = {form(one) for one in plain for name, form in FORMS.items() if "ase" not in name}
    for one in plain:
        # what is left where a colour or the end of a line is within it
        found |= {one[2:], one[3:]}
        for before in range(3):
            text = _alone(one, before)
            found |= {text, text.replace("+", "-").replace("/", "_"), *(_alone(text, outer) for outer in range(3))}
    return sorted(found)


def _alone(one: str, before: int) -> str:
    """What is its alone in base64, with so many characters before it."""
    return base64.b64encode(b"x" * before + one.encode() + b"x" * (-(before + len(one)) % 3)).decode()[4:-4]
