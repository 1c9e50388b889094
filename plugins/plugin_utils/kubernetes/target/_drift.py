# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where what runs on a cluster is not what its release recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _plan

from ..api._namespace import Cluster
from ..api._objects import Object, keeps_running, ref_of
from ..changes import _changes
from ..changes._changes import Release
from ..running._project import KubeProject


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
    there = {container.service for container in containers}
    wanted = [one for one in objects if keeps_running(one)]
    missing = [one["metadata"]["name"] for one in wanted if one["spec"].get("replicas", 1)]
    return found + [f"{name} has no pod" for name in missing if name not in there]
