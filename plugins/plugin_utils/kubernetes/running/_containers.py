# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pods as the containers that checks know: pure functions over the API's JSON."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Container

#: a container that waits for one of these is on its way
_ON_ITS_WAY = ("ContainerCreating", "PodInitializing", "")
_RESTARTING = "CrashLoopBackOff"


def service_of(pod: Mapping[str, Any]) -> tuple[str, str]:
    """The kind and the name of the workload that a pod belongs to; a pod of its own is one itself."""
    about = pod["metadata"]
    for owner in about.get("ownerReferences") or []:
        if owner.get("controller"):
            kind, name = str(owner["kind"]), str(owner["name"])
            suffix = f"-{(about.get('labels') or {}).get('pod-template-hash', '')}"
            if kind == "ReplicaSet" and name.endswith(suffix):
                return "Deployment", name[: -len(suffix)]
            return kind, name
    return "Pod", str(about["name"])


def containers_in(pods: Sequence[Mapping[str, Any]]) -> list[Container]:
    """Every container of the pods; the pods of a service are numbered from the oldest on."""
    numbers: collections.Counter[str] = collections.Counter()
    found: list[Container] = []
    for pod in pods:
        kind, service = service_of(pod)
        numbers[service] += 1
        found += [_container(pod, one, service, numbers[service], kind == "Job") for one in pod["spec"]["containers"]]
    return found


def _container(
    pod: Mapping[str, Any], spec: Mapping[str, Any], service: str, number: int, is_oneoff: bool
) -> Container:
    status = _status(pod, spec["name"])
    state = status.get("state") or {}
    ended = state.get("terminated") or (status.get("lastState") or {}).get("terminated") or {}
    about = pod["metadata"]
    return Container(
        id=f"{about['name']}/{spec['name']}",
        name=f"{about['name']}/{spec['name']}",
        service=service,
        number=number,
        oneoff=is_oneoff,
        state=_state(state),
        health=_health(spec, state, bool(status.get("ready"))),
        exit_code=int(ended.get("exitCode") or 0) if "running" not in state else 0,
        oom_killed=ended.get("reason") == "OOMKilled" and "running" not in state,
        restart_count=int(status.get("restartCount") or 0),
        created_at=about.get("creationTimestamp") or "",
        started_at=(state.get("running") or {}).get("startedAt") or "",
        finished_at=ended.get("finishedAt") or "",
        image_id=status.get("imageID") or "",
        image=spec.get("image") or "",
        config_hash="",
        error=_error(state),
        health_output="",
    )


def _status(pod: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    for one in (pod.get("status") or {}).get("containerStatuses") or []:
        if one["name"] == name:
            return dict(one)
    return {}


def _state(state: Mapping[str, Any]) -> str:
    if "running" in state:
        return "running"
    if "terminated" in state:
        return "exited"
    return "restarting" if (state.get("waiting") or {}).get("reason") == _RESTARTING else "created"


def _health(spec: Mapping[str, Any], state: Mapping[str, Any], is_ready: bool) -> str:
    if is_ready:
        return "healthy" if spec.get("readinessProbe") else "none"
    return "starting" if "running" in state else "none"


def _error(state: Mapping[str, Any]) -> str:
    waiting = state.get("waiting") or {}
    reason = waiting.get("reason") or ""
    if reason in _ON_ITS_WAY or reason == _RESTARTING:
        return ""
    return f"{reason}: {waiting['message']}" if waiting.get("message") else reason
