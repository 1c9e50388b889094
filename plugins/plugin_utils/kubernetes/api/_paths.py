# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the API keeps what: kinds, plurals and paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class Resource:
    """How a kind is called in paths, and whether it lives in namespaces."""

    plural: str
    is_namespaced: bool = True


#: kinds that every server since 1.20 has under these versions: no request is spent on finding them
KNOWN: Mapping[tuple[str, str], Resource] = {
    ("v1", "ConfigMap"): Resource("configmaps"),
    ("v1", "Endpoints"): Resource("endpoints"),
    ("v1", "Event"): Resource("events"),
    ("v1", "LimitRange"): Resource("limitranges"),
    ("v1", "Namespace"): Resource("namespaces", is_namespaced=False),
    ("v1", "Node"): Resource("nodes", is_namespaced=False),
    ("v1", "PersistentVolume"): Resource("persistentvolumes", is_namespaced=False),
    ("v1", "PersistentVolumeClaim"): Resource("persistentvolumeclaims"),
    ("v1", "Pod"): Resource("pods"),
    ("v1", "ReplicationController"): Resource("replicationcontrollers"),
    ("v1", "ResourceQuota"): Resource("resourcequotas"),
    ("v1", "Secret"): Resource("secrets"),
    ("v1", "Service"): Resource("services"),
    ("v1", "ServiceAccount"): Resource("serviceaccounts"),
    ("apps/v1", "ControllerRevision"): Resource("controllerrevisions"),
    ("apps/v1", "DaemonSet"): Resource("daemonsets"),
    ("apps/v1", "Deployment"): Resource("deployments"),
    ("apps/v1", "ReplicaSet"): Resource("replicasets"),
    ("apps/v1", "StatefulSet"): Resource("statefulsets"),
    ("autoscaling/v1", "HorizontalPodAutoscaler"): Resource("horizontalpodautoscalers"),
    ("batch/v1", "Job"): Resource("jobs"),
    ("coordination.k8s.io/v1", "Lease"): Resource("leases"),
    ("networking.k8s.io/v1", "Ingress"): Resource("ingresses"),
    ("networking.k8s.io/v1", "NetworkPolicy"): Resource("networkpolicies"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): Resource("clusterroles", is_namespaced=False),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): Resource("clusterrolebindings", is_namespaced=False),
    ("rbac.authorization.k8s.io/v1", "Role"): Resource("roles"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): Resource("rolebindings"),
    ("storage.k8s.io/v1", "StorageClass"): Resource("storageclasses", is_namespaced=False),
}


def group_path(api_version: str) -> str:
    """Where a version's resources are: ``/api/v1`` or ``/apis/<group>/<version>``."""
    return f"/apis/{quote(api_version)}" if "/" in api_version else f"/api/{quote(api_version)}"


def path_of(api_version: str, resource: Resource, namespace: str, name: str = "", subresource: str = "") -> str:
    """The path of a collection, or with ``name`` of an object, or of its subresource."""
    parts = [group_path(api_version)]
    if resource.is_namespaced:
        parts.append(f"namespaces/{quote(namespace, safe='')}")
    parts.append(resource.plural)
    if name:
        parts.append(quote(name, safe=":"))
    if subresource:
        parts.append(subresource)
    return "/".join(parts)


def resources_from(listing: Mapping[str, Any]) -> dict[str, Resource]:
    """The resources of a discovery answer, by kind; subresources are left out."""
    return {
        str(one["kind"]): Resource(str(one["name"]), bool(one["namespaced"]))
        for one in listing.get("resources") or []
        if "/" not in one["name"]
    }
