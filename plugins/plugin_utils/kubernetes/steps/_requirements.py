# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether this login may do what operations need; nothing can be installed into a cluster from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import TARGET_REQUIREMENTS
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step

from ..target._target import KubeTarget
from ._preflight import refuse_missing_rights


def run(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Name the cluster, and refuse a login that lacks a right."""
    del params, check_mode
    refuse_missing_rights(target, [])
    version, namespace = target.cluster.version(), target.cluster.namespace
    summary = f"Nothing is missing: Kubernetes {version}, namespace {namespace}."
    found = {"changed": False, "missing": [], "packages": [], "summary": summary}
    return {**found, "cluster": version, "namespace": namespace}


REQUIREMENTS = Step(spec=TARGET_REQUIREMENTS, run=run)
