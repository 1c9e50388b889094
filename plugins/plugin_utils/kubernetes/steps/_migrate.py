# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Migrating the database by a Job of the new image; its log is kept, and it is removed."""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import UNREACHABLE, OpsError, noted_on
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._migration import migrated
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import DATABASE_MIGRATE
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step
from ansible_collections.doppelganger.ops.plugins.module_utils.state._journal import Operation
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Record
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import last_said
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor

from ..api._namespace import Cluster
from ..api._objects import (
    APPLICATION_LABEL,
    KIND_LABEL,
    MANAGED_BY_LABEL,
    Object,
    is_workload,
    kind_of,
    ref_of,
    template_of,
)
from ..changes import _changes
from ..rollout import _wait
from ..target import _migration_jobs

if TYPE_CHECKING:
    from ..target._target import KubeTarget

#: for how long a migration is tried again whose database was started for it, in seconds: the nodes learn the way to a
#: new Service a moment after its pods are ready, which cannot be watched
_SETTLING = 15.0
#: how much is kept of what it logs: a Secret holds little
LOG_SIZE = 100_000
#: what a pod of a service has and one that ends by itself must not have
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "ports")


def job_of(
    app_name: str, workload: Object, images: Sequence[str], command: Sequence[str], timeout: int, attempt: int = 1
) -> Object:
    """The Job that runs the command in the container of the workload which carries the release."""
    template = copy.deepcopy(template_of(workload)) or {}
    containers = template["spec"]["containers"]
    container = next((one for one in containers if one["image"] in images), containers[0])
    container = {key: value for key, value in container.items() if key not in _PROBES}
    container.update({"command": list(command), "args": []})
    labels = {MANAGED_BY_LABEL: "doppelganger-ops", APPLICATION_LABEL: app_name, KIND_LABEL: "migration"}
    spec = {**template["spec"], "containers": [container], "initContainers": [], "restartPolicy": "Never"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"ops-{app_name}-migration-{attempt}", "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": timeout,
            # not the labels of the workload: no Service must send anything here
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def run(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Run the migration command once in a pod of the new image."""
    app = target.app
    if not app.migration_service:
        return {"changed": False, "moved": False, "head": None}
    if check_mode:
        command = " ".join(app.migration_command)
        return {"changed": True, "msg": f"Would run {command} as a Job of the new image of {app.migration_service}."}
    with target.phase("migrate", params["token"]) as operation:
        record = target.record(params["release"])
        objects = target.manifests(record.id)
        is_fresh = _bring_up_what_it_needs(target, record, objects, operation.prove)

        def migrate() -> str:
            again_until = time.monotonic() + _SETTLING if is_fresh else 0.0
            return _migrate(target, record, objects, again_until, operation)

        return migrated(target, record, params["token"], migrate)


def _bring_up_what_it_needs(
    target: KubeTarget, record: Record, objects: Sequence[Object], prove: Callable[[], None]
) -> bool:
    """The configuration of the release, and on a first deployment the database and whatever else is not there yet.

    Says whether any of that was started now. What cannot be applied of the release itself is refused here as well:
    after the migration it would be too late.
    """
    changes = _changes.plan(
        target.cluster,
        objects,
        _changes.Release.of(target.app.name, record.id, record.reason),
        redact=target.redactor.text,
    )
    wanted = [change for change in changes if _is_needed(change, target.app.release_services)]
    _changes.send(target.cluster, wanted, prove)
    waited_for = [ref_of(change.manifest) for change in wanted if is_workload(change.manifest)]
    _wait.wait(
        target.cluster, waited_for, target.app.start_timeout,
        redact=target.redactor.text, patience=_wait.patience_with(objects),
    )  # fmt: skip
    return bool(waited_for)


def _is_needed(change: _changes.Change, release: Collection[str]) -> bool:
    ref = ref_of(change.manifest)
    if ref.is_workload and ref.name in release:
        return False
    return change.action == _changes.CREATED_NOW or kind_of(change.manifest) in ("ConfigMap", "Secret")


def _migrate(
    target: KubeTarget, record: Record, objects: Sequence[Object], again_until: float, operation: Operation
) -> str:
    # one that a killed run has left may still be at it, and two at once would be one too many
    for job in _migration_jobs.jobs(target.cluster, target.app.name):
        about = job["metadata"]
        operation.prove()
        _changes.delete(target.cluster, "batch/v1", "Job", about["name"], about["uid"])
    made: list[Object] = []
    try:
        _run_job(target, record, objects, again_until, made, operation.prove)
        return _keep_log(target, record.id, operation.token)
    except OpsError as error:
        if error.kind in (UNREACHABLE, "lease_lost"):
            raise
        said = ""
        with noted_on(error):
            said = last_said(_keep_log(target, record.id, operation.token))
        words, hint = f"The migration failed: {error.message}", error.hint
        if said:
            words += f" Last output: {said}"
            hint = "Each migration that was applied stays applied; the result says whether the schema moved."
        raise OpsError(words, reason="migration_failed", hint=hint, **error.data) from error
    finally:
        # by now somebody else may hold the lease and migrate
        _migration_jobs.remove(target.cluster, made)


def _run_job(
    target: KubeTarget, record: Record, objects: Sequence[Object], again_until: float, made: list[Object],
    prove: Callable[[], None],
) -> None:  # fmt: skip
    """Run the Job to its end; one whose program fails is run again up to that moment. ``made`` gets each."""
    app = target.app
    workload = next(
        one for one in objects if template_of(one) is not None and one["metadata"]["name"] == app.migration_service
    )
    images = [image.reference for image in record.images.values()]
    for attempt in itertools.count(1):
        job = job_of(app.name, workload, images, app.migration_command, app.migration_timeout, attempt)
        prove()
        made.append(target.cluster.apply(job))
        try:
            _wait.wait(
                target.cluster, [ref_of(job)], app.migration_timeout + 30, redact=target.redactor.text, called="Job",
                patience=_wait.patience_with(objects),
            )  # fmt: skip
        except OpsError as error:
            reasons = [one["reason"] for one in error.data.get("readiness", [])]
            if reasons != ["BackoffLimitExceeded"] or time.monotonic() > again_until:
                raise
        else:
            return


def _keep_log(target: KubeTarget, release: str, token: int) -> str:
    """Keep what the migration has logged with its release, without secrets; gives it back."""
    log = log_of(target.cluster, target.app.name, target.redactor)
    target.store.write(f"releases/{release}/{_migration_jobs.LOG}", {"log": log}, token=token)
    return log


def log_of(cluster: Cluster, app_name: str, redactor: Redactor) -> str:
    """What the migration has logged, without secrets, its end where that is much; empty where nothing is left of it."""
    pods, _ = cluster.list("v1", "Pod", labels=_migration_jobs.labelled(app_name))
    logs: list[str] = []
    for pod in sorted(pods, key=lambda one: str(one["metadata"]["creationTimestamp"])):
        name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]["name"]
        end = cluster.log_end(name, container, limit_bytes=LOG_SIZE + redactor.reach)
        logs.append(redactor.tail(end.text, LOG_SIZE, end.was_cut).rstrip("\n"))
    return "\n".join(logs)[-LOG_SIZE:]


MIGRATE = Step(spec=DATABASE_MIGRATE, run=run)
