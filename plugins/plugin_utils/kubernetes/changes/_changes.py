# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applying a release: the server's dry run says what differs, and only that is sent.

Server-side apply removes what the release no longer says, and leaves alone what others added: it knows by the field
managers. Where another manager has set the same field to something else, nothing is changed and the other one is named.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused

from ..api._client import FIELD_MANAGER
from ..api._errors import Conflict, Immutable
from ..api._objects import (
    APPLICATION_LABEL,
    CHANGE_CAUSE_ANNOTATION,
    ORIGIN_ANNOTATION,
    RELEASE_ANNOTATION,
    Object,
    goes_by_itself,
    is_workload,
    kind_of,
    order_of,
    ref_of,
)
from ..rollout._jobs import has_failed
from ..rollout._pods import is_over
from ._diff import diff, normalized
from ._ownership import CREATED, applied_fields, is_applied, replicas_before

CREATED_NOW, CONFIGURED, REPLACED, UNCHANGED = "created", "configured", "replaced", "unchanged"
_ADOPTED = "adopted"
_AT_ONCE = 4
#: how long a Job and its running pods may take to go, and how often is looked, in seconds
_GONE_WITHIN, _LOOK_EVERY = 180.0, 0.5
_MANAGER = re.compile(r'conflict with "([^"]*)"')


class Applicable(Protocol):
    """What is needed of a cluster for applying."""

    def get(self, api_version: str, kind: str, name: str) -> Object | None:
        """Read an object."""

    def apply(self, manifest: Mapping[str, Any], *, dry_run: bool = False, force: bool = False) -> Object:
        """Apply on the server's side."""

    def delete(
        self, api_version: str, kind: str, name: str, *, uid: str | None = None, propagation: str = "Background"
    ) -> bool:
        """Delete an object."""

    def list(
        self, api_version: str, kind: str, *, labels: str = "", fields: str = ""
    ) -> tuple[list[dict[str, Any]], str]:
        """List objects, and the version from which a watch goes on."""


@dataclass(frozen=True)
class Release:
    """What the objects are marked with, and whose fields we may take over."""

    application: str
    id: str
    cause: str
    #: field managers that we were once: their fields are taken over, those of nobody else ever are
    former_managers: Collection[str] = ()

    @classmethod
    def of(cls, application: str, release: str, reason: str) -> Release:
        """The marks of a release that is recorded, or going to be."""
        why = f": {reason}" if reason else ""
        return cls(application, release, f"release {release}{why}", (FIELD_MANAGER,))


@dataclass(frozen=True)
class Change:
    """What happens to one object. ``manifest`` is what is sent, ``uid`` that of the object that is there."""

    action: str
    manifest: Object
    diff: str = ""
    note: str = ""
    uid: str = ""
    force: bool = False
    #: whether nothing but labels and annotations of the object itself differs
    is_marks_only: bool = False

    def as_data(self) -> dict[str, str]:
        """The change as plain data."""
        ref = ref_of(self.manifest)
        return {
            "api_version": self.manifest["apiVersion"], "kind": ref.kind, "name": ref.name,
            "action": self.action, "diff": self.diff, "note": self.note,
        }  # fmt: skip


