"""What a rendered configuration says of how its services hang together."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _rendered

IDS = {"vpn": "1" * 64, "data": "2" * 64}


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
    ("service", "others", "resolved"),
    [
        pytest.param({"image": "x"}, None, {"image": "x"}, id="nothing in common"),
        pytest.param({"network_mode": "host"}, None, {"network_mode": "host"}, id="with the host"),
        pytest.param({"network_mode": "container:x"}, None, {"network_mode": "container:x"}, id="no service"),
        pytest.param({"network_mode": "service:vpn"}, {"vpn"}, {"network_mode": f"container:{IDS['vpn']}"},
                     id="the network"),
        pytest.param({"ipc": "service:vpn", "pid": "service:data"}, {"vpn", "data"},
                     {"ipc": f"container:{IDS['vpn']}", "pid": f"container:{IDS['data']}"}, id="ipc and pid"),
        pytest.param({"ipc": "shareable"}, None, {"ipc": "shareable"}, id="ipc for others"),
        pytest.param({"network_mode": "service:gone"}, {"gone"}, {"network_mode": "service:gone"},
                     id="it does not run"),
        pytest.param({"volumes_from": ["data:ro", "container:other:rw"]}, {"data"},
                     {"volumes_from": [IDS["data"], "other"]}, id="volumes"),
        pytest.param({"volumes_from": ["container:other"]}, set(), {"volumes_from": ["other"]}, id="of no service"),
    ],
)  # fmt: skip
def test_what_is_made_with_the_ids_of_others(
    service: dict[str, Any], others: set[str] | None, resolved: dict[str, Any]
) -> None:
    config = {"services": {"web": service, "vpn": {}, "data": {}}, "networks": {}}
    before = copy.deepcopy(config)
    assert _rendered.shared(config) == ({} if others is None else {"web": others})
    found = _rendered.resolved(config, IDS)
    assert config == before
    assert found["services"]["web"] == resolved
    # whoever reads it looks for each as a service
    assert set(found["services"]) >= {"web", "vpn", "data", *resolved.get("volumes_from", [])}
