# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where what runs on a cluster is not what its release recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _plan
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import fewer

from ..api._errors import NotFound
from ..api._namespace import Cluster
from ..api._objects import (
    KIND_LABEL,
    Object,
    containers_of,
    goes_by_itself,
    keeps_running,
    order_of,
    ref_of,
    template_of,
)
from ..changes import _changes
from ..changes._changes import Release
from ..changes._ownership import taken_over
from ..running._project import KubeProject

#: so many fields of an object are named
_NAMED = 3


def differing(cluster: Cluster, objects: Sequence[Object], marks: Release, redact: Callable[[str], str]) -> list[str]:
    """Each object that is not as its release has it."""
    changes = _changes.plan(cluster, objects, marks, redact=redact)
    found = [
        change for change in changes if change.action != _changes.UNCHANGED and not _changes.has_gone_by_itself(change)
    ]
    return [
        f"{ref_of(change.manifest)} {'is missing' if change.action == _changes.CREATED_NOW else 'differs'}"
        for change in found
    ]


def unsound(project: KubeProject, objects: Sequence[Object]) -> list[str]:
    """Each workload that does not run as its release has it."""
    containers = project.containers()
    found = [f"{c.service} is {c.state}, {c.health}" for c in containers if not _plan.is_sound(c)]
    names = [one["metadata"]["name"] for one in objects if keeps_running(one)]
    return found + list(fewer(containers, names, replicas(objects)).values())


def replicas(objects: Sequence[Object]) -> dict[str, int]:
    """How many pods each workload has whose manifest says so; of others an autoscaler may decide."""
    return {
        str(one["metadata"]["name"]): int(one["spec"]["replicas"])
        for one in objects
        if keeps_running(one) and _spec(one).get("replicas") is not None
    }


def altered(cluster: Cluster, objects: Sequence[Object], labels: str) -> list[str]:
    """What somebody else has changed of the objects of a release, as one list of each kind tells. Nothing is sent, and
    of what has no pods nothing but metadata is read."""
    kinds = dict.fromkeys((str(one["apiVersion"]), str(one["kind"])) for one in sorted(objects, key=order_of))
    found: list[str] = []
    for version, kind in kinds:
        ours = [one for one in objects if (one["apiVersion"], one["kind"]) == (version, kind)]
        has_pods = any(template_of(one) is not None for one in ours)
        try:
            listed, _ = cluster.list(version, kind, labels=f"{labels},!{KIND_LABEL}", only_metadata=not has_pods)
        except NotFound:  # an upgrade of the cluster has taken that version away
            found += [f"{ref_of(one)} cannot be compared: the cluster has no {kind} in {version}" for one in ours]
            continue
        live = {one["metadata"]["name"]: one for one in listed}
        found += [words for one in ours for words in changes_of(one, live.get(one["metadata"]["name"]))]
    return found


def changes_of(thing: Object, live: Object | None) -> list[str]:
    """What differs of an object: its images, how many pods it has, and fields that somebody else has set."""
    ref = ref_of(thing)
    if live is None:
        return [] if goes_by_itself(thing) else [f"{ref} is missing"]
    found = []
    there = _images(live)
    if any(there.get(name) != image for name, image in _images(thing).items()):
        found.append(f"{ref} runs another image than the release recorded")
    # of what has no pods of its own, which may have replicas all the same, only the metadata was read
    wanted, has = (_spec(one).get("replicas") if template_of(thing) else None for one in (thing, live))
    if wanted is not None and has != wanted:
        found.append(f"{ref} has {has} replicas, the release recorded {wanted}")
    for manager, paths in taken_over(thing, live).items():
        rest = [path for path in paths if path != "spec.replicas" and not path.endswith(".image")]
        more = f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
        found += [f"{ref} has another {', '.join(rest[:_NAMED])}{more}, set by {manager}"] if rest else []
    return found


def _images(thing: Object) -> dict[str, str]:
    template = template_of(thing)
    return {one["name"]: str(one.get("image")) for one in containers_of(template)} if template else {}


def _spec(thing: Object) -> Mapping[str, object]:
    spec = thing.get("spec")
    return spec if isinstance(spec, dict) else {}
