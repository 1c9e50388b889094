# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who holds a name or a port of this host: another container of the engine, or a process."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._errors import engine_errors
from ._project import PROJECT_LABEL, Project

#: the network mode without a network of its own
HOST = "host"
#: an address that stands for all of them
_ANY = ("", "0.0.0.0", "::")  # noqa: S104 nothing listens here
_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_LISTENING = "0A"
_INODE = re.compile(r"socket:\[(?P<inode>\d+)\]")


@dataclass(frozen=True)
class Port:
    """A port of the host; no address stands for all of its addresses."""

    number: int
    protocol: str = "tcp"
    address: str = ""

    def overlaps(self, other: Port) -> bool:
        """Whether only one of the two can be held."""
        same = (self.number, self.protocol) == (other.number, other.protocol)
        return same and (self.address == other.address or self.address in _ANY or other.address in _ANY)

    def __str__(self) -> str:
        where = "" if self.address in _ANY else f"{self.address}:"
        return f"{where}{self.number}/{self.protocol}"


@dataclass(frozen=True)
class Holder:
    """A container of the engine, in any state; only one that runs has ports."""

    name: str
    project: str
    ports: tuple[Port, ...] = ()
    #: whether it is in the network of the host: whatever it listens on is a port of the host
    has_host_network: bool = False

    def __str__(self) -> str:
        return f"container {self.name}" + (f" of the compose project {self.project}" if self.project else "")


def holders(project: Project) -> list[Holder]:
    """All containers of the engine."""
    with engine_errors("list all containers"):
        listed = project.api.containers(all=True)
    return [holder_from(one) for one in listed]


def holder_from(listed: Mapping[str, Any]) -> Holder:
    """A container as the engine lists it."""
    names = listed.get("Names") or [""]
    ports = [
        Port(int(one["PublicPort"]), str(one.get("Type") or "tcp"), str(one.get("IP") or ""))
        for one in listed.get("Ports") or []
        if one.get("PublicPort")
    ]
    return Holder(
        name=str(names[0]).lstrip("/"),
        project=str((listed.get("Labels") or {}).get(PROJECT_LABEL) or ""),
        ports=tuple(ports),
        has_host_network=listed.get("State") == "running" and network_of(listed) == HOST,
    )


def network_of(described: Mapping[str, Any]) -> str:
    """The network mode of a container, as the engine lists or shows it."""
    return str((described.get("HostConfig") or {}).get("NetworkMode") or "")


def is_this_host(engine_name: str) -> bool:
    """Whether the engine's ports are those that can be looked at from here."""
    where = os.environ.get("DOCKER_HOST") or "unix://"
    return where.startswith("unix://") and engine_name == socket.gethostname()


def is_taken(port: Port) -> bool:
    """Whether a process of this host has the port. What cannot be told, as without the right to bind it, is free."""
    family = socket.AF_INET6 if ":" in port.address else socket.AF_INET
    with contextlib.closing(socket.socket(family, _KINDS.get(port.protocol, socket.SOCK_STREAM))) as tried:
        if port.protocol == "tcp":  # what an earlier connection leaves behind holds nobody up
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((port.address, port.number))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def process_at(port: Port, proc: Path = Path("/proc")) -> str:
    """The process that has a port, as far as this user may know."""
    wanted = set(_inodes(port, proc))
    for folder in proc.glob("[0-9]*"):
        if wanted.intersection(_sockets_of(folder)):
            with contextlib.suppress(OSError):  # it may have ended since
                return f"{(folder / 'comm').read_text(errors='replace').strip()} (process {folder.name})"
    return "a process of this host"


def _sockets_of(process: Path) -> Iterator[str]:
    """The sockets that a process holds open; none where it is gone, or somebody else's."""
    try:
        handles = os.listdir(process / "fd")
    except OSError:
        return
    for handle in handles:
        with contextlib.suppress(OSError):
            found = _INODE.fullmatch(os.readlink(process / "fd" / handle))
            if found:
                yield found["inode"]


def _inodes(port: Port, proc: Path) -> Iterator[str]:
    """The sockets that have a port, as the kernel lists them."""
    for name in (port.protocol, f"{port.protocol}6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / name).read_text().splitlines()[1:]:
                fields = line.split()
                is_ours = int(fields[1].rpartition(":")[2], 16) == port.number
                if is_ours and (port.protocol != "tcp" or fields[3] == _LISTENING):
                    yield fields[9]
