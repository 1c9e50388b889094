# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML that somebody else wrote, read as kubectl takes it: data that JSON has too, within bounds, or refused by line.

It is built from the parser's events, so that nothing recurses and what an anchor stands for is counted before it is
repeated. Dates stay text, tags of YAML's own make nothing but plain values, and no key is there twice. A text that
begins with ``{`` is JSON where it can be; what plain text of YAML means is in ``_plain``.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.text._foreign import depth_of

from . import _json_stream, _plain

#: how many values, keys included, an application's manifests may have together: 60 to 100 MiB while they are read
NODES = 100_000
#: more than any manifest needs
DEPTH = 60
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
    budget = budget or Budget()
    try:
        found = _as_json(text, budget)
        return list(_documents(_events(_Parser(text)), budget)) if found is None else found
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


def _as_json(text: str, budget: Budget) -> list[Document] | None:
    """The documents of a text that is JSON, one after the other; None where it is something else."""
    found = _json_stream.read(text)
    for value in found or ():
        line = text.count("\n", 0, value.begins) + 1
        if value.why:
            raise Unreadable(value.why, line)
        budget.take(value.size, line)
        if depth_of(value.data, DEPTH) > DEPTH:
            raise Unreadable(f"more than {DEPTH} levels", line)
    return None if found is None else [Document(one.data, text.count("\n", 0, one.begins) + 1) for one in found]


def line_of(text: str, number: int, keys: Sequence[str | int]) -> int | None:
    """The line of a place in document ``number`` (from 0) of a text that was read, as near as it can be told."""
    loader: Any = yaml.CLoader if yaml.__with_libyaml__ else yaml.Loader
    try:
        found = next(itertools.islice(yaml.compose_all(text, Loader=loader), number, None), None)
    except (yaml.YAMLError, RecursionError, UnicodeError):
        return None
    line = None if found is None else int(found.start_mark.line) + 1
    for key in keys:
        at, found = _below(found, key)
        if at is None:
            break
        line = int(at.start_mark.line) + 1
    return line


def _below(node: Any, key: str | int) -> tuple[Any, Any]:
    """Where the value of a key, or the item of a list, begins, and the value."""
    if isinstance(node, yaml.MappingNode) and isinstance(key, str):
        return next(((one, value) for one, value in node.value if one.value == key), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key], node.value[key]
    return None, None


class _PlainParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's parser without the library in C."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)

    def scan_to_next_token(self) -> None:
        """Skip what is between tokens, tabs included where the library in C does: not where they would indent."""
        super().scan_to_next_token()
        while self.peek() == "\t" and (self.flow_level or not self.allow_simple_key):
            self.forward()
            super().scan_to_next_token()


_Parser: Any = yaml.cyaml.CParser if yaml.__with_libyaml__ else _PlainParser  # type: ignore[attr-defined]  # in C


def _events(parser: Any) -> Iterator[Any]:
    while parser.check_event():
        yield parser.get_event()


def _is_merge(event: Any) -> bool:
    is_plain = event.tag is None and event.implicit[0]
    return event.tag == _MERGE or (is_plain and event.value == "<<")


def _value_of(event: Any) -> Any:
    """The value of a scalar; refused where JSON has none like it."""
    line = _line(event)
    try:
        event.value.encode()
        if event.tag == "!" or (event.tag is None and not event.implicit[0]):
            return event.value
        return _plain.value_of(event.value, (event.tag or "").removeprefix(_TAG))
    except UnicodeError:
        raise Unreadable("characters that are not UTF-8", line) from None
    except ValueError as error:
        raise Unreadable(str(error), line) from None


class _Open:
    """A list or an object of which not all is read."""

    def __init__(self, event: Any, left: int) -> None:
        self.is_object = isinstance(event, yaml.MappingStartEvent)
        self.anchor, self.line, self.left = event.anchor, _line(event), left
        self.data: Any = {} if self.is_object else []
        self.key: Any = None
        self.awaits_value = self.merges = False
        self._own: set[str] = set()

    def add(self, value: Any, line: int, is_merge: bool) -> None:
        """Take the next value in: as kubectl does, one after the other, so that what is merged later counts."""
        if not self.is_object:
            self.data.append(value)
        elif not self.awaits_value:
            self._take_key(value, line, is_merge)
        elif self.merges:
            self._merge(value, line)
        else:
            self.data[self.key] = value
            self.awaits_value = False

    def _take_key(self, key: Any, line: int, is_merge: bool) -> None:
        text = _plain.as_key(key)
        if text is None:
            raise Unreadable("a key that is not text (put it into quotes)", line)
        if text in self._own and not is_merge:
            raise Unreadable("a key twice", line)
        self.key, self.merges, self.awaits_value = text, is_merge, True
        self._own |= set() if is_merge else {text}

    def _merge(self, value: Any, line: int) -> None:
        every = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in every):
            raise Unreadable("<< with something that is no object", line)
        for one in reversed(every):  # the first that has a key counts
            self.data.update(one)
        self.awaits_value = self.merges = False


def _documents(events: Iterator[Any], budget: Budget) -> Iterator[Document]:
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            yield Document(_Reader(events, budget).document(), _line(event))


class _Reader:
    """Reads one document."""

    def __init__(self, events: Iterator[Any], budget: Budget) -> None:
        self._events, self._budget = events, budget
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
            return self._anchored(last.anchor, last.data, 1 + last.left - self._budget.left), False
        self._budget.take(1, _line(event))
        parent = self._open[-1] if self._open else None
        if parent and parent.is_object and not parent.awaits_value and _is_merge(event):
            return "<<", True
        return self._anchored(event.anchor, _value_of(event), 1), False

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
