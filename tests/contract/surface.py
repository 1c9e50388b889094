"""What callers of a version rely on: ``python -m tests.contract.surface`` makes ``surface.json`` of tests/recorded.

It reads the checkout that ``doppelganger_ops`` is imported from. Run once for each release, in that release's own tree.
"""

from __future__ import annotations

import argparse
import dataclasses
import enum
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

import doppelganger_ops as ops
from doppelganger_ops import cli
from doppelganger_ops.schemas import schema

ROOT = Path(ops.__file__).resolve().parents[2]
SCHEMAS = sorted(path.name.partition(".")[0] for path in (ROOT / "src/doppelganger_ops/schemas").glob("*.schema.json"))


def surface() -> dict[str, Any]:
    """Everything of it."""
    return {
        "playbooks": sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml")),
        "published": sorted(_published()),
        "variables": _variables(),
        "inventories": _inventories(),
        "api": {name: _described(getattr(ops, name)) for name in ops.__all__},
        "commands": _commands(),
        "exit_codes": {status.value: code for status, code in cli.EXIT_CODES.items()} | {"never_ran": cli.NEVER_RAN},
        "schemas": {name: dict(_fields(schema(name))) for name in SCHEMAS},
    }


def _published() -> set[str]:
    """The names of the data of ``set_stats``."""
    files = [*(ROOT / "playbooks").glob("*.yml"), *(ROOT / "roles").glob("*/tasks/*.yml")]
    texts = [path.read_text(encoding="utf-8") for path in [*files, *(ROOT / "plugins").rglob("*.py")]]
    return {found for text in texts for found in re.findall(r"\bdoppelganger_ops(?:_[a-z]+)?(?=\"?: )", text)}


def _variables() -> dict[str, Any]:
    """What an inventory may say, by role: the type, choices and default of each variable."""
    found: dict[str, Any] = {}
    for path in sorted((ROOT / "roles").glob("*/meta/argument_specs.yml")):
        options = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].get("main", {}).get("options", {})
        kept = ("type", "elements", "choices", "default", "required")
        for name, option in options.items():
            found[name] = {key: option[key] for key in kept if key in option}
    return found


def _inventories() -> dict[str, dict[str, Any]]:
    """The variables of the inventories that come with it, by folder."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted([*(ROOT / "inventories").rglob("*.yml"), *(ROOT / "examples").glob("*/inventory.yml")]):
        read = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        given = (read.get("targets") or {}).get("vars", {}) if "targets" in read else read
        variables = {name: value for name, value in given.items() if name.startswith(("app_", "observe_"))}
        if variables:
            found.setdefault(str(path.parent.relative_to(ROOT)), {}).update(variables)
    return found


def _described(value: Any) -> dict[str, Any]:
    """A name of the package: what can be passed to it, and what it has."""
    if isinstance(value, ops.Verb):
        own = [one for one in inspect.signature(value).parameters.values() if one.kind is one.KEYWORD_ONLY]
        return {"verb": {one.name: one.default is not one.empty for one in own}}
    if isinstance(value, type) and issubclass(value, enum.Enum):
        return {"values": [one.value for one in value]}
    if not isinstance(value, type):
        there = {name: one for name, one in vars(value).items() if getattr(one, "__module__", "") == value.__name__}
        classes = {name: one for name, one in there.items() if isinstance(one, type) and name[0] != "_"}
        return {"names": {name: _described(one) for name, one in classes.items()}}
    bases = [base.__name__ for base in value.__mro__ if base.__module__.startswith("dopp") and base.__name__[0] != "_"]
    found: dict[str, Any] = {"bases": bases}
    if dataclasses.is_dataclass(value):
        found["fields"] = [field.name for field in dataclasses.fields(value)]
    elif not issubclass(value, dict):
        found["takes"] = _taken(value)
    if "__annotations__" in vars(value):
        found["annotated"] = sorted(name for name in value.__annotations__ if name[0] != "_")
    found["has"] = sorted(name for name in dir(value) if name[0] != "_" and not hasattr(dict, name))
    return found


def _taken(value: type) -> list[str]:
    parameters = list(inspect.signature(value.__init__).parameters)  # type: ignore[misc]  # of this class it is
    return parameters[1:]


def _commands() -> dict[str, list[str]]:
    """The arguments of each command."""
    (found,) = [action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return {
        name: sorted(option for action in parser._actions for option in (action.option_strings or [action.dest]))
        for name, parser in found.choices.items()
    }


def _fields(of: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each field of a schema by its path, with its types, its choices and whether it is always there."""
    for key in ("properties", "$defs", "patternProperties"):
        for name, below in (of.get(key) or {}).items():
            where = f"{path}/{'$' * (key == '$defs')}{name}"
            choices = [below["const"]] if "const" in below else below.get("enum")
            said = {"type": below.get("type"), "choices": choices, "required": name in of.get("required", ())}
            yield where, {word: value for word, value in said.items() if value}
            yield from _fields(below, where)
    for key in ("items", "additionalProperties"):
        if isinstance(of.get(key), dict):
            yield from _fields(of[key], f"{path}/*")
    for number, below in enumerate([*of.get("anyOf", ()), *of.get("oneOf", ()), *of.get("allOf", ())]):
        yield from _fields(below, f"{path}/{number}")


def _lines(found: dict[str, Any]) -> Iterator[str]:
    """JSON with a line for each name, so that a difference can be read."""
    for name, value in found.items():
        if isinstance(value, dict):
            below = ",\n".join(f" {json.dumps(key)}: {json.dumps(value[key], sort_keys=True)}" for key in sorted(value))
            yield f"{json.dumps(name)}: {{\n{below}\n}}"
        else:
            yield f"{json.dumps(name)}: {json.dumps(value)}"


if __name__ == "__main__":
    print("{\n" + ",\n".join(_lines(surface())) + "\n}")
