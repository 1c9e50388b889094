# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing a recorded release up on a cluster, or the application down: what differs is sent, then it is watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import RELEASE_APPLY
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step

from ..api._objects import REPLICAS_ANNOTATION, Object, Ref, goes_by_itself, is_workload, ref_of
from ..changes import _changes, _prune
from ..changes._changes import UNCHANGED, Change
from ..rollout import _wait
from ..rollout._scene import Readiness
from ..target._target import MANIFESTS, KubeTarget


def workloads_in(changes: Sequence[Change]) -> list[str]:
    """The names of the workloads among the objects that change, without those that only get other marks."""
    found = {
        ref_of(change.manifest).name for change in changes if is_workload(change.manifest) and not change.is_marks_only
    }
    return sorted(found)


def planned(target: KubeTarget, marks: _changes.Release, objects: Sequence[Object]) -> list[Change]:
    """What bringing a release up changes, by the server's dry run: what is applied, then what is pruned."""
    redact = target.redactor.text
    try:
        applied = _changes.plan(target.cluster, objects, marks, redact=redact)
    except OpsError as error:
        place = target.places.get(error.data.get("object", ""))
        error.message = f"{place}: {error.message}" if place else error.message
        raise
    if marks.id == target.current():
        applied = [change for change in applied if not _changes.has_gone_by_itself(change)]
    kept = target.state.readable("releases", MANIFESTS)[0].values()
    kinds = _prune.kinds_of(one for each in kept for one in each["objects"])
    pruned = _prune.plan_prune(target.cluster, target.app.name, objects, kinds, redact=redact)
    return [*(change for change in applied if change.action != UNCHANGED), *pruned]


def shown(changes: Sequence[Change]) -> list[dict[str, str]]:
    """Changes as Ansible shows differences."""
    return [{"prepared": f"{ref_of(change.manifest)}: {change.action}\n{change.diff}"} for change in changes]


def run(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Bring the release up or the application down."""
    started = target.cluster.now()
    if params["state"] == "stopped":
        return {**_stop(target, params, check_mode), "started": started}
    # a release that a check only thought of has no record
    is_recorded = params["release"] in target.store.folders("releases")
    release = params["release"]
    changes = _changes_of(target, release) if is_recorded else []
    names = sorted({*workloads_in(changes), *params["predicted"]})
    told = shown(changes) or params["preview"]
    found = {"changed": bool(changes or names or told), "services": names, "diff": told, "started": started}
    if check_mode:
        return found
    with target.phase(params["phase"] or "apply", params["token"]) as operation:
        verdicts = _bring_up(target, params["release"], changes, operation.prove)
    # what crashed until something else was ready is judged from then on
    since = {"started": target.cluster.now()} if any(one.pardoned for one in verdicts) else {}
    notes = [f"{one.workload}: {one.note}" for one in verdicts if one.note]
    return {**found, **since, **({"warnings": notes} if notes else {})}


def _changes_of(target: KubeTarget, release: str) -> list[Change]:
    marks = _changes.Release.of(target.app.name, release, target.record(release).reason)
    return planned(target, marks, target.manifests(release))


def _bring_up(
    target: KubeTarget, release: str, changes: Sequence[Change], prove: Callable[[], None]
) -> list[Readiness]:
    objects = target.manifests(release)
    _changes.send(target.cluster, [change for change in changes if change.action not in _PRUNING], prove)
    changed = {ref_of(change.manifest) for change in changes}
    # a Job that goes by itself and was not to be changed was done before, and may be gone
    waited_for = [
        ref_of(one) for one in objects if is_workload(one) and (ref_of(one) in changed or not goes_by_itself(one))
    ]
    verdicts = _wait.wait(
        target.cluster, waited_for, target.app.start_timeout,
        redact=target.redactor.text, patience=_wait.patience_with(objects),
    )  # fmt: skip
    # what nothing refers to any more goes once the new one stands
    _prune.prune(target.cluster, changes, prove)
    return verdicts


_PRUNING = (_prune.PRUNED, _prune.KEPT)


def _stop(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Stop the workloads that carry the release; data and everything else stays."""
    running = [one for one in _release_workloads(target) if (one["spec"].get("replicas") or 0) > 0]
    names = sorted(one["metadata"]["name"] for one in running)
    found = {"changed": bool(names), "services": names, "diff": []}
    if check_mode:
        return found
    with target.phase(params["phase"] or "apply", params["token"]) as operation:
        for one in running:
            operation.prove()
            target.cluster.patch(one["apiVersion"], one["kind"], one["metadata"]["name"], _stopped(one))
        refs: list[Ref] = [ref_of(one) for one in running]
        _wait.wait(target.cluster, refs, target.app.start_timeout, redact=target.redactor.text)
    return found


def _stopped(workload: Object) -> Object:
    """The patch that stops it and says how many pods it had, which nothing else does where its manifest does not."""
    annotations = {REPLICAS_ANNOTATION: str(workload["spec"]["replicas"])}
    return {"metadata": {"annotations": annotations}, "spec": {"replicas": 0}}


def _release_workloads(target: KubeTarget) -> list[Object]:
    found: list[Object] = []
    for kind in ("Deployment", "StatefulSet"):
        listed, _ = target.cluster.list("apps/v1", kind, labels=target.labels)
        found += [one for one in listed if one["metadata"]["name"] in target.app.release_services]
    return found


APPLY = Step(spec=RELEASE_APPLY, run=run)
