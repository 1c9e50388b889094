"""What is in the way of a release, before anything is changed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _actions, _holders
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._holders import Holder, Port
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps import _obstacles
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import NotThere, Refused
from tests.unit.support.making import app

PUBLISHED = {"target": 80, "published": "8080", "protocol": "tcp", "mode": "ingress"}


def config(**service: Any) -> dict[str, Any]:
    return {"services": {"web": service}}


def held(*holders: Holder, service: Any = None, process: str = "") -> list[str]:
    """The sentences about ports."""
    others = [one for one in holders if one.project != "shop"]
    ours = [port for one in holders if one.project == "shop" for port in one.ports]
    wanted = config(**(service or {"ports": [PUBLISHED]}))
    return [one.said for one in _obstacles._of_ports(wanted, others, ours, lambda _: process)]


@pytest.mark.parametrize(
    ("service", "ports"),
    [
        ({"ports": [PUBLISHED]}, [Port(8080)]),
        ({"ports": [{**PUBLISHED, "host_ip": "127.0.0.1", "protocol": "udp"}]}, [Port(8080, "udp", "127.0.0.1")]),
        ({"ports": [{"target": 80}]}, []),
        ({"ports": [{"target": 80, "published": "8000-9000"}]}, []),
        ({"ports": [{"target": 80, "published": "0"}]}, []),
        ({"ports": [PUBLISHED], "deploy": {"replicas": 0}}, []),
        ({"ports": [PUBLISHED], "scale": 0}, []),
        ({"ports": [PUBLISHED], "network_mode": "host"}, []),
        ({"ports": [PUBLISHED], "deploy": {"replicas": 1}}, [Port(8080)]),
        ({}, []),
    ],
)
def test_which_ports_are_wanted(service: dict[str, Any], ports: list[Port]) -> None:
    assert [port for _, port in _obstacles.published(config(**service))] == ports


@pytest.mark.parametrize(
    ("holders", "process", "words"),
    [
        ([], "", None),
        ([Holder("blog-web-1", "blog", (Port(8080),))], "", "container blog-web-1 of the compose project blog"),
        ([Holder("mine", "", (Port(8080),))], "", "container mine."),
        ([Holder("blog-web-1", "blog", (Port(8081),))], "", None),
        ([], "nginx (process 7)", "nginx (process 7)"),
        ([Holder("shop-old-1", "shop", (Port(8080),))], "docker-proxy (process 7)", None),
    ],
)
def test_who_holds_a_port(holders: list[Holder], process: str, words: str | None) -> None:
    found = held(*holders, process=process)
    assert (words is None and not found) or (words is not None and words in found[0] and "8080/tcp" in found[0])


@pytest.mark.parametrize(
    ("service", "found"),
    [
        ({"networks": {"front": None}, "volumes": []}, ["network front_net"]),
        ({"networks": {"default": None}, "volumes": [{"type": "volume", "source": "pool"}]}, ["volume pool"]),
        ({"networks": {"default": None}, "volumes": [{"type": "bind", "source": "pool"}]}, []),
        ({"networks": {"there": None}}, []),
        ({"networks": {"front": None}, "scale": 0}, []),
    ],
)
def test_networks_and_volumes_of_others_that_are_used_have_to_be_there(service: Any, found: list[str]) -> None:
    wanted = {
        **config(**service),
        "networks": {"default": {"name": "shop_default"}, "front": {"name": "front_net", "external": True},
                     "there": {"external": True}},
        "volumes": {"pool": {"name": "pool", "external": True}},
    }  # fmt: skip
    asked = _obstacles._of_external(wanted, lambda _, name: name == "there")
    assert [one.said.partition("external ")[2].partition(",")[0] for one in asked] == found


@pytest.mark.parametrize(
    ("services", "check", "usual", "is_found"),
    [
        ({"web": {"logging": {"driver": "none"}}}, {}, "json-file", True),
        ({"web": {"logging": {"driver": "none"}}}, {"severity": "advisory"}, "json-file", False),
        ({"web": {"logging": {"driver": "none"}}}, {"services": ["db"]}, "json-file", False),
        ({"db": {"logging": {"driver": "none"}}}, {"services": ["db"]}, "json-file", True),
        ({"web": {"logging": {"driver": "none"}}}, {"kind": "containers"}, "json-file", False),
        ({"web": {}}, {}, "none", True),
        ({"web": {"logging": {"driver": "local"}}}, {}, "none", False),
    ],
)
def test_a_log_that_nobody_can_read(services: Any, check: dict[str, Any], usual: str, is_found: bool) -> None:
    asked = {"name": "c", "kind": "logs", **check}
    assert bool([*_obstacles._of_logs({"services": services}, [asked], ["web"], usual)]) is is_found


@pytest.mark.parametrize(("project", "is_in_the_way"), [("shop", False), ("blog", True)])
def test_what_listens_in_the_hosts_network_may_be_ours(
    monkeypatch: pytest.MonkeyPatch, project: str, is_in_the_way: bool
) -> None:
    target = cast("Any", SimpleNamespace(app=app(), project=SimpleNamespace(name="shop")))
    monkeypatch.setattr(_actions, "info", lambda _: {"Name": "x"})
    monkeypatch.setattr(_holders, "is_this_host", lambda _: True)
    monkeypatch.setattr(_holders, "is_taken", lambda _: True)
    monkeypatch.setattr(_holders, "process_at", lambda _: "httpd (process 7)")
    monkeypatch.setattr(_holders, "holders", lambda _: [Holder("one", project, has_host_network=True)])
    if is_in_the_way:
        with pytest.raises(Refused, match="httpd"):
            _obstacles.refuse(target, config(ports=[PUBLISHED]))
    else:
        _obstacles.refuse(target, config(ports=[PUBLISHED]))


def test_all_that_is_in_the_way_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise NotThere("no")

    api = SimpleNamespace(inspect_network=missing, inspect_volume=missing)
    target = cast("Any", SimpleNamespace(app=app(), project=SimpleNamespace(name="shop", api=api)))
    monkeypatch.setattr(_actions, "info", lambda _: {"Name": "x", "LoggingDriver": "local"})
    monkeypatch.setattr(_holders, "holders", lambda _: [Holder("db", "blog"), Holder("x", "y", (Port(8080),))])
    wanted = {
        **config(ports=[PUBLISHED], container_name="db", networks={"front": None}),
        "networks": {"front": {"external": True}},
    }
    with pytest.raises(Refused) as error:
        _obstacles.refuse(target, wanted)
    assert error.value.reason == "port_in_use"
    assert all(words in error.value.message for words in ("8080/tcp", "name db", "project blog", "network front"))
    _obstacles.refuse(target, config())
