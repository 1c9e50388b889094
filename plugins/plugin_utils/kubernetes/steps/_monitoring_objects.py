# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The objects of a monitoring on a cluster, in the namespace of the application.

A ConfigMap is called by what is in it and never changes: pods that run keep theirs until new ones work with another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...monitoring._alert_routes import SECRETS
from ...monitoring._stack_kubernetes import prefix
from ..api._client import FIELD_MANAGER
from ..api._objects import APPLICATION_LABEL, MANAGED_BY_LABEL, Object

PART_LABEL = "app.kubernetes.io/component"
#: the user that owns nothing, as in the official images
_NOBODY = 65534
#: an old pod goes when the new one works, so that a file that is refused leaves nobody without monitoring
_ONE_MORE: Object = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
#: a volume that is claimed may be written by one alone
_ONE_ALONE: Object = {"type": "Recreate"}


class Mount(NamedTuple):
    """A folder of a container, and what the volume is."""

    path: str
    volume: Object
    is_read_only: bool = True

    @property
    def kind(self) -> str:
        """Of which kind the volume is."""
        return next(iter(self.volume))


def owner(app: str) -> str:
    """Whom the objects belong to. No application has a dot in its name, so no deployment takes them for its own."""
    return f"{app}.monitoring"


def objects(
    plan: Mapping[str, Any], selectors: Mapping[str, Mapping[str, str]], secrets: Mapping[str, Object]
) -> list[Object]:
    """Everything as it is wanted. ``selectors`` has the labels of the pods of what is watched, ``secrets`` the Secret
    of each part that reads one."""
    app, files = plan["app"], {one["path"]: one["content"] for one in plan["files"]}
    found: list[Object] = list(secrets.values())
    found += [_headless(app, f"watched-{name}", selectors[name], port) for name, (_, port) in plan["watched"].items()]
    for name, part in plan["parts"].items():
        claim = _claim(app, name, part) if part.get("storage") else None
        folders = [_files(app, name, path, folder, files) for path, folder in (part.get("files") or {}).items()]
        mounts = [mount for _, mount in folders]
        if name in secrets:
            mounts.append(Mount(SECRETS, {"secret": {"secretName": name_of(secrets[name]), "defaultMode": 0o440}}))
        if part.get("data"):
            volume = {"persistentVolumeClaim": {"claimName": name_of(claim)}} if claim else {"emptyDir": {}}
            mounts.append(Mount(part["data"], volume, is_read_only=False))
        found += [*(made for made, _ in folders), *([claim] if claim else [])]
        found += _on_each_node(app, name, part) if name == "host" else _server(app, name, part, mounts)
    return found


def secret(app: str, part: str, suffix: str, data: Mapping[str, str]) -> Object:
    """A Secret of a part. Its name ends by chance, as from a digest a password could be guessed."""
    return _made("v1", "Secret", app, part, suffix, type="Opaque", immutable=True, data=dict(data))


def name_of(thing: Object) -> str:
    """The name of an object."""
    return str(thing["metadata"]["name"])


def _labels(app: str, part: str) -> dict[str, str]:
    return {APPLICATION_LABEL: owner(app), PART_LABEL: part}


def _made(version: str, kind: str, app: str, part: str, suffix: str = "", **more: Any) -> Object:
    name = f"{prefix(app)}-{part}{f'-{suffix}' if suffix else ''}"
    labels = {**_labels(app, part), MANAGED_BY_LABEL: FIELD_MANAGER}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": labels}, **more}


def _files(app: str, part: str, path: str, folder: str, files: Mapping[str, str]) -> tuple[Object, Mount]:
    """The files of a folder as a ConfigMap, and where they are mounted; a key has no slash in it."""
    ours = {file.removeprefix(folder): text for file, text in files.items() if file.startswith(folder)}
    digest = hashlib.sha256(json.dumps(ours, sort_keys=True).encode()).hexdigest()[:10]
    keys = {file.replace("/", "."): text for file, text in ours.items()}
    made = _made("v1", "ConfigMap", app, part, digest, immutable=True, data=keys)
    items = [{"key": file.replace("/", "."), "path": file} for file in ours]
    return made, Mount(path, {"configMap": {"name": name_of(made), "items": items}})


