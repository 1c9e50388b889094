"""Small workloads for a real cluster: they start at once, end at once, and fail in one way each."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

#: stays until it is told to go, and goes at once
SLEEP = "trap 'exit 0' TERM; sleep 3600 & wait"
#: the same, answering on a port
SERVE = f"echo ok > /tmp/ok; httpd -p 8080 -h /tmp; {SLEEP}"


def container(image: str, script: str = SLEEP, **more: Any) -> Object:
    return {"name": "app", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script], **more}


def template(labels: Object, containers: list[Object], **spec: Any) -> Object:
    fast = {"terminationGracePeriodSeconds": 1, "automountServiceAccountToken": False, "containers": containers}
    return {"metadata": {"labels": labels}, "spec": {**fast, **spec}}


def deployment(name: str, *containers: Object, replicas: int = 1, pod: Object | None = None, **spec: Any) -> Object:
    labels = {"app": name}
    more = {"replicas": replicas, "selector": {"matchLabels": labels}, **spec}
    return _workload("Deployment", name, {**more, "template": template(labels, list(containers), **(pod or {}))})


def stateful_set(name: str, *containers: Object, replicas: int = 1, **spec: Any) -> Object:
    labels = {"app": name}
    more = {"replicas": replicas, "serviceName": name, "selector": {"matchLabels": labels}, **spec}
    return _workload("StatefulSet", name, {**more, "template": template(labels, list(containers))})


def daemon_set(name: str, *containers: Object, **spec: Any) -> Object:
    labels = {"app": name}
    more = {"selector": {"matchLabels": labels}, **spec}
    return _workload("DaemonSet", name, {**more, "template": template(labels, list(containers))})


def replica_set(name: str, *containers: Object, replicas: int = 1) -> Object:
    labels = {"app": name}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template(labels, list(containers))}
    return _workload("ReplicaSet", name, spec)


def replication_controller(name: str, *containers: Object, replicas: int = 1) -> Object:
    labels = {"app": name}
    spec = {"replicas": replicas, "selector": labels, "template": template(labels, list(containers))}
    return {**_workload("ReplicationController", name, spec), "apiVersion": "v1"}


def bare_pod(name: str, *containers: Object, **spec: Any) -> Object:
    found = template({"app": name}, list(containers), **spec)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **found["metadata"]}, "spec": found["spec"]}


def job(name: str, *containers: Object, **spec: Any) -> Object:
    never = template({"app": name}, list(containers), restartPolicy="Never")
    return {**_workload("Job", name, {**spec, "template": never}), "apiVersion": "batch/v1"}


def service(name: str, port: int | str = 80, **spec: Any) -> Object:
    ports = [{"port": 80, "targetPort": port, "protocol": "TCP"}]
    metadata = {"name": name}
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": metadata,
        "spec": {"selector": {"app": name}, "ports": ports, **spec},
    }  # fmt: skip


def _workload(kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
