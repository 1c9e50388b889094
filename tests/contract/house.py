"""The house as data: its files, its tasks, its expressions."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
#: what says nothing about the platform; ``app`` names the platforms there are
OPERATIONS = [role for role in ROLES if role != "app"]
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
TASK_FILES = sorted((ROOT / "roles").glob("*/tasks/*.yml"))
PLUGINS = sorted(path for path in (ROOT / "plugins").rglob("*.py"))


def inside(path: Path, *folders: str) -> bool:
    """Whether a file is in one of these folders of plugins/, however deep."""
    return any(path.is_relative_to(ROOT / "plugins" / folder) for folder in folders)


def dotted(path: Path) -> str:
    """How a file of plugins/ is imported."""
    return ".".join(("ansible_collections.doppelganger.ops", *path.relative_to(ROOT).with_suffix("").parts))


def imported(node: ast.ImportFrom, importer: str) -> str:
    """The module that an import of the module ``importer`` names, also where it is relative."""
    return resolve_name("." * node.level + (node.module or ""), importer.rpartition(".")[0])


def load(path: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def specs(role: str) -> dict[str, dict[str, Any]]:
    """The argument specs of a role by entry point."""
    found: dict[str, dict[str, Any]] = load(ROOT / "roles" / role / "meta/argument_specs.yml")["argument_specs"]
    return found


def named(path: Path) -> str:
    """How a failing test calls a file."""
    return str(path.relative_to(ROOT))


@dataclass(frozen=True)
class Task:
    """A task, a block or a play, and where it is."""

    path: Path
    keys: dict[str, Any]

    def __str__(self) -> str:
        return f"{named(self.path)}: {self.keys.get('name', self.keys)}"


def tasks(path: Path) -> Iterator[Task]:
    """All plays, blocks and tasks of a file, whatever they are inside."""
    todo: list[Any] = list(load(path) or [])
    while todo:
        keys = todo.pop(0)
        yield Task(path, keys)
        for inner in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
            todo += keys.get(inner) or []


ALL_TASKS = [task for path in [*TASK_FILES, *PLAYBOOKS] for task in tasks(path)]


def texts(value: Any) -> Iterator[str]:
    """All text below a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def expressions(keys: dict[str, Any]) -> Iterator[str]:
    """The Jinja expressions of a task: what is in double braces, and each condition."""
    own = {name: value for name, value in keys.items() if name not in ("block", "rescue", "always", "tasks")}
    for text in texts(own):
        yield from re.findall(r"{{(.*?)}}", text, re.DOTALL)
    for name in ("when", "failed_when", "changed_when", "until"):
        yield from texts(own.get(name))


def filters(expression: str) -> int:
    """How many filters an expression has."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "", expression).count("|")


def tracked() -> list[Path]:
    """The files that git knows, and those that it is going to know."""
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]
