"""What the cluster's names stand for."""

from typing import Any

import dns.message
import dns.rcode
import pytest

from tests.lab.kubernetes.dns import answer
from tests.lab.kubernetes.names import records

WEB = "web.shop.svc.cluster.local"


def service(address: str | None) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": "web"}, "spec": {"clusterIP": address} if address else {}}


def endpoints(*addresses: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": "web"}, "subsets": [{"addresses": list(addresses)}]}


POD, NAMED = {"ip": "172.17.0.5"}, {"ip": "172.17.0.6", "hostname": "web-0"}


@pytest.mark.parametrize(
    ("services", "ready", "expected"),
    [
        ([service("10.0.0.1")], [endpoints(POD)], {WEB: ["10.0.0.1"]}),
        ([service("10.0.0.1")], [], {WEB: ["10.0.0.1"]}),
        (
            [service("None")],
            [endpoints(POD, NAMED)],
            {WEB: ["172.17.0.5", "172.17.0.6"], f"web-0.{WEB}": ["172.17.0.6"]},
        ),
        ([service("None")], [], {}),
        ([service("None")], [{**endpoints(), "subsets": None}], {}),
        ([service("None")], [{**endpoints(), "subsets": [{"notReadyAddresses": [POD]}]}], {}),
        ([service(None)], [], {}),
        ([], [endpoints(POD)], {}),
    ],
    ids=["cluster IP", "no pod yet", "headless", "no endpoints", "empty", "none ready", "external", "no service"],
)
def test_names_stand_for_addresses(services: list[Any], ready: list[Any], expected: dict[str, list[str]]) -> None:
    assert records(services, ready) == expected


@pytest.mark.parametrize(
    ("name", "kind", "code", "addresses"),
    [
        (WEB, "A", dns.rcode.NOERROR, ["10.0.0.1"]),
        (WEB.upper(), "A", dns.rcode.NOERROR, ["10.0.0.1"]),
        (WEB, "AAAA", dns.rcode.NOERROR, []),
        ("other.shop.svc.cluster.local", "A", dns.rcode.NXDOMAIN, []),
        ("cluster.local", "A", dns.rcode.NXDOMAIN, []),
        ("elsewhere.example", "A", dns.rcode.SERVFAIL, []),
    ],
    ids=["known", "in capitals", "no such address", "unknown", "the zone", "no upstream"],
)
def test_a_question_is_answered(name: str, kind: str, code: dns.rcode.Rcode, addresses: list[str]) -> None:
    asked = dns.message.make_query(name, kind)
    found = dns.message.from_wire(answer(asked.to_wire(), {WEB: ["10.0.0.1"]}, upstream=""))
    assert found.id == asked.id
    assert found.rcode() == code
    assert [item.to_text() for rrset in found.answer for item in rrset] == addresses
