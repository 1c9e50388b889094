# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The objects in the files of manifests, before they are looked at, each with where it is: file, document and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused

from ...inputs import _yaml

#: what a file that is to be rendered has in it
_LOOKS_RENDERED = re.compile(r"\{\{|\{%")
#: a place as :mod:`_shape` writes it
_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")


@dataclass(frozen=True)
class File:
    """A file that was read, and rendered where it is a template."""

    path: Path
    text: str
    is_rendered: bool

    @property
    def hint(self) -> str:
        """What to do where it cannot be read."""
        if not self.is_rendered and _LOOKS_RENDERED.search(self.text):
            return f"It looks like a template: rename it to {self.path.name}.j2 to have it rendered."
        return "Fix the file."


@dataclass(frozen=True)
class Found:
    """A value that is to be an object: in which document of which file (from 0), and where in it a list has it."""

    thing: Any
    file: File
    number: int
    line: int
    is_alone: bool
    way: tuple[str | int, ...] = ()

    @property
    def place(self) -> str:
        """Where the document begins that it is in."""
        return self._placed(self.line)

    def exact(self, where: str = "") -> str:
        """Where it begins itself, or a place in it; all of the file is read again for that."""
        steps = [int(item) if item else key for key, item in _STEP.findall(where)]
        return self._placed(_yaml.line_of(self.file.text, self.number, [*self.way, *steps]) or self.line)

    def _placed(self, line: int) -> str:
        number = None if self.is_alone else self.number
        return placed(self.file.path, number, line, is_rendered=self.file.is_rendered)


def placed(path: Path, number: int | None, line: int | None, *, is_rendered: bool = False) -> str:
    """A file, which of its documents where it has several, and a line."""
    document = "" if number is None else f", document {number + 1}"
    return f"{path}{document}" + (f", line {line}{' once it is rendered' if is_rendered else ''}" if line else "")


def objects(file: File, budget: _yaml.Budget) -> Iterator[Found]:
    """What is in a file; lists of objects as these."""
    try:
        documents = _yaml.read(file.text, budget)
    except _yaml.Unreadable as error:
        where = placed(file.path, None, error.line, is_rendered=file.is_rendered)
        raise Refused(
            f"{where}: the YAML cannot be read: {error.why}.", reason="manifests_invalid", hint=file.hint
        ) from None
    for number, document in enumerate(documents):
        if document.data is not None:
            for thing, way in _flat(document.data, ()):
                yield Found(thing, file, number, document.line, len(documents) == 1, way)


def _flat(document: Any, way: tuple[str | int, ...]) -> Iterator[tuple[Any, tuple[str | int, ...]]]:
    """A list of objects as its objects; it may be in another one, as deep as YAML may be nested."""
    if isinstance(document, dict) and document.get("kind") == "List" and isinstance(document.get("items"), list):
        for number, item in enumerate(document["items"]):
            yield from _flat(item, (*way, "items", number))
    else:
        yield document, way
