"""Manifests and templates that would take all of a machine, and a program that reads them and says what that took.

Run by itself, so that it can be measured: it prints, as JSON by the name of each case, how the case ended, how many
seconds of work it took, and how many MiB it and its children had at most.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

LETTERS = "abcdefghijklmnop"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{letter}: &{letter} [{','.join([f'*{before}'] * 10)}]\n" for before, letter in itertools.pairwise(LETTERS)
)
MERGES = "a: &a {x: 1}\n" + "".join(
    f"{letter}: &{letter} {{<<: [*{before}, *{before}], {letter}: *{before}}}\n"
    for before, letter in itertools.pairwise(LETTERS)
)
CHAIN = "- &a0 [x]\n" + "".join(f"- &a{number + 1} [*a{number}]\n" for number in range(400))
LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}"
CASES: dict[str, tuple[str, str | bytes]] = {
    "anchors": ("1.yml", LAUGHS),
    "merges": ("1.yml", MERGES),
    "an anchor in itself": ("1.yml", "a: &a [*a]"),
    "a merge of itself": ("1.yml", "&a {<<: *a}"),
    "anchors that nest": ("1.yml", CHAIN),
    "lists in lists": ("1.yml", "[" * 1_000_000),
    "objects in objects": ("1.yml", "{a: " * 1_000_000),
    "dashes": ("1.yml", "- " * 1_000_000),
    "documents": ("1.yml", "---\na\n" * 500_000),
    "empty lists": ("1.yml", f"[{'[],' * 1_000_000}]"),
    "many anchors": ("1.yml", "".join(f"- &a{number} x\n" for number in range(250_000))),
    "long number": ("1.yml", "a: " + "9" * 4_000_000),
    "long text": ("1.yml", "a: " + "x" * 4_000_000),
    "huge": ("1.yml", "#" * 5_000_000),
    "no text": ("1.yml", b"\xff\xfe\x00\x01"),
    "a NUL": ("1.yml", "a: \x00"),
    "a list of objects in JSON": ("1.json", '{"kind": "List", "items": [' * 100_000),
    "long text of a template": ("1.yml.j2", "{{ 'a' * 10**9 }}"),
    "long list of a template": ("1.yml.j2", "{{ [0] * 10**10 }}"),
    "padding": ("1.yml.j2", "{{ '' | center(10**9) }}"),
    "a format": ("1.yml.j2", "{{ '%1000000000d' % 1 }}"),
    "a range": ("1.yml.j2", "{% for a in range(10**9) %}{% endfor %}"),
    "a power": ("1.yml.j2", "{{ 10**(10**9) }}"),
    "loops": ("1.yml.j2", LOOP + "{% endfor %}{% endfor %}"),
    "loops that write": ("1.yml.j2", LOOP + "aaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}{% endfor %}"),
    "a macro that calls itself": ("1.yml.j2", "{% macro a() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}"),
    "an include of itself": ("1.yml.j2", "{% include '1.yml.j2' %}"),
    "brackets": ("1.yml.j2", "{{ " + "(" * 100_000 + ")" * 100_000 + " }}"),
    "signs": ("1.yml.j2", "{{ " + "-" * 1_000_000 + "1 }}"),
    "blocks": ("1.yml.j2", "{% if 1 %}" * 100_000),
    "doubling": (
        "1.yml.j2",
        "{% set a = namespace(b='x') %}{% for _ in range(99) %}{% set a.b = a.b ~ a.b %}{% endfor %}",
    ),
}


def main() -> None:
    """Read each case in a folder of its own."""
    from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
    from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._files import Context, read

    found = {}
    for name, (file, content) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / file).write_bytes(content if isinstance(content, bytes) else content.encode())
            started, took = time.monotonic(), _work()
            try:
                read([Path(folder)], Context("tides", "prod", "1.0"))
                said = "read"
            except Refused as error:
                said = error.message
            found[name] = {"said": said, "work": _work() - took, "seconds": time.monotonic() - started, "mib": _mib()}
    sys.stdout.write(json.dumps(found))


def _work() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _mib() -> float:
    """What this program had at most since it began, which getrusage would not tell, and its children."""
    (own,) = [
        line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    ]
    return (int(own) + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


if __name__ == "__main__":
    main()
