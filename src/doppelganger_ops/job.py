"""A run as plain data, which crosses to the process that does it, and what comes back from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

#: what the run's process is told on its standard input, a line each
CANCEL = "cancel"


@dataclass(frozen=True)
class Job:
    """Everything that a run needs to know. It goes through a pipe, because ``secrets`` are written to no file."""

    ident: str
    playbook: str
    inventories: tuple[str, ...]
    cwd: str
    #: its own folder, mode 0700, gone afterwards
    folder: str
    environment: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: what the playbook is given with -e; text in it is data and never a template
    inputs: Mapping[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    limit: str | None = None
    verbosity: int = 0
    #: in seconds from the start
    deadline: float | None = None
    #: how long Ansible may take to end its own processes before it is killed
    grace: float = 10.0
    #: where output.txt and events.jsonl go, for runs that are kept
    kept: str | None = None

    def to_line(self) -> bytes:
        """One line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Job:
        """Read what :meth:`to_line` wrote."""
        data = json.loads(line)
        return cls(**{**data, "inventories": tuple(data["inventories"]), "arguments": tuple(data["arguments"])})


@dataclass(frozen=True)
class Ended:
    """How the process of a run ended; ``stopped`` is ``cancelled`` or ``timed_out`` where somebody ended it."""

    exit_code: int | None
    stopped: str | None = None
    survivors: tuple[str, ...] = ()
    #: what the machinery itself has to say, for example that ansible-runner raised
    error: str = ""
    #: the last lines of output, for a message and never for a verdict
    tail: tuple[str, ...] = ()


def handed_over(inputs: Mapping[str, Any]) -> str:
    """The inputs as a file for Ansible's ``-e @file``, in which all text is marked: it is never a template.

    Ansible reads such a file as JSON and, where that fails, once more as YAML, where the same text would be a template.
    So it begins with a tab, which JSON skips and with which no YAML can begin.
    """
    return f"\t{json.dumps(unsafe(inputs), allow_nan=False)}\n"


def unsafe(value: Any) -> Any:
    """The same value, with all text in it marked so that Ansible never takes it for a template."""
    if isinstance(value, str):
        return {"__ansible_unsafe": value}
    if isinstance(value, Mapping):
        return {name: unsafe(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [unsafe(item) for item in value]
    return value
