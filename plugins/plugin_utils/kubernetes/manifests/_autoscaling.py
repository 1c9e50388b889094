# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an autoscaler measures, said in full, so that a release which says less takes back what another one has added.

The server keeps one form and shows it in each version of the API: what ``autoscaling/v1`` has no field for is an
annotation there. A field that a release leaves out is nobody's then, and stays.
"""

from __future__ import annotations

from typing import Any

from ..api._objects import Object, group_of, kind_of

#: what the server measures where a manifest does not say
_PERCENT = 80
_TARGET = {"target": {"type": "Utilization", "averageUtilization": _PERCENT}}
_OLD_TARGET = {"targetAverageUtilization": _PERCENT}
_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS, _BEHAVIOR = f"{_PREFIX}metrics", f"{_PREFIX}behavior"


def complete(thing: Object) -> None:
    """Say what the server would add to an autoscaler, in place."""
    spec = thing.get("spec")
    if kind_of(thing) != "HorizontalPodAutoscaler" or group_of(thing["apiVersion"]) != "autoscaling":
        return
    if not isinstance(spec, dict):
        return
    version = thing["apiVersion"].rpartition("/")[2]
    if version == "v1":
        _complete_first(thing["metadata"], spec)
    elif not spec.get("metrics"):
        target: dict[str, Any] = _OLD_TARGET if version == "v2beta1" else _TARGET
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", **target}}]


def _complete_first(metadata: Object, spec: Object) -> None:
    found = metadata.get("annotations") or {}
    if not found.get(_METRICS) and spec.get("targetCPUUtilizationPercentage") is None:
        spec["targetCPUUtilizationPercentage"] = _PERCENT
    metadata["annotations"] = {_METRICS: "[]", _BEHAVIOR: "{}", **found}
