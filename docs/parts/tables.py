"""What is generated in the code itself: tables of a folder's files, as what is shipped takes along only what it imports
by name; and what several modules return.

Nothing here imports the code, which is only whole once its tables are.
"""

from __future__ import annotations

import ast
from pathlib import Path

UTILS = Path(__file__).resolve().parents[2] / "plugins/module_utils"


def kinds() -> str:
    """The kinds of checks."""
    return _imports("checks/kinds", "Kind")


def readers() -> str:
    """The readers of metrics."""
    return _imports("metrics/readers", "Reader")


def returned_checks() -> str:
    """What a module returns that has run a checklist."""
    return _returned("checks")


def returned_metrics() -> str:
    """What a module returns that has measured metrics."""
    return _returned("metrics")


def _returned(name: str) -> str:
    # before ansible-core 2.20 a fragment of documentation cannot say what a module returns
    return (Path(__file__).parent / f"returns/{name}.yml").read_text(encoding="utf-8").removeprefix("---\n")


def _imports(path: str, kind: str) -> str:
    """Imports of the files of a folder that have a constant called as its kind, and a tuple of them."""
    names = [file.stem for file in sorted((UTILS / path).glob("*.py")) if _has(file, kind.upper())]
    folder = path.rpartition("/")[2]
    lines = "".join(f"    {name},\n" for name in names)
    imports = f"from .{folder} import (\n{lines})\nfrom .{folder}._{kind.lower()} import {kind}\n"
    return f"{imports}\n_FILES = (\n{lines})\n"


def _has(path: Path, constant: str) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        getattr(target, "id", "") == constant
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
    )
