"""What a host publishes of itself where nothing is deployed: what it knows, its lease, its preparation, monitoring."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from doppelganger_ops.status import Status


def known_fields(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """What a dataclass has a field for."""
    return {one.name: data[one.name] for one in fields(kind) if one.name in data}


def plain(value: Any) -> dict[str, Any]:
    """A dataclass as dicts, lists and scalars, as they come back from JSON."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(value)))
    return found


class Described:
    """What is published of a host as plain data."""

    def to_dict(self) -> dict[str, Any]:
        """What the schema describes."""
        return plain(self)


@dataclass(frozen=True)
class Known(Described):
    """What a target knows of itself: its releases, backups, lease, and what was cut off; and whether what runs is what
    the current release recorded: ``drift`` says where it is not, ``unseen`` why nobody could look."""

    status: Status
    message: str
    hint: str = ""
    current: str | None = None
    releases: tuple[Mapping[str, Any], ...] = ()
    backups: tuple[Mapping[str, Any], ...] = ()
    lease: Mapping[str, Any] | None = None
    interrupted: Mapping[str, Any] | None = None
    unreadable: Mapping[str, str] = field(default_factory=dict)
    table: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    unseen: str = ""
    reason: str = ""
    about: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Known:
        """Read what was published for one host."""
        listed = {name: tuple(data.get(name) or ()) for name in ("releases", "backups", "table", "drift")}
        return cls(**{**known_fields(cls, data), **listed, "status": Status.UNCHANGED, "message": _standing(data)})


def _standing(data: Mapping[str, Any]) -> str:
    """Whether the current release runs, where somebody has looked; earlier versions did not."""
    current = data["current"]
    if not current:
        return "Nothing was deployed yet."
    if data.get("unseen"):
        return f"{current} is current; what runs could not be checked: {data['unseen']}"
    if data.get("drift"):
        return f"{current} is current, and what runs is not as it was recorded: {'; '.join(data['drift'])}."
    return f"{current} runs." if "drift" in data else f"{current} is current."


@dataclass(frozen=True)
class LeaseChange(Described):
    """What became of the lease of a target: ``lease`` is the one that is held now, ``was`` the one that was taken."""

    status: Status
    message: str
    hint: str = ""
    changed: bool = False
    lease: Mapping[str, Any] | None = None
    was: Mapping[str, Any] | None = None
    reason: str = ""
    about: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LeaseChange:
        """Read what was published for one host."""
        status = Status.OK if data["changed"] else Status.UNCHANGED
        return cls(**{**known_fields(cls, data), "status": status, "message": str(data["sentence"])})


@dataclass(frozen=True)
class Preparation(Described):
    """What was installed on a target: ``missing`` says what for, ``packages`` what brings it."""

    status: Status
    message: str
    hint: str = ""
    changed: bool = False
    missing: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    reason: str = ""
    about: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Preparation:
        """Read what was published for one host; a cluster has nothing that could be installed."""
        missing, packages = (tuple(data.get(name) or ()) for name in ("missing", "packages"))
        status = Status.OK if packages else Status.UNCHANGED
        about = data.get("about") or {}
        return cls(status, str(data["summary"]), "", bool(packages), missing, packages, about=about)


@dataclass(frozen=True)
class Monitoring(Described):
    """How the monitoring of a target stands: ``message`` says which rules are loaded and what is watched."""

    status: Status
    message: str
    hint: str = ""
    changed: bool = False
    reason: str = ""
    about: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Monitoring:
        """Read what was published for one host."""
        changed = bool(data["changed"])
        status = Status.OK if changed else Status.UNCHANGED
        return cls(status, str(data["summary"]), "", changed, about=data.get("about") or {})
