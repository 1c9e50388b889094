"""A container as the engine tells it, as a service that makes the same one again."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _inspected

ID = "ab" * 32
LABEL = "com.docker.compose."


def seen(
    config: dict[str, Any] | None = None,
    host: dict[str, Any] | None = None,
    labels: dict[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A container of the service web with nothing out of the ordinary."""
    marks = {f"{LABEL}{name}": value for name, value in
             {"project": "shop", "service": "web", "container-number": "1", **(labels or {})}.items()}  # fmt: skip
    return {
        "Id": ID,
        "Name": "/shop-web-1",
        "Config": {"Hostname": ID[:12], "Labels": marks, **(config or {})},
        "HostConfig": {"NetworkMode": "shop_default", **(host or {})},
        "NetworkSettings": {"Networks": {"shop_default": {"Aliases": ["shop-web-1", "web", ID[:12]]}}},
        **more,
    }


PLAIN = {"networks": {"shop_default": {}}, "restart": "no"}


@pytest.mark.parametrize(
    ("container", "wanted"),
    [
        pytest.param(seen(), {}, id="nothing out of the ordinary"),
        pytest.param(
            seen(config={"Cmd": ["echo", "$HOME"], "Env": ["A=b=c", "P=p$w"]}),
            {"command": ["echo", "$$HOME"], "environment": {"A": "b=c", "P": "p$$w"}},
            id="dollars are no variables",
        ),
        pytest.param(
            seen(host={"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "53/udp": [{}]}}),
            {"ports": [{"target": 53, "protocol": "udp", "mode": "ingress"},
                       {"target": 80, "protocol": "tcp", "mode": "ingress", "published": "8080",
                        "host_ip": "127.0.0.1"}]},
            id="ports",
        ),
        pytest.param(
            seen(Mounts=[
                {"Type": "volume", "Name": "shop_data", "Destination": "/data", "RW": True},
                {"Type": "bind", "Source": "/etc/x", "Destination": "/x", "RW": False, "Propagation": "rprivate"},
            ]),
            {"volumes": [{"type": "volume", "target": "/data", "read_only": False, "source": "shop_data"},
                         {"type": "bind", "target": "/x", "read_only": True, "source": "/etc/x"}]},
            id="mounts",
        ),
        pytest.param(
            seen(config={"Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_500_000_000, "Retries": 3}}),
            {"healthcheck": {"test": ["CMD", "true"], "interval": "1.5s", "retries": 3}},
            id="a health check",
        ),
        pytest.param(seen(config={"Healthcheck": {"Test": ["NONE"]}}), {"healthcheck": {"disable": True}}, id="none"),
        pytest.param(
            seen(host={"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}),
            {"restart": "on-failure:3"}, id="how it is restarted",
        ),
        pytest.param(
            seen(host={"Memory": 1 << 20, "NanoCpus": 500_000_000, "CapDrop": ["ALL"], "Init": True}),
            {"mem_limit": 1 << 20, "cpus": 0.5, "cap_drop": ["ALL"], "init": True}, id="limits and rights",
        ),
        pytest.param(seen(config={"StopTimeout": 60}), {"stop_grace_period": "60s"}, id="how long it may stop"),
        pytest.param(
            seen(Name="/front", NetworkSettings={"Networks": {"shop_default": {"Aliases": ["front", "web"]}}}),
            {"container_name": "front"}, id="a name of its own",
        ),
        pytest.param(seen(config={"Hostname": "front"}), {"hostname": "front"}, id="a host's name of its own"),
        pytest.param(seen(labels={"depends_on": "db:service_healthy:true,gone:service_started:false"}),
                     {"depends_on": {"db": {"condition": "service_healthy", "restart": True}}}, id="depends_on"),
        pytest.param(
            seen(NetworkSettings={"Networks": {"shop_default": {"Aliases": ["www"],
                                                                "IPAMConfig": {"IPv4Address": "10.0.0.2"}}}}),
            {"networks": {"shop_default": {"aliases": ["www"], "ipv4_address": "10.0.0.2"}}},
            id="aliases and addresses",
        ),
        pytest.param(seen(host={"PidMode": "host", "IpcMode": "private"}), {"pid": "host"}, id="namespaces"),
    ],
)  # fmt: skip
def test_a_service_is_what_the_engine_tells(container: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert _inspected.service_from(container, {"x": "db"}) == {**PLAIN, **wanted}


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [("host", "host"), ("none", "none"), ("default", "bridge"), ("container:d1", "service:db"),
     ("container:other", "container:other")],
)  # fmt: skip
def test_networks_of_somebody_else(mode: str, wanted: str) -> None:
    found = _inspected.service_from(seen(host={"NetworkMode": mode}), {"d1": "db"})
    assert (found["network_mode"], "networks" in found) == (wanted, False)


@pytest.mark.parametrize(
    ("mode", "kept"),
    [
        ("container:d1", set()),
        ("container:other", set()),
        ("host", {"domainname", "expose", "hostname", "ports"}),
        ("shop_default", {"domainname", "expose", "hostname", "ports"}),
    ],
)
def test_what_belongs_to_the_network_of_another_container_is_that_ones(mode: str, kept: set[str]) -> None:
    theirs = {"Hostname": "front", "Domainname": "example.org", "ExposedPorts": {"80/tcp": {}}}
    host = {"NetworkMode": mode, "PortBindings": {"80/tcp": [{"HostPort": "80"}]}}
    found = _inspected.service_from(seen(theirs, host), {"d1": "db"})
    assert {"domainname", "expose", "hostname", "ports"} & set(found) == kept


def test_how_it_logs() -> None:
    told = {"Type": "json-file", "Config": {"max-size": "10m"}}
    found = _inspected.service_from(seen(host={"LogConfig": told}), {})
    assert found["logging"] == {"driver": "json-file", "options": {"max-size": "10m"}}


def test_labels_of_compose_are_its_own_to_make() -> None:
    container = seen()
    container["Config"]["Labels"]["traefik.enable"] = "true"
    assert _inspected.service_from(container, {})["labels"] == {"traefik.enable": "true"}
