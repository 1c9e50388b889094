# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where what runs on a cluster is not what its release recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _plan

from ..api._objects import WORKLOADS, Object, ref_of
from ..changes import _changes
from ..running._project import KubeProject

if TYPE_CHECKING:
    from ._target import KubeTarget


def drift(target: KubeTarget, record: Mapping[str, Any]) -> list[str]:
    """Each object that is not as the release has it; where all are, each workload that is not sound."""
    objects = target.manifests(record["id"])
    marks = _changes.Release.of(target.app.name, record)
    changes = _changes.plan(target.cluster, objects, marks, redact=target.redactor.text)
    differing = [
        change for change in changes if change.action != _changes.UNCHANGED and not _changes.has_gone_by_itself(change)
    ]
    found = [
        f"{ref_of(change.manifest)} {'is missing' if change.action == _changes.CREATED_NOW else 'differs'}"
        for change in differing
    ]
    return found or _unsound(target.project, objects)


def _unsound(project: KubeProject, objects: Sequence[Object]) -> list[str]:
    containers = project.containers()
    found = [f"{c.service} is {c.state}, {c.health}" for c in containers if not _plan.is_sound(c)]
    there = {container.service for container in containers}
    wanted = [one for one in objects if one["kind"] in WORKLOADS and one["kind"] != "Job"]
    missing = [one["metadata"]["name"] for one in wanted if one["spec"].get("replicas", 1)]
    return found + [f"{name} has no pod" for name in missing if name not in there]
