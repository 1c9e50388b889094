"""The published schemas, and whether data is what they describe."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


@functools.cache
def schema(name: str) -> dict[str, Any]:
    """A schema by its name, for example ``result``."""
    found: dict[str, Any] = json.loads(resources.files(__name__).joinpath(f"{name}.schema.json").read_text("utf-8"))
    return found


@functools.cache
def _validator(name: str) -> Draft202012Validator:
    # it takes a tenth of a second to import, which the first second of a run has to spare
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    known = [schema(each) for each in ("result", "release", "backup")]
    registry: Registry[Any] = Registry().with_resources((each["$id"], Resource.from_contents(each)) for each in known)
    return Draft202012Validator(schema(name), registry=registry)


def warm_up() -> None:
    """Import what validation needs."""
    for name in ("result", "run"):
        _validator(name)


def problems(name: str, data: Any) -> list[str]:
    """What is wrong with data, each with the place where it is; nothing where it is as described."""
    found = sorted(_validator(name).iter_errors(data), key=lambda error: list(map(str, error.absolute_path)))
    return [f"{'/'.join(map(str, error.absolute_path)) or 'the whole'}: {error.message[:300]}" for error in found]
