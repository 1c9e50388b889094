# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What pods and nodes use: from the metrics API where there is a metrics server, otherwise from the kubelets.

A metrics server knows the processor and the memory. A kubelet knows the network as well, and may be asked only by a
login with the right ``nodes/proxy``, which is not one of a namespace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._times import epoch
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._observation import STALE_AFTER
from ansible_collections.doppelganger.ops.plugins.module_utils.running._project import Usage

from ..api._namespace import Cluster
from ._containers import service_of

_METRICS = "/apis/metrics.k8s.io/v1beta1"
_NANO = 1e-9
_SUFFIXES = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50,
}  # fmt: skip
_QUANTITY = re.compile(r"((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)([A-Za-z]{0,2})")


def quantity(text: Any) -> float | None:
    """A resource quantity as a number, None where it is none."""
    match = _QUANTITY.fullmatch(str(text)) if text is not None else None
    return float(match[1]) * _SUFFIXES[match[2]] if match and match[2] in _SUFFIXES else None


class KubeUsage:
    """Asks the source that knows; which one that is, is found out once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._is_served: dict[str, bool] = {}

    def containers(self, pods: Sequence[Mapping[str, Any]]) -> list[Usage]:
        """What each container of these pods uses."""
        served = self._served(f"{_METRICS}/namespaces/{self._cluster.namespace}/pods", "pods.metrics.k8s.io")
        if served is not None:
            return served_containers(pods, served, self._cluster.now())
        return [one for node in _nodes_of(pods) for one in told_containers(pods, self._summary(node))]

    def nodes(self, pods: Sequence[Mapping[str, Any]]) -> list[Usage]:
        """What each node with one of these pods uses as a whole."""
        names = _nodes_of(pods)
        capacities = {name: self._capacity(name) for name in names}
        served = self._served(f"{_METRICS}/nodes", "nodes.metrics.k8s.io")
        known = served_nodes(names, served, capacities, self._cluster.now()) if served is not None else []
        try:
            return [told_node(name, self._summary(name), capacities[name]) for name in names]
        except Refused:
            if served is None:
                raise
            return known

    def _served(self, path: str, resource: str) -> list[dict[str, Any]] | None:
        """What the metrics server says, None where there is none or this login may not ask it."""
        if self._is_served.get(path) is False:
            return None
        try:
            found = self._cluster.read(path, resource, "metrics", accept_missing=True)
        except OpsError:  # it is registered and not there, or not for us
            found = None
        self._is_served[path] = found is not None
        return None if found is None else list(found.get("items") or [])

    def _summary(self, node: str) -> dict[str, Any]:
        try:
            return self._cluster.read(f"/api/v1/nodes/{node}/proxy/stats/summary", "nodes/proxy", "summary") or {}
        except Refused as error:
            raise Refused(
                "Resource usage is unavailable: there is no metrics server, and this login cannot read the kubelet: "
                f"{error.message}",
                reason="forbidden",
                hint="Install a metrics server, allow nodes/proxy, or let Prometheus be the source (docs/metrics.md).",
            ) from error

    def _capacity(self, node: str) -> dict[str, Any]:
        try:
            found = self._cluster.read(f"/api/v1/nodes/{node}", "nodes", "node", accept_missing=True) or {}
        except Refused:
            return {}
        return dict((found.get("status") or {}).get("capacity") or {})


def served_containers(
    pods: Sequence[Mapping[str, Any]], served: Sequence[Mapping[str, Any]], now: float
) -> list[Usage]:
    """What a metrics server says of these pods; what is older than a few minutes is not said."""
    by_name = {pod["metadata"]["name"]: pod for pod in pods}
    found = []
    for item in served:
        pod = by_name.get(item["metadata"]["name"])
        if pod is None or _is_stale(item, now):
            continue
        for one in item.get("containers") or []:
            used = one.get("usage") or {}
            found.append(_usage(pod, one["name"], cores=quantity(used.get("cpu")), memory=quantity(used.get("memory"))))
    return found


def told_containers(pods: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]) -> list[Usage]:
    """What a kubelet says of those of these pods that it runs. The network is counted for a pod as a whole."""
    by_uid = {pod["metadata"]["uid"]: pod for pod in pods}
    found = []
    for told in summary.get("pods") or []:
        pod = by_uid.get((told.get("podRef") or {}).get("uid"))
        for place, one in enumerate(told.get("containers") or [] if pod is not None else []):
            memory = (one.get("memory") or {}).get("workingSetBytes")
            network = _network(told) if place == 0 else None
            at = _stamp(told.get("network"))
            found.append(_usage(pod or {}, one["name"], cores=_cores(one), memory=memory, network=network, at=at))
    return found


def told_node(name: str, summary: Mapping[str, Any], capacity: Mapping[str, Any]) -> Usage:
    """What a kubelet says of its node."""
    node = summary.get("node") or {}
    memory = node.get("memory") or {}
    used, free = memory.get("workingSetBytes"), memory.get("availableBytes")
    limit = quantity(capacity.get("memory")) or (used + free if used is not None and free is not None else None)
    return Usage(
        name=name,
        cores=_cores(node),
        cpus=quantity(capacity.get("cpu")),
        memory_bytes=used,
        memory_limit=limit,
        network_bytes=_network(node),
        at=_stamp(node.get("network")),
    )


def served_nodes(
    names: Sequence[str],
    served: Sequence[Mapping[str, Any]],
    capacities: Mapping[str, Mapping[str, Any]],
    now: float,
) -> list[Usage]:
    """What a metrics server says of these nodes."""
    found = []
    for item in served:
        name = item["metadata"]["name"]
        if name in names and not _is_stale(item, now):
            used, capacity = item.get("usage") or {}, capacities.get(name) or {}
            found.append(
                Usage(
                    name=name, cores=quantity(used.get("cpu")), cpus=quantity(capacity.get("cpu")),
                    memory_bytes=quantity(used.get("memory")), memory_limit=quantity(capacity.get("memory")),
                )
            )  # fmt: skip
    return found


def _usage(
    pod: Mapping[str, Any], container: str, *, cores: float | None, memory: float | None,
    network: float | None = None, at: float | None = None,
) -> Usage:  # fmt: skip
    specs = {one["name"]: one for one in pod["spec"]["containers"]}
    limits = ((specs.get(container) or {}).get("resources") or {}).get("limits") or {}
    return Usage(
        name=f"{pod['metadata']['name']}/{container}",
        service=service_of(pod)[1],
        cores=cores,
        cpus=quantity(limits.get("cpu")),
        memory_bytes=memory,
        memory_limit=quantity(limits.get("memory")),
        network_bytes=network,
        at=at,
    )


def _cores(told: Mapping[str, Any]) -> float | None:
    """How many processors were busy, as a kubelet has worked it out: it counts again only every ten seconds or so."""
    found = (told.get("cpu") or {}).get("usageNanoCores")
    return None if found is None else found * _NANO


def _stamp(told: Any) -> float | None:
    return epoch(str((told or {}).get("time") or "")) or None


def _network(told: Mapping[str, Any]) -> float | None:
    network = told.get("network") or {}
    received, sent = network.get("rxBytes"), network.get("txBytes")
    return None if received is None or sent is None else float(received + sent)


def _nodes_of(pods: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({pod["spec"]["nodeName"] for pod in pods if pod["spec"].get("nodeName")})


def _is_stale(item: Mapping[str, Any], now: float) -> bool:
    stamp = str(item.get("timestamp") or "")
    return bool(stamp) and now - epoch(stamp) > STALE_AFTER
