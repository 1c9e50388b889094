"""Which addresses the cluster's names stand for: the part of the cluster DNS that is plain data."""

from collections.abc import Iterable
from typing import Any

from tests.lab.kubernetes.place import DOMAIN

Object = dict[str, Any]
Records = dict[str, list[str]]


def records(services: Iterable[Object], endpoints: Iterable[Object]) -> Records:
    """Addresses by name. A headless service stands for its ready pods, each of which may have a name of its own."""
    ready = {_key(each): _addresses(each) for each in endpoints}
    found: Records = {}
    for service in services:
        namespace, name = _key(service)
        own = f"{name}.{namespace}.svc.{DOMAIN}"
        address = service["spec"].get("clusterIP", "")
        if address and address != "None":
            found[own] = [address]
            continue
        for pod in ready.get((namespace, name), []):
            found.setdefault(own, []).append(pod["ip"])
            if hostname := pod.get("hostname"):
                found.setdefault(f"{hostname}.{own}", []).append(pod["ip"])
    return found


def _key(thing: Object) -> tuple[str, str]:
    return thing["metadata"]["namespace"], thing["metadata"]["name"]


def _addresses(endpoints: Object) -> list[Object]:
    return [address for subset in endpoints.get("subsets") or [] for address in subset.get("addresses") or []]
