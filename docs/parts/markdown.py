"""What the parts are made of: where the sources are, and Ansible's markup as Markdown."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def role_spec(role: str) -> dict[str, Any]:
    """The entry points of a role with their options."""
    path = ROOT / "roles" / role / "meta/argument_specs.yml"
    specs: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    return specs


@functools.cache
def documentation(module: str) -> dict[str, Any]:
    """The DOCUMENTATION of a module, which is read and not run."""
    tree = ast.parse((ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            found: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return found
    raise ValueError(f"{module} has no DOCUMENTATION")


def plain(text: str | Sequence[str]) -> str:
    """A description as one line of Markdown."""
    line = " ".join([text] if isinstance(text, str) else text)
    return " ".join(re.sub(r"\b(?:RV|[COMPV])\(([^)]*(?:\(\))?)\)", _code, line).split())


def _code(match: re.Match[str]) -> str:
    inner = match[1]
    for prefix in ("checks[].", "doppelganger.ops."):
        inner = inner.replace(prefix, "")
    return f"`{inner.split('#')[0].replace('module:', '')}`"


def value(found: Any) -> str:
    """A default as a cell of a table."""
    if found is None:
        return ""
    if isinstance(found, bool):
        return f"`{str(found).lower()}`"
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, (list, tuple)):
        return f"`{yaml.safe_dump(list(found), default_flow_style=True, width=1000).strip()}`" if found else "`[]`"
    return f"`{found!r}`".replace("'", '"') if isinstance(found, str) else f"`{found}`"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [list(headings), ["---"] * len(headings), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