def plan(
    cluster: Applicable, things: Sequence[Object], release: Release, *, redact: Callable[[str], str]
) -> list[Change]:
    """Ask the server, without changing anything, what applying these objects would change; in the order of applying."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(_planned, cluster, thing, release, redact) for thing in sorted(things, key=order_of)]
        return [future.result() for future in futures]


def has_gone_by_itself(change: Change) -> bool:
    """Whether a Job of a release that has run is missing because the cluster deletes it once it is done."""
    return change.action == CREATED_NOW and goes_by_itself(change.manifest)


def send(cluster: Applicable, changes: Iterable[Change], prove: Callable[[], None] = lambda: None) -> list[Change]:
    """Apply what differs, one object after the other; gives what was changed.

    ``prove`` is called before each, and raises where this operation may not change anything any more.
    """
    done = []
    for change in changes:
        if change.action == UNCHANGED:
            continue
        prove()
        if change.action == REPLACED:
            replaced = change.manifest
            delete(cluster, replaced["apiVersion"], replaced["kind"], replaced["metadata"]["name"], change.uid)
        try:
            cluster.apply(change.manifest, force=change.force)
        except Conflict as error:
            raise explained(error, change.manifest) from error
        done.append(change)
    return done


def explained(error: Conflict, thing: Mapping[str, Any]) -> OpsError:
    """A conflict in words: which fields, and who else has set them."""
    managers = _managers(error)
    if not managers:
        return error
    fields = sorted({str(cause.get("field") or "?") for cause in error.causes})
    return Refused(
        f"{ref_of(thing)}: {', '.join(fields)} conflicts with {', '.join(managers)}, "
        f"which {'has' if len(managers) == 1 else 'have'} set another value.",
        reason="field_conflict",
        hint="Give the manifest the same value, or take the field out of it and leave it to the other one.",
        managers=managers,
        fields=fields,
    )


def _planned(cluster: Applicable, thing: Object, release: Release, redact: Callable[[str], str]) -> Change:
    try:
        return _plan(cluster, thing, release, redact)
    except OpsError as error:
        error.data.setdefault("object", str(ref_of(thing)))
        raise


def _plan(cluster: Applicable, thing: Object, release: Release, redact: Callable[[str], str]) -> Change:
    live = cluster.get(thing["apiVersion"], thing["kind"], thing["metadata"]["name"])
    manifest = prepared(thing, live, release)
    change = Change(CONFIGURED, manifest, uid=str(live["metadata"]["uid"]) if live else "")
    try:
        after, change = _dry_run(cluster, change, release)
    except Refused as error:
        if kind_of(thing) != "Job" or live is None or not isinstance(error, Immutable) or not is_applied(live):
            raise
        note = "what a Job runs cannot be changed: it is deleted and recreated"
        return replace(change, action=REPLACED, diff=diff(live, _merged(live, manifest), redact), note=note)
    if live is None:
        return replace(change, action=CREATED_NOW, diff=diff(None, manifest, redact))
    if has_failed(live) and is_applied(live):
        note = "it has failed, and a Job does not run again: it is deleted and recreated"
        return replace(change, action=REPLACED, diff=diff(live, after, redact), note=note)
    if normalized(live) == normalized(after):
        return replace(change, action=UNCHANGED)
    origin = (manifest["metadata"].get("annotations") or {}).get(ORIGIN_ANNOTATION)
    note = "it was not made by us: it will be managed, and never pruned" if origin == _ADOPTED else ""
    return replace(change, diff=diff(live, after, redact), note=note, is_marks_only=_content(live) == _content(after))


def _content(thing: Object) -> Object:
    return {part: value for part, value in normalized(thing).items() if part != "metadata"}


def prepared(thing: Object, live: Object | None, release: Release) -> Object:
    """What is sent: the object with its release, who made it, and the replicas that an autoscaler has chosen."""
    annotations = dict(thing["metadata"].get("annotations") or {})
    annotations[ORIGIN_ANNOTATION] = CREATED if live is None else _origin(live)
    if is_workload(thing) or kind_of(thing) == "CronJob":
        annotations |= {RELEASE_ANNOTATION: release.id, CHANGE_CAUSE_ANNOTATION: release.cause}
    _refuse_anothers(thing, live, release.application)
    sent = {**thing, "metadata": {**thing["metadata"], "annotations": annotations}}
    kept = _replicas(thing, live)
    return {**sent, "spec": {**thing["spec"], "replicas": kept}} if kept is not None else sent


def _refuse_anothers(thing: Object, live: Object | None, application: str) -> None:
    owner = ((live or {"metadata": {}})["metadata"].get("labels") or {}).get(APPLICATION_LABEL, application)
    if owner != application:
        raise Refused(
            f"{ref_of(thing)}: expected the owner {application} or none, found {owner}.",
            reason="object_of_another",
            hint=f"Give it another name, or take the label {APPLICATION_LABEL} from it if {owner} no longer needs it.",
        )


def _origin(live: Object) -> str:
    origin = (live["metadata"].get("annotations") or {}).get(ORIGIN_ANNOTATION)
    return CREATED if origin == CREATED and is_applied(live) else _ADOPTED


def _replicas(thing: Object, live: Object | None) -> Any:
    """What to send where the release says no number: the present one where it used to say one, and of a workload that
    we have stopped the one from before.

    Saying nothing gives the field up, and the server then sets it to 1, before an autoscaler has looked. An autoscaler
    never touches one that has 0; from any other number it goes on, and what it sets is the present one.
    """
    spec, found = thing.get("spec"), ((live or {}).get("spec") or {}).get("replicas")
    if found is None or live is None or not isinstance(spec, dict) or "replicas" in spec:
        return None
    if (before := replicas_before(live)) is not None:
        return before
    return found if "f:replicas" in (applied_fields(live).get("f:spec") or {}) else None


def _dry_run(cluster: Applicable, change: Change, release: Release) -> tuple[Object, Change]:
    try:
        return cluster.apply(change.manifest, dry_run=True), change
    except Conflict as error:
        managers = _managers(error)
        if not managers or not set(managers) <= set(release.former_managers):
            raise explained(error, change.manifest) from error
    return cluster.apply(change.manifest, dry_run=True, force=True), replace(change, force=True)


def _managers(error: Conflict) -> list[str]:
    found = (_MANAGER.search(str(cause.get("message") or "")) for cause in error.causes)
    return sorted({match.group(1) for match in found if match})


def _merged(live: Object, manifest: Object) -> Object:
    """Roughly what a Job will be: for showing only."""
    return {**manifest, "metadata": {**normalized(live)["metadata"], **manifest["metadata"]}}


def delete(cluster: Applicable, version: str, kind: str, name: str, uid: str) -> None:
    """Delete an object that runs pods, and wait until it is gone and none of them runs.

    Its pods are removed by the cluster's garbage collector, later. One that has ended disturbs nobody, so it is not
    waited for: the collector tries again after pauses that double, and was seen to take minutes.
    """
    cluster.delete(version, kind, name, uid=uid)
    deadline = time.monotonic() + _GONE_WITHIN
    while (left := _left_of(cluster, version, kind, name, uid)) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY)
    if left:
        raise OpsError(
            f"{left} was still there {_GONE_WITHIN:g} s after {kind}/{name} was deleted.",
            reason="timed_out",
            hint="The cluster's garbage collector should remove it: check its controller manager, then re-run.",
        )


def _left_of(cluster: Applicable, version: str, kind: str, name: str, uid: str) -> str:
    """What is left of a deleted object: itself, or a pod of its that has not ended."""
    live = cluster.get(version, kind, name)
    if live is not None and live["metadata"]["uid"] == uid:
        return f"{kind}/{name}"
    pods, _ = cluster.list("v1", "Pod")
    return next((str(ref_of(pod)) for pod in pods if _is_of(pod, uid) and not is_over(pod)), "")


def _is_of(pod: Object, uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in pod["metadata"].get("ownerReferences") or [])
