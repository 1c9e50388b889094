"""Write the parts of the documentation whose source is the code: ``python docs/generate.py [--check]``.

A page says where such a part goes: everything between ``<!-- generated: NAME -->`` and ``<!-- end of NAME -->`` is
replaced, and the rest of the page is written by hand. In Python, and in YAML within it, the two are comments.
``--check`` writes nothing and fails where something is out of date.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT)]

#: tables in the code come first: what they name is in the pages
PAGES = (
    "plugins/module_utils/*/_kinds.py",
    "plugins/module_utils/*/_readers.py",
    "plugins/modules/*.py",
    "README.md",
    "docs/**/*.md",
)
PART = re.compile(
    r"(<!-- generated: (?P<page>[^>]+) -->\n).*?(<!-- end of (?P=page) -->)"
    r"|(# generated: (?P<table>\w+)\n).*?(# end of (?P=table)\n)",
    re.DOTALL,
)
#: who makes a part, as file and function
PARTS = {
    "application": "application:application",
    "common options": "checks:common_options",
    "default checks": "application:default_checks",
    "inputs": "application:inputs",
    "kinds": "checks:kinds",
    "metric entries": "metrics:metric_entries",
    "metric limits": "metrics:metric_limits",
    "metric options": "metrics:metric_options",
    "metric tiers": "metrics:metric_tiers",
    "metric words": "metrics:metric_words",
    "modules": "house:module_list",
    "observe variables": "application:observe_variables",
    "reasons": "house:reasons",
    "rooms": "house:rooms_and_floors",
    "statuses": "house:statuses",
    "steps": "house:steps",
}


def part(name: str) -> str:
    """A part by the name that a page gives it: ``inputs: version! reason`` has arguments behind the colon."""
    word, _, arguments = name.partition(":")
    return _made(PARTS[word.strip()], *arguments.split())


def _made(where: str, *arguments: str) -> str:
    file, _, function = where.partition(":")
    text: str = getattr(importlib.import_module(f"parts.{file}"), function)(*arguments)
    return text


def _replaced(match: re.Match[str]) -> str:
    if match["table"]:
        return match[4] + _made("tables:" + match["table"]) + match[6]
    return f"{match[1]}\n{part(match['page'])}\n{match[3]}"


def generated(text: str) -> str:
    """A page with all its parts as they should be."""
    return PART.sub(_replaced, text)


def pages() -> list[Path]:
    """Every file that may have generated parts."""
    return [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python docs/generate.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a page is out of date")
    check = parser.parse_args().check
    is_outdated = False
    for path in pages():
        text = path.read_text("utf-8")
        wanted = generated(text)
        if wanted != text:
            is_outdated = True
            if not check:
                path.write_text(wanted, encoding="utf-8")
            sys.stderr.write(f"{path.relative_to(ROOT)} {'is out of date' if check else 'was written'}\n")
    if is_outdated and check:
        sys.stderr.write("Run: python docs/generate.py\n")
    return int(is_outdated and check)


if __name__ == "__main__":
    sys.exit(main())
