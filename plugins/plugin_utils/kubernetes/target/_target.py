# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One application in one namespace: its state is Secrets and a Lease there, its containers are those of its pods."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _env_files, _secret_sources
from ansible_collections.doppelganger.ops.plugins.module_utils.app._model import App
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.module_utils.databases._postgres import Database
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._target import Target
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.module_utils.state._lease import Lease
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Record
from ansible_collections.doppelganger.ops.plugins.module_utils.state._schema import BadState
from ansible_collections.doppelganger.ops.plugins.module_utils.text._document import readable
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from ansible_collections.doppelganger.ops.plugins.module_utils.text._secret_values import telling

from ..api._namespace import Cluster
from ..api._objects import APPLICATION_LABEL, KIND_LABEL, Object
from ..manifests import _secrets
from ..rollout._pods import when
from ..running._project import KubeProject
from . import _migration_jobs
from ._layout import object_name
from ._store import KubeStore

if TYPE_CHECKING:
    from ..manifests._registry import Login

MANIFESTS = "manifests.json"
#: of each container, and of all of them: the evidence of a release is one Secret
_LOG_BYTES, _ALL_LOG_BYTES = 64 * 1024, 768 * 1024
_MOST_EVENTS = 200


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
        #: where objects that were rendered are from, by their names
        self.places: dict[str, str] = {}

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
        """Blanks out the values of the env files and what else is secret, of today and of each kept release."""
        public = self.app.env_public_keys
        values: list[str | None] = [*self.learned]
        values += _secret_sources.of_headers([*self.app.checks, *self.app.metric_sources.values()])
        values += (value for one in self.app.build.values() for value in telling(one.get("args") or {}))
        for path in self.app.env_paths:
            with contextlib.suppress(OSError):
                values += _env_files.secrets_of(path, public=public)
        with contextlib.suppress(OpsError):  # where the cluster is out of reach there is nothing of it to be shown
            for kept in self.state.readable("releases", MANIFESTS)[0].values():
                values += [value for each in kept["objects"] for value in _secrets.of_object(each, public)]
            for each in self.cluster.list("v1", "Secret", labels=f"{self.labels},!{KIND_LABEL}")[0]:
                values += _secrets.of_object(each, public)
        return Redactor(values)

    @property
    def database(self) -> Database:
        # here, as the checklist asks a database with a query of its own
        from ..running._console import DatabasePod

        return Database(self.app, DatabasePod(self.project, self.app.database_service))

    @property
    def login(self) -> Login | None:
        """The login of the registry, None for one without."""
        # here, as only who makes a release or goes back to one asks a registry
        from ..manifests._registry import Login

        user = self.app.registry_username
        return Login(user, self.registry_password) if user else None

    # releases

    def manifests(self, release: str) -> list[Object]:
        """What a release consists of, as it was rendered."""
        found = self.store.read(f"releases/{release}/{MANIFESTS}")
        if found is None:
            raise OpsError(
                f"Release {release} has no manifests in {self.store.where}.",
                reason="release_incomplete",
                hint="Deploy it again.",
            )
        objects: list[Object] = found["objects"]
        return objects

    def drift(self, record: Record) -> list[str]:
        # here, as who only looks has no plan to make
        from ..changes._changes import Release
        from ._drift import differing, unsound

        objects = self.manifests(record.id)
        marks = Release.of(self.app.name, record.id, record.reason)
        found = differing(self.cluster, objects, marks, self.redactor.text)
        return found or unsound(self.project, objects)

    def altered(self, record: Record) -> list[str]:
        from ._drift import altered

        return altered(self.cluster, self.manifests(record.id), self.labels)

    def differences(self, record: Record) -> list[str]:
        from ._drift import unsound

        return self.altered(record) + unsound(self.project, self.manifests(record.id))

    @property
    def labels(self) -> str:
        """Selects what belongs to the application."""
        return f"{APPLICATION_LABEL}={self.app.name}"

    def lacks(self, record: Record) -> list[str]:
        try:
            found = self.store.read(f"releases/{record.id}/{MANIFESTS}")
        except BadState:
            found = None
        if found is None:
            return ["its manifests"]
        from ..manifests import _registry

        references = [image.reference for image in record.images.values()]
        with ThreadPoolExecutor(8) as pool:
            there = pool.map(functools.partial(_registry.has, login=self.login), references)
        return [f"the image {one}" for one, is_there in zip(references, there, strict=True) if not is_there]

    def tidy(self) -> None:
        _migration_jobs.remove(self.cluster, _migration_jobs.jobs(self.cluster, self.app.name))

    def forget(self, record: Record, kept: Sequence[Record]) -> None:
        """Nothing: the registry keeps its images by rules of its own."""

    # evidence

    def collectors(self, params: Mapping[str, Any]) -> dict[str, Callable[[], str | Sequence[LogEnd]]]:
        pods = self.project.pods(with_jobs=True)
        since = params["since"]

        every = [
            (pod["metadata"]["name"], one["name"], previous)
            for pod in pods
            for one in pod["spec"]["containers"]
            for previous in (False, True)
        ]
        limit = min(_LOG_BYTES, _ALL_LOG_BYTES // max(1, len(every)))

        def log(name: str, container: str, previous: bool) -> list[LogEnd]:
            return [self.cluster.log_end(name, container, since=since, previous=previous, limit_bytes=limit)]

        logs = {
            f"{name}.{container}{'.previous' * previous}.log": functools.partial(log, name, container, previous)
            for name, container, previous in every
        }
        return {
            "pods.json": lambda: readable([_shown(pod) for pod in pods]),
            "events.json": lambda: readable(self._newest_events()),
            "migration.log": lambda: self._migration_log(params["release"]),
            "usage.json": lambda: readable(self.cluster.list("metrics.k8s.io/v1beta1", "PodMetrics")[0]),
            **logs,
        }

    def _newest_events(self) -> list[Object]:
        return sorted(self.cluster.list("v1", "Event")[0], key=when)[-_MOST_EVENTS:]

    def _migration_log(self, release: str) -> str:
        kept = self.store.read(f"releases/{release}/{_migration_jobs.LOG}") if release else None
        if kept is None:
            raise FileNotFoundError
        return str(kept["log"])

    def keep_evidence(self, name: str, files: Mapping[str, str], manifest: Mapping[str, Any], token: int) -> None:
        told = {file: text for file, text in files.items() if text}
        self.store.write(f"evidence/{name}/files.json", told, token=token)
        self.store.write(f"evidence/{name}/manifest.json", manifest, token=token)

    def evidence_path(self, name: str) -> str:
        return f"the Secret {object_name(self.app.name, 'evidence', name)} of namespace {self.cluster.namespace}"


def _shown(pod: Mapping[str, Any]) -> dict[str, Any]:
    about = pod["metadata"]
    return {"name": about["name"], "labels": about.get("labels"), "status": pod.get("status")}
