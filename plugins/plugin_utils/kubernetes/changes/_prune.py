# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pruning: deleting what a release no longer has, of what earlier ones of the same application made; nothing else ever.

As with ApplySets of kubectl, only the kinds are checked that recorded releases had. An object is deleted where its
labels, the server's list of field managers and the mark of who made it all say that it is ours, by its uid, so that a
new one of the same name is not hit. Claims of volumes are kept and reported: their data cannot be had back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from ..api._errors import Conflict, NotFound
from ..api._objects import APPLICATION_LABEL, KIND_LABEL, Object, controller_of, kind_of, order_of, ref_of
from ._changes import Change
from ._diff import diff
from ._ownership import why_not_ours

PRUNED, KEPT = "pruned", "kept"
#: never deleted, whatever its origin
DATA = ("PersistentVolumeClaim",)
#: labels of an object are handed on to these by the controllers
_DERIVED = ("Endpoints", "EndpointSlice", "ControllerRevision", "Event", "Lease")


class Prunable(Protocol):
    """What is needed of a cluster for pruning."""

    def list(self, api_version: str, kind: str, *, labels: str = "", fields: str = "") -> tuple[list[Object], str]:
        """List objects."""

    def delete(
        self, api_version: str, kind: str, name: str, *, uid: str | None = None, propagation: str = "Background"
    ) -> bool:
        """Delete an object."""


def kinds_of(things: Iterable[Object]) -> set[tuple[str, str]]:
    """The kinds of a release, as (apiVersion, kind): what to record, and to look at when a later one is pruned."""
    return {(str(thing["apiVersion"]), str(thing["kind"])) for thing in things}


def plan_prune(
    cluster: Prunable,
    application: str,
    things: Sequence[Object],
    kinds: Iterable[tuple[str, str]],
    *,
    redact: Callable[[str], str],
) -> list[Change]:
    """What is to be deleted, workloads first, and what is kept though no release has it.

    ``things`` is the release that stays, ``kinds`` the union of the kinds of all recorded releases.
    """
    wanted = {ref_of(thing) for thing in things}
    found: dict[str, Object] = {}
    for api_version, kind in sorted(set(kinds)):
        if kind not in _DERIVED:
            with suppress(NotFound):  # the cluster no longer has that kind
                labels = f"{APPLICATION_LABEL}={application},!{KIND_LABEL}"
                listed, _ = cluster.list(api_version, kind, labels=labels)
                found.update(
                    {one["metadata"]["uid"]: {"apiVersion": api_version, "kind": kind, **one} for one in listed}
                )
    left = [one for one in found.values() if ref_of(one) not in wanted and not _goes_with_another(one)]
    return [_decided(one, application, redact) for one in sorted(left, key=order_of, reverse=True)]


def prune(cluster: Prunable, changes: Iterable[Change], prove: Callable[[], None] = lambda: None) -> list[Change]:
    """Delete what was planned; gives what is gone. ``prove`` is called before each, as when applying."""
    done = []
    for change in changes:
        if change.action != PRUNED:
            continue
        ref = ref_of(change.manifest)
        prove()
        with suppress(Conflict):  # another one has its name by now
            if cluster.delete(change.manifest["apiVersion"], ref.kind, ref.name, uid=change.uid):
                done.append(change)
    return done


def _goes_with_another(thing: Object) -> bool:
    """Whether it is being deleted, or is a pod or a set of pods of a workload: they have the labels of its template."""
    is_made = kind_of(thing) in ("Pod", "ReplicaSet") and bool(controller_of(thing))
    return is_made or bool(thing["metadata"].get("deletionTimestamp"))


def _decided(thing: Object, application: str, redact: Callable[[str], str]) -> Change:
    uid = str(thing["metadata"]["uid"])
    why = why_not_ours(thing, application)
    if not why and kind_of(thing) in DATA:
        why = f"it holds data: kubectl delete {thing['kind'].lower()} {thing['metadata']['name']} deletes it"
    if why:
        return Change(KEPT, thing, note=why, uid=uid)
    return Change(PRUNED, thing, diff=diff(thing, None, redact), uid=uid)
