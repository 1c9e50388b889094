# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must be allowed in the namespace of an application, and why; docs/kubernetes/rbac.yml says the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

#: whatever the application consists of; only where it has such objects; done without where it is not allowed
ALWAYS, APPLIED, OPTIONAL = "always", "applied", "optional"


class Right(NamedTuple):
    """One verb on one resource, as the API server decides on it."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {resource}{f' {self.name}' if self.name else ''}"


class Need(NamedTuple):
    """Verbs that are needed on resources of one group, and what for."""

    group: str
    resources: Sequence[str]
    verbs: Sequence[str]
    why: str
    when: str = ALWAYS

    def rights(self) -> list[Right]:
        """Each verb on each resource."""
        return [Right(verb, self.group, resource) for resource in self.resources for verb in self.verbs]


#: server-side apply is a patch, and asks for create as well where the object is not there yet; prune lists and deletes
_KEPT = ("get", "list", "create", "patch", "delete")
_WATCHED = ("get", "list", "watch", "create", "patch", "delete")
_SEEN = ("list", "watch")
#: workloads that few applications have: no rule of the page is about applying them
_BARE = (("", "pods"), ("apps", "replicasets"), ("", "replicationcontrollers"))

NEEDS = (
    Need(
        "coordination.k8s.io",
        ("leases",),
        ("get", "create", "update"),
        "who may change the application; a lease is never deleted, so that its token only grows",
    ),
    Need(
        "",
        ("secrets",),
        ("get", "list", "create", "update", "patch", "delete"),
        "releases, backups, evidence and the journal are Secrets (update); those of the application are applied",
    ),
    Need("", ("pods",), ("get", "list", "watch"), "whether pods are ready, and why not"),
    Need("apps", ("replicasets", "controllerrevisions"), _SEEN, "which pods are of the new version; why none are made"),
    Need("", ("services", "endpoints"), _SEEN, "whether a Service has ready pods behind it"),
    Need("", ("events",), _SEEN, "why a pod is not scheduled, pulled or admitted; evidence"),
    Need("", ("pods/log",), ("get",), "the check of the logs, the last words of a pod that failed, evidence"),
    Need(
        "",
        ("pods/exec",),
        ("get", "create"),
        "checks, backup and restore inside a pod: over a websocket a get, newer Kubernetes asks for create as well",
    ),
    Need(
        "",
        ("pods/portforward",),
        ("get", "create"),
        "checks of kind tcp, redis and mongo: over a websocket a get, newer Kubernetes asks for create as well",
    ),
    Need("", ("services/proxy",), ("get",), "checks of kind http; other methods than GET ask for other verbs"),
    Need("apps", ("deployments", "statefulsets", "daemonsets"), _WATCHED, "workloads, watched until ready", APPLIED),
    Need("batch", ("jobs",), _WATCHED, "the migration, and jobs of the application, watched until done", APPLIED),
    Need("batch", ("cronjobs",), _KEPT, "what runs by the clock", APPLIED),
    Need("", ("configmaps",), _KEPT, "configuration", APPLIED),
    Need("", ("services",), ("get", "create", "patch", "delete"), "addresses", APPLIED),
    Need("", ("serviceaccounts",), _KEPT, "what pods run as", APPLIED),
    Need(
        "",
        ("persistentvolumeclaims",),
        ("get", "list", "create", "patch"),
        "storage that no StatefulSet claims by itself; it is never deleted",
        APPLIED,
    ),
    Need("networking.k8s.io", ("ingresses", "networkpolicies"), _KEPT, "who gets in", APPLIED),
    Need("autoscaling", ("horizontalpodautoscalers",), _KEPT, "scaling by load", APPLIED),
    Need("policy", ("poddisruptionbudgets",), _KEPT, "how many pods may be away at once", APPLIED),
    Need("", ("pods",), ("delete",), "a pod of an older revision that blocks its StatefulSet", OPTIONAL),
    Need("metrics.k8s.io", ("pods",), ("get", "list"), "usage as evidence, where there is a metrics server", OPTIONAL),
)

OBSERVE_PAGE = "docs/kubernetes/rbac-observe.yml"
#: what observe.yml needs; that page says the same
OBSERVE_NEEDS = (
    Need(
        "",
        ("secrets",),
        ("get", "list", "create", "patch", "delete"),
        "the passwords of the monitoring; the records of releases, which say which pods there are and what is secret",
    ),
    Need("", ("configmaps",), _KEPT, "the files of Prometheus and Alertmanager", APPLIED),
    Need("", ("services",), _WATCHED, "the names by which all is found", APPLIED),
    Need("apps", ("deployments",), _WATCHED, "Prometheus, Alertmanager and exporters, watched until ready", APPLIED),
    Need("", ("pods", "endpoints", "events"), _SEEN, "whether pods are ready, and why not", APPLIED),
    Need("apps", ("replicasets",), _SEEN, "which pods are of the new version; why none are made", APPLIED),
    Need("", ("pods/log",), ("get",), "the last words of a server that refuses its files", APPLIED),
    Need("", ("services/proxy",), ("get",), "whether the rules are loaded and the targets are up", APPLIED),
    Need("apps", ("daemonsets",), _WATCHED, "the exporter of the nodes, with host in observe_exporters", APPLIED),
    Need("apps", ("controllerrevisions",), _SEEN, "which of its pods are of the new version", APPLIED),
    Need("", ("persistentvolumeclaims",), ("get", "create", "patch"), "with observe_storage", APPLIED),
    Need(
        "monitoring.coreos.com",
        ("prometheusrules",),
        ("get", "create", "patch"),
        "with observe_mode rules, for which nothing else is needed but the records",
        APPLIED,
    ),
)


def rights(applied: Collection[tuple[str, str]], table: Sequence[Need] = NEEDS) -> list[Right]:
    """What must be allowed for an application with objects of these (group, resource); a migration is one of jobs.

    Resources that are not in the table, such as custom ones, are kept like a ConfigMap.
    """
    needs = [need for need in table if need.when == ALWAYS]
    for group, resource in sorted(set(applied)):
        known = [need for need in table if need.group == group and resource in need.resources]
        verbs = [verb for need in known if need.when == APPLIED for verb in need.verbs]
        others = _WATCHED if (group, resource) in _BARE else () if known else _KEPT
        needs.append(Need(group, (resource,), verbs or others, "applied"))
    return list(dict.fromkeys(right for need in needs for right in need.rights()))
