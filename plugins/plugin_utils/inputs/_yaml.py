# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML that somebody else wrote, read as kubectl takes it: data that JSON has too, within bounds, or refused by line.

It is built from the parser's events, so that nothing recurses and what an anchor stands for is counted before it is
repeated. Dates stay text, tags of YAML's own make nothing but plain values, and no key is there twice.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from yaml.constructor import SafeConstructor

from ansible_collections.doppelganger.ops.plugins.module_utils.text._foreign import depth_of

#: how many values, keys included, an application's manifests may have together: 60 to 100 MiB while they are read
NODES = 100_000
#: more than any manifest needs
DEPTH = 60
_INTEGERS = range(-(2**63), 2**64)
#: no number that fits is longer
_DIGITS = 400
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"


class Unreadable(ValueError):
    """It cannot be read: why, and at which line where that is known. It repeats nothing of the text."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


class Document(NamedTuple):
    """One document, and the line that it begins at."""

    data: Any
    line: int


class Budget:
    """How many values may still be read, of one text or of several."""

    def __init__(self, nodes: int = NODES) -> None:
        self.nodes = self.left = nodes

    def take(self, count: int, line: int) -> None:
        """Count values; refuse where there are too many."""
        self.left -= count
        if self.left < 0:
            raise Unreadable(f"more than {self.nodes} values, with those that anchors repeat", line)


def read(text: str, budget: Budget | None = None) -> list[Document]:
    """The documents of a text."""
    try:
        return list(_documents(_events(_Parser(text)), _Scalars(), budget or Budget()))
    except UnicodeError:
        raise Unreadable("characters that are not UTF-8") from None
    except RecursionError:  # of the parser without the library in C
        raise Unreadable(f"more than {DEPTH} levels") from None
    except yaml.reader.ReaderError as error:
        raise Unreadable("a character that YAML does not have", text.count("\n", 0, error.position) + 1) from None
    except yaml.MarkedYAMLError as error:
        # what the library in C says is its own; PyYAML itself quotes the text
        why = str(error.problem) if yaml.__with_libyaml__ else type(error).__name__
        raise Unreadable(why, error.problem_mark.line + 1 if error.problem_mark else None) from None


class _Resolver(yaml.resolver.Resolver):
    """What plain text means; a date is text."""


_Resolver.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != f"{_TAG}timestamp"]
    for first, resolvers in yaml.resolver.Resolver.yaml_implicit_resolvers.items()
}


class _PlainParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's parser without the library in C."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


_Parser: Any = yaml.cyaml.CParser if yaml.__with_libyaml__ else _PlainParser  # type: ignore[attr-defined]  # in C


def _events(parser: Any) -> Iterator[Any]:
    while parser.check_event():
        yield parser.get_event()


_MAKERS: dict[str, Any] = {
    "null": SafeConstructor.construct_yaml_null,
    "bool": SafeConstructor.construct_yaml_bool,
    "int": SafeConstructor.construct_yaml_int,
    "float": SafeConstructor.construct_yaml_float,
    # << and = are signs as keys alone
    **dict.fromkeys(("str", "merge", "value"), SafeConstructor.construct_yaml_str),
}


class _Scalars:
    """Text as the value that it stands for."""

    def __init__(self) -> None:
        self._resolver: Any = _Resolver()
        self._constructor = SafeConstructor()

    def tag_of(self, event: Any) -> str:
        """The tag that a scalar has, or that its text comes to."""
        if event.tag not in (None, "!"):
            return str(event.tag)
        return str(self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit))

    def value_of(self, event: Any) -> Any:
        """The value; refused where JSON has none like it."""
        line, name = _line(event), self.tag_of(event).removeprefix(_TAG)
        if name not in _MAKERS:
            raise Unreadable("a tag that manifests do not have", line)
        if name in ("int", "float") and len(event.value) > _DIGITS:
            raise Unreadable("a number that is too long", line)
        try:
            event.value.encode()
            value = _MAKERS[name](self._constructor, yaml.ScalarNode(event.tag, event.value))
        except (ValueError, LookupError, OverflowError):
            raise Unreadable(f"text that is no {name}", line) from None
        if isinstance(value, float) and not math.isfinite(value):
            raise Unreadable("a number that is not finite", line)
        if type(value) is int and value not in _INTEGERS:
            raise Unreadable("a whole number of more than 64 bits", line)
        return value


class _Open:
    """A list or an object of which not all is read."""

    def __init__(self, event: Any, left: int) -> None:
        self.is_object = isinstance(event, yaml.MappingStartEvent)
        self.anchor, self.line, self.left = event.anchor, _line(event), left
        self.data: Any = {} if self.is_object else []
        self.key: Any = None
        self.awaits_value = self.merges = False
        self._merged: dict[str, Any] = {}

    def add(self, value: Any, line: int, is_merge: bool) -> None:
        """Take the next value in."""
        if not self.is_object:
            self.data.append(value)
        elif not self.awaits_value:
            self._take_key(value, line, is_merge)
        elif self.merges:
            self._merge(value, line)
        else:
            self.data[self.key] = value
            self.awaits_value = False

    def closed(self) -> Any:
        """All of it; what is merged comes before what is its own, and does not replace it."""
        return {**self._merged, **self.data} if self._merged else self.data

    def _take_key(self, key: Any, line: int, is_merge: bool) -> None:
        if not isinstance(key, str):
            raise Unreadable("a key that is not text (put it into quotes)", line)
        if key in self.data and not is_merge:
            raise Unreadable("a key twice", line)
        self.key, self.merges, self.awaits_value = key, is_merge, True

    def _merge(self, value: Any, line: int) -> None:
        every = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in every):
            raise Unreadable("<< with something that is no object", line)
        for one in every:  # the first that has a key counts
            self._merged = {**one, **self._merged}
        self.awaits_value = self.merges = False


def _documents(events: Iterator[Any], scalars: _Scalars, budget: Budget) -> Iterator[Document]:
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            yield Document(_Reader(events, scalars, budget).document(), _line(event))


class _Reader:
    """Reads one document."""

    def __init__(self, events: Iterator[Any], scalars: _Scalars, budget: Budget) -> None:
        self._events, self._scalars, self._budget = events, scalars, budget
        #: what anchors stand for, with how many values that is
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: list[_Open] = []

    def document(self) -> Any:
        """What is in the document whose start was read."""
        for event in self._events:
            if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                self._begin(event)
                continue
            done, is_merge = self._done(event)
            if not self._open:
                return done
            self._open[-1].add(done, _line(event), is_merge)
        raise Unreadable("a document without an end")

    def _begin(self, event: Any) -> None:
        self._budget.take(1, _line(event))
        if len(self._open) == DEPTH:
            raise Unreadable(f"more than {DEPTH} levels", _line(event))
        if event.tag not in (None, "!", f"{_TAG}map", f"{_TAG}seq"):
            raise Unreadable("a tag that manifests do not have", _line(event))
        self._open.append(_Open(event, self._budget.left))

    def _done(self, event: Any) -> tuple[Any, bool]:
        """The value that an event completes, and whether it is the sign that merges."""
        if isinstance(event, yaml.AliasEvent):
            return self._repeated(event), False
        if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            last = self._open.pop()
            return self._anchored(last.anchor, last.closed(), 1 + last.left - self._budget.left), False
        self._budget.take(1, _line(event))
        parent = self._open[-1] if self._open else None
        if parent and parent.is_object and not parent.awaits_value and self._scalars.tag_of(event) == _MERGE:
            return "<<", True
        return self._anchored(event.anchor, self._scalars.value_of(event), 1), False

    def _anchored(self, anchor: str | None, value: Any, count: int) -> Any:
        if anchor:
            self._anchors[anchor] = value, count
        return value

    def _repeated(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            raise Unreadable("an alias of an anchor that is not there, or of one that it is part of", _line(event))
        value, count = self._anchors[event.anchor]
        self._budget.take(count, _line(event))
        if len(self._open) + depth_of(value, DEPTH) > DEPTH:
            raise Unreadable(f"more than {DEPTH} levels, with those that anchors repeat", _line(event))
        return copy.deepcopy(value)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
