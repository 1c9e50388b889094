"""Who has a port: by what the engine lists, by asking the kernel, and by what it says of processes."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _holders
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._holders import Holder, Port


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (Port(80), Port(80), True),
        (Port(80), Port(81), False),
        (Port(80), Port(80, "udp"), False),
        (Port(80), Port(80, address="127.0.0.1"), True),
        (Port(80, address="0.0.0.0"), Port(80, address="::"), True),
        (Port(80, address="127.0.0.1"), Port(80, address="127.0.0.1"), True),
        (Port(80, address="127.0.0.1"), Port(80, address="10.0.0.1"), False),
    ],
)
def test_when_one_port_is_in_the_way_of_another(one: Port, other: Port, overlap: bool) -> None:
    assert (one.overlaps(other), other.overlaps(one)) == (overlap, overlap)


@pytest.mark.parametrize(
    ("listed", "holder"),
    [
        ({}, Holder("", "")),
        ({"Names": ["/db"], "Labels": None, "Ports": None}, Holder("db", "")),
        (
            {
                "Names": ["/shop-web-1"],
                "Labels": {"com.docker.compose.project": "shop"},
                "Ports": [
                    {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
                    {"PrivatePort": 81, "Type": "tcp"},
                ],
            },
            Holder("shop-web-1", "shop", (Port(8080, "tcp", "0.0.0.0"),)),
        ),
        (
            {"Names": ["/near"], "State": "running", "HostConfig": {"NetworkMode": "host"}},
            Holder("near", "", has_host_network=True),
        ),
        ({"Names": ["/near"], "State": "exited", "HostConfig": {"NetworkMode": "host"}}, Holder("near", "")),
    ],
)
def test_a_container_as_the_engine_lists_it(listed: dict[str, object], holder: Holder) -> None:
    assert _holders.holder_from(listed) == holder


def test_a_process_that_listens_is_found_by_name() -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = Port(server.getsockname()[1], "tcp", "127.0.0.1")
        assert _holders.is_taken(port)
        assert _holders.is_taken(Port(port.number))
        assert f"(process {os.getpid()})" in _holders.process_at(port)
    assert not _holders.is_taken(port)


class Forbidden:
    """A socket that this user may not bind."""

    def setsockopt(self, *_: object) -> None:
        """Do nothing."""

    def bind(self, _: object) -> None:
        """Refuse."""
        raise PermissionError(errno.EACCES, "Permission denied")

    def close(self) -> None:
        """Do nothing."""


def test_what_cannot_be_told_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", lambda *_: Forbidden())
    assert not _holders.is_taken(Port(1))


def test_nobody_is_named_where_nothing_may_be_seen(tmp_path: Path) -> None:
    assert _holders.process_at(Port(80), tmp_path) == "a process of this host"


@pytest.mark.parametrize(
    ("host", "name", "is_here"),
    [
        (None, socket.gethostname(), True),
        ("unix:///run/docker.sock", socket.gethostname(), True),
        ("tcp://10.0.0.1:2376", socket.gethostname(), False),
        (None, "elsewhere", False),
    ],
)
def test_whether_ports_can_be_looked_at_from_here(
    host: str | None, name: str, is_here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    if host:
        monkeypatch.setenv("DOCKER_HOST", host)
    assert _holders.is_this_host(name) is is_here
