"""What a rendered configuration says of how its services hang together."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._answers import CONFIG_LABEL
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.files import _rendered
from tests.unit.support.making import container


@pytest.mark.parametrize(
    ("services", "found"),
    [
        pytest.param(["web"], {"web", "init", "db"}, id="what is needed of what is needed"),
        pytest.param(["db"], {"db"}, id="nothing is needed"),
        pytest.param(["proxy", "db"], {"proxy", "web", "init", "db"}, id="several"),
        pytest.param(["mail"], {"mail"}, id="what a profile left out"),
        pytest.param([""], set(), id="none"),
    ],
)
def test_what_services_need_is_what_they_depend_on(services: list[str], found: set[str]) -> None:
    started = {"condition": "service_started", "required": False}
    needs = {"proxy": ["web"], "web": ["init", "db"], "init": ["db"], "db": [], "mail": ["relay"], "other": ["web"]}
    config = {name: {"depends_on": dict.fromkeys(due, started)} if due else {} for name, due in needs.items()}
    assert _rendered.with_needed({"services": config}, services) == found


@pytest.mark.parametrize(
    ("services", "found"),
    [
        pytest.param({"web": {}}, set(), id="nobody waits"),
        pytest.param({"web": {"depends_on": {"db": {"condition": "service_healthy"}}}}, set(), id="for it to run"),
        pytest.param({"web": {"depends_on": {"init": {"condition": "service_completed_successfully"}}}}, {"init"},
                     id="for its end"),
        pytest.param({"web": {"depends_on": None}}, set(), id="nothing is needed"),
    ],
)  # fmt: skip
def test_what_others_wait_for_the_end_of_may_end(services: dict[str, Any], found: set[str]) -> None:
    assert _rendered.may_end({"services": services}) == found


@pytest.mark.parametrize(
    ("service", "others"),
    [
        pytest.param({"image": "x"}, None, id="nothing in common"),
        pytest.param({"network_mode": "host"}, None, id="with the host"),
        pytest.param({"network_mode": "container:x"}, None, id="the id of no service"),
        pytest.param({"network_mode": "service:vpn"}, {"vpn"}, id="the network"),
        pytest.param({"ipc": "service:vpn", "pid": "service:data"}, {"vpn", "data"}, id="ipc and pid"),
        pytest.param({"ipc": "shareable"}, None, id="ipc for others"),
        pytest.param({"volumes_from": ["data:ro", "container:other:rw"]}, {"data"}, id="volumes"),
        pytest.param({"volumes_from": ["container:other"]}, set(), id="volumes of no service"),
    ],
)
def test_what_is_made_with_the_ids_of_others_has_its_digest_as_a_label(
    service: dict[str, Any], others: set[str] | None
) -> None:
    config = {"services": {"web": service, "vpn": {}, "data": {}}, "networks": {}}
    before = copy.deepcopy(config)
    assert _rendered.shared(config) == ({} if others is None else {"web": others})
    found = _rendered.labelled(config, {"web": "hash-web"})
    assert config == before
    labels = {} if others is None else {"labels": {CONFIG_LABEL: "hash-web"}}
    assert found == {**config, "services": {**config["services"], "web": {**service, **labels}}}


@pytest.mark.parametrize(
    ("joined", "found"),
    [
        pytest.param(("vpn-1",), 0, id="the one that runs"),
        pytest.param(("other", "vpn-1"), 0, id="and another one"),
        pytest.param(("vpn-0",), 1, id="one that is gone"),
        pytest.param((), 1, id="made otherwise"),
    ],
)
def test_whoever_is_part_of_a_container_that_is_gone(joined: tuple[str, ...], found: int) -> None:
    config = {"services": {"web": {"network_mode": "service:vpn"}, "vpn": {}}}
    web, vpn = container("web", joined=joined), container("vpn", id="vpn-1")
    assert len(_rendered.parted(config, [web, vpn])) == found
    assert _rendered.parted(config, [web]) == []  # that is missing is said by itself
    assert _rendered.parted({"services": {"web": {}, "vpn": {}}}, [web, vpn]) == []


@pytest.mark.parametrize(
    ("option", "whole"),
    [
        ("seccomp:./chrome.json", "seccomp=/tree/deploy/chrome.json"),
        ("seccomp=../chrome.json", "seccomp=/tree/chrome.json"),
        ("seccomp=/etc/chrome.json", "seccomp=/etc/chrome.json"),
        ("seccomp=unconfined", "seccomp=unconfined"),
        ("seccomp:builtin", "seccomp:builtin"),
        ("no-new-privileges:true", "no-new-privileges:true"),
        ("apparmor=./x", "apparmor=./x"),
    ],
)
def test_a_seccomp_profile_is_found_from_where_paths_start(option: str, whole: str) -> None:
    config = {"services": {"web": {"security_opt": [option]}, "db": {}}}
    found = _rendered.with_whole_paths(config, Path("/tree/deploy"))
    assert found["services"]["web"]["security_opt"] == [whole]
    assert config["services"]["web"]["security_opt"] == [option]