def _claim(app: str, name: str, part: Mapping[str, Any]) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": part["storage"]}}}
    return _made("v1", "PersistentVolumeClaim", app, name, spec=spec)


def _headless(app: str, part: str, selector: Mapping[str, str], port: int) -> Object:
    """A name that stands for each pod, also for one that is not ready: what does not answer is to be seen."""
    spec = {
        "clusterIP": "None", "publishNotReadyAddresses": True, "selector": dict(selector), "ports": [_port(port)],
    }  # fmt: skip
    return _made("v1", "Service", app, part, spec=spec)


def _port(port: int) -> dict[str, Any]:
    return {"port": port, "protocol": "TCP", "targetPort": port}


def _server(app: str, name: str, part: Mapping[str, Any], mounts: Sequence[Mount]) -> list[Object]:
    # with its kind in its name: what is applied is merged by names, and no volume can be of two kinds
    names = [f"{one.kind.lower()}-{place}" for place, one in enumerate(mounts)]
    volumes = [{"name": called, **one.volume} for called, one in zip(names, mounts, strict=True)]
    mounted = [
        {"name": called, "mountPath": one.path, "readOnly": one.is_read_only}
        for called, one in zip(names, mounts, strict=True)
    ]
    container = {**_container(name, part), "volumeMounts": mounted}
    strategy = _ONE_ALONE if part.get("storage") else _ONE_MORE
    service = {"selector": _labels(app, name), "ports": [_port(part["port"])]}
    return [
        _made("v1", "Service", app, name, spec=service),
        _workload("Deployment", app, name, _pod(container, volumes), replicas=1, strategy=strategy),
    ]


def _on_each_node(app: str, name: str, part: Mapping[str, Any]) -> list[Object]:
    """The exporter of a node sees the node (its network, its processes, its disks) and changes nothing there."""
    node = {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}
    root = {"name": "root", "mountPath": "/host", "readOnly": True}
    container = {**_container(name, part), "env": [node], "volumeMounts": [root]}
    pod = _pod(container, [{"name": "root", "hostPath": {"path": "/"}}])
    return [
        _headless(app, name, _labels(app, name), part["port"]),
        _workload("DaemonSet", app, name, {**pod, "hostNetwork": True, "hostPID": True}),
    ]


def _workload(kind: str, app: str, name: str, pod: Object, **more: Any) -> Object:
    template = {"metadata": {"labels": _labels(app, name)}, "spec": pod}
    return _made(
        "apps/v1", kind, app, name, spec={**more, "selector": {"matchLabels": _labels(app, name)}, "template": template}
    )


def _container(name: str, part: Mapping[str, Any]) -> Object:
    return {
        "name": name, "image": part["image"], "imagePullPolicy": "IfNotPresent",
        "args": part.get("arguments") or [],
        "env": [{"name": key, "value": value} for key, value in (part.get("environment") or {}).items()],
        "ports": [{"containerPort": part["port"], "protocol": "TCP"}],
        "readinessProbe": {
            "httpGet": {"path": part["ready"], "port": part["port"]}, "periodSeconds": 1, "timeoutSeconds": 5,
        },
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True,
        },
    }  # fmt: skip


def _pod(container: Object, volumes: Sequence[Object]) -> Object:
    return {
        "automountServiceAccountToken": False, "enableServiceLinks": False, "terminationGracePeriodSeconds": 10,
        "securityContext": {
            "runAsNonRoot": True, "runAsUser": _NOBODY, "runAsGroup": _NOBODY, "fsGroup": _NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container], "volumes": list(volumes),
    }  # fmt: skip
