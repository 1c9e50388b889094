# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One application in one namespace: its state is Secrets and a Lease there, its containers are those of its pods."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils import _envfile, _plan
from ansible_collections.doppelganger.ops.plugins.module_utils._database import Database
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils._lease import Lease
from ansible_collections.doppelganger.ops.plugins.module_utils._model import App
from ansible_collections.doppelganger.ops.plugins.module_utils._redact import Redactor
from ansible_collections.doppelganger.ops.plugins.module_utils._store import Store
from ansible_collections.doppelganger.ops.plugins.module_utils._target import Target
from ansible_collections.doppelganger.ops.plugins.plugin_utils import (
    _kube_apply,
    _kube_migration_jobs,
    _kube_prune,
    _kube_registry,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_cluster import Cluster
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_console import DatabasePod
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_manifest import (
    APPLICATION_LABEL,
    WORKLOADS,
    Object,
    ref_of,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_objects import FIELD_MANAGER
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_project import KubeProject
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_state import object_name
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_store import KubeStore

MANIFESTS = "manifests.json"
#: of each container; the evidence of a release is one Secret
_LOG_BYTES = 64 * 1024


class Files(Store):
    """Files on the controller of an application whose lease is in the cluster: the dumps of its backups."""

    def __init__(self, root: str, state: KubeStore) -> None:
        super().__init__(root)
        self._state = state

    def lease(self) -> Lease | None:
        """The lease of the application, which guards these files as well."""
        return self._state.lease()


class KubeTarget(Target):
    """One namespace of one cluster."""

    def __init__(self, app: App, token: str = "", registry_password: str = "") -> None:
        self.app = app
        self.cluster = Cluster(app.cluster, token=token)
        self.state = KubeStore(self.cluster, app.name)
        self.store = self.state
        self.files = Files(app.state_dir, self.state)
        self.registry_password = registry_password

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> KubeTarget:
        """The target of an action's parameters."""
        return cls(
            App.from_dict(params["app"]), params.get("cluster_token") or "", params.get("registry_password") or ""
        )

    @functools.cached_property
    def project(self) -> KubeProject:
        """The pods."""
        return KubeProject(self.cluster, self.app.name)

    @functools.cached_property
    def redactor(self) -> Redactor:
        """Blanks out the values of the env files of today, and of the Secrets that each kept release had."""
        values: list[str | None] = []
        for path in self.app.env_paths:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                values += _envfile.parse(Path(path).read_text(encoding="utf-8")).values()
        with contextlib.suppress(OpsError):  # where the cluster is out of reach there is nothing of it to be shown
            for kept in self.state.read_all("releases", MANIFESTS).values():
                values += [value for each in kept["objects"] for value in secret_values(each)]
        return Redactor(values)

    @property
    def database(self) -> Database:
        return Database(self.app, DatabasePod(self.project, self.app.database_service))

    @property
    def login(self) -> _kube_registry.Login | None:
        """The login of the registry, None for one without."""
        user = self.app.registry_username
        return _kube_registry.Login(user, self.registry_password) if user else None

    def has_image(self, reference: str) -> bool:
        """Whether the registry has it; one that cannot be asked has not said that it is gone."""
        try:
            _kube_registry.digest_of(reference, self.login)
        except Refused:
            return False
        except OpsError:
            return True
        return True

    def records(self) -> list[dict[str, Any]]:
        return list(self.state.read_all("releases", "record.json").values())

    # releases

    def manifests(self, release: str) -> list[Object]:
        """What a release consists of, as it was rendered."""
        found = self.store.read(f"releases/{release}/{MANIFESTS}")
        if found is None:
            raise OpsError(f"Release {release} has no manifests in {self.store.where}.", hint="Deploy it again.")
        objects: list[Object] = found["objects"]
        return objects

    def drift(self, record: Mapping[str, Any]) -> list[str]:
        objects = self.manifests(record["id"])
        changes = _kube_apply.plan(self.cluster, objects, self.marks(record), redact=self.redactor.text)
        differing = [
            change
            for change in changes
            if change.action != _kube_apply.UNCHANGED and not _kube_apply.has_gone_by_itself(change)
        ]
        found = [
            f"{ref_of(change.manifest)} {'is missing' if change.action == _kube_apply.CREATED_NOW else 'differs'}"
            for change in differing
        ]
        return found or self._unsound(objects)

    def _unsound(self, objects: Sequence[Object]) -> list[str]:
        containers = self.project.containers()
        found = [f"{c.service} is {c.state}, {c.health}" for c in containers if not _plan.is_sound(c)]
        there = {container.service for container in containers}
        wanted = [one for one in objects if one["kind"] in WORKLOADS and one["kind"] != "Job"]
        missing = [one["metadata"]["name"] for one in wanted if one["spec"].get("replicas", 1)]
        return found + [f"{name} has no pod" for name in missing if name not in there]

    def marks(self, record: Mapping[str, Any]) -> _kube_apply.Release:
        """What the objects of a release are marked with."""
        why = f": {record['reason']}" if record["reason"] else ""
        return _kube_apply.Release(self.app.name, record["id"], f"release {record['id']}{why}", (FIELD_MANAGER,))

    def kinds(self) -> set[tuple[str, str]]:
        """The kinds of objects that the recorded releases have."""
        kept = self.state.read_all("releases", MANIFESTS).values()
        return _kube_prune.kinds_of(one for each in kept for one in each["objects"])

    @property
    def labels(self) -> str:
        """Selects what belongs to the application."""
        return f"{APPLICATION_LABEL}={self.app.name}"

    def lacks(self, record: Mapping[str, Any]) -> list[str]:
        if self.store.read(f"releases/{record['id']}/{MANIFESTS}") is None:
            return ["its manifests"]
        references = [image["reference"] for image in record["images"].values()]
        with ThreadPoolExecutor(8) as pool:
            there = pool.map(self.has_image, references)
        return [f"the image {one}" for one, is_there in zip(references, there, strict=True) if not is_there]

    def tidy(self) -> None:
        _kube_migration_jobs.remove(self.cluster, _kube_migration_jobs.jobs(self.cluster, self.app.name))

    def forget(self, record: Mapping[str, Any], kept: Sequence[Mapping[str, Any]]) -> None:
        """Nothing: the registry keeps its images by rules of its own."""

    # evidence

    def collectors(self, params: Mapping[str, Any]) -> dict[str, Callable[[], str]]:
        pods = self.project.pods(with_jobs=True)
        since = params["since"]

        def log(name: str, container: str, previous: bool) -> str:
            lines = self.cluster.log(name, container, since=since, previous=previous, limit_bytes=_LOG_BYTES)
            return "\n".join(lines)

        logs = {
            f"{pod['metadata']['name']}.{one['name']}{'.previous' * previous}.log": functools.partial(
                log, pod["metadata"]["name"], one["name"], previous
            )
            for pod in pods
            for one in pod["spec"]["containers"]
            for previous in (False, True)
        }
        return {
            "pods.json": lambda: json.dumps([_shown(pod) for pod in pods], indent=1),
            "events.json": lambda: json.dumps(self.cluster.list("v1", "Event")[0], indent=1),
            "migration.log": lambda: self._migration_log(params["release"]),
            "usage.json": lambda: json.dumps(self.cluster.list("metrics.k8s.io/v1beta1", "PodMetrics")[0], indent=1),
            **logs,
        }

    def _migration_log(self, release: str) -> str:
        kept = self.store.read(f"releases/{release}/{_kube_migration_jobs.LOG}") if release else None
        if kept is None:
            raise FileNotFoundError
        return str(kept["log"])

    def keep_evidence(self, name: str, files: Mapping[str, str], manifest: Mapping[str, Any], token: int) -> None:
        told = {file: text for file, text in files.items() if text}
        self.store.write(f"evidence/{name}/files.json", told, token=token)
        self.store.write(f"evidence/{name}/manifest.json", manifest, token=token)

    def evidence_path(self, name: str) -> str:
        return f"the Secret {object_name(self.app.name, 'evidence', name)} of namespace {self.cluster.namespace}"


def secret_values(thing: Mapping[str, Any]) -> list[str]:
    """The values of a Secret, empty for anything else."""
    if thing.get("kind") != "Secret":
        return []
    found = [str(value) for value in (thing.get("stringData") or {}).values()]
    for value in (thing.get("data") or {}).values():
        with contextlib.suppress(ValueError):
            found.append(base64.b64decode(value).decode("utf-8"))
    return found


def _shown(pod: Mapping[str, Any]) -> dict[str, Any]:
    about = pod["metadata"]
    return {"name": about["name"], "labels": about.get("labels"), "status": pod.get("status")}
