"""Pods as the containers that checks know, and commands that borrow the secrets of their container."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.running._containers import (
    containers_in,
    service_of,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.running._project import borrowing


def pod(name: str = "web-6d4f-x1", kind: str = "ReplicaSet", owner: str = "web-6d4f", **status: Any) -> dict[str, Any]:
    """A pod of the Deployment web with one container, which has ``status``."""
    about = {
        "name": name,
        "creationTimestamp": "2026-11-25T02:00:00Z",
        "labels": {"pod-template-hash": "6d4f"},
        "ownerReferences": [{"controller": True, "kind": kind, "name": owner}],
    }
    spec = {"containers": [{"name": "app", "image": "shop/web@sha256:1", "readinessProbe": {"httpGet": {}}}]}
    found = [{"name": "app", "imageID": "sha256:1", **status}] if status else []
    return {"metadata": about, "spec": spec, "status": {"containerStatuses": found}}


@pytest.mark.parametrize(
    ("found", "service"),
    [
        pytest.param(pod(), ("Deployment", "web"), id="a Deployment, through its ReplicaSet"),
        pytest.param(pod(owner="other"), ("ReplicaSet", "other"), id="a ReplicaSet of its own"),
        pytest.param(pod(kind="StatefulSet", owner="db"), ("StatefulSet", "db"), id="a StatefulSet"),
        pytest.param(pod(kind="Job", owner="ops-shop-migration"), ("Job", "ops-shop-migration"), id="a Job"),
        pytest.param({"metadata": {"name": "alone"}}, ("Pod", "alone"), id="a pod of its own"),
    ],
)
def test_a_pod_belongs_to_the_workload_that_made_it(found: dict[str, Any], service: tuple[str, str]) -> None:
    assert service_of(found) == service


RUNS = {"running": {"startedAt": "2026-11-25T02:00:05Z"}}
ENDED = {"terminated": {"exitCode": 3, "finishedAt": "2026-11-25T02:01:00Z"}}
OOM = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        pytest.param({"state": RUNS, "ready": True}, ("running", "healthy", 0, False, ""), id="it serves"),
        pytest.param({"state": RUNS}, ("running", "starting", 0, False, ""), id="it is not ready yet"),
        pytest.param(
            {"state": RUNS, "lastState": ENDED, "ready": True}, ("running", "healthy", 0, False, ""), id="it runs again"
        ),
        pytest.param({"state": ENDED}, ("exited", "none", 3, False, ""), id="it has ended"),
        pytest.param({"state": OOM}, ("exited", "none", 137, True, ""), id="it was killed for want of memory"),
        pytest.param(
            {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ENDED},
            ("restarting", "none", 3, False, ""),
            id="it crashes again and again",
        ),
        pytest.param(
            {"state": {"waiting": {"reason": "ContainerCreating"}}}, ("created", "none", 0, False, ""), id="on its way"
        ),
        pytest.param(
            {"state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}},
            ("created", "none", 0, False, "ErrImagePull: not found"),
            id="it cannot be made",
        ),
        pytest.param({}, ("created", "none", 0, False, ""), id="no node has it yet"),
    ],
)
def test_a_container_is_as_its_status_says(status: dict[str, Any], wanted: tuple[Any, ...]) -> None:
    [one] = containers_in([pod(**status)])
    assert (one.state, one.health, one.exit_code, one.oom_killed, one.error) == wanted
    assert (one.id, one.service, one.oneoff) == ("web-6d4f-x1/app", "web", False)


def test_pods_of_a_service_are_numbered_and_those_of_jobs_are_passing() -> None:
    found = containers_in([pod("web-6d4f-a"), pod("web-6d4f-b"), pod("m-1", "Job", "m")])
    assert [(one.service, one.number, one.oneoff) for one in found] == [
        ("web", 1, False),
        ("web", 2, False),
        ("m", 1, True),
    ]


@pytest.mark.parametrize(
    ("borrowed", "environment", "said"),
    [
        pytest.param({}, {}, "-", id="nothing"),
        pytest.param({"PGPASSWORD": "POSTGRES_PASSWORD"}, {}, 'it\'s $ecret "quoted"', id="a secret"),
        pytest.param({"PGPASSWORD": "NOT_SET"}, {}, "-", id="one that the container does not have"),
        pytest.param({"PGPASSWORD": "EMPTY"}, {}, "", id="an empty one"),
        pytest.param({}, {"PGPASSWORD": "plain"}, "plain", id="what is no secret is given"),
    ],
)
def test_a_command_borrows_the_secrets_of_its_container(
    borrowed: dict[str, str], environment: dict[str, str], said: str
) -> None:
    secret = 'it\'s $ecret "quoted"'
    argv = borrowing(["sh", "-c", 'printf "%s" "${PGPASSWORD--}"'], borrowed, environment)
    assert secret not in " ".join(argv)
    there = {"POSTGRES_PASSWORD": secret, "EMPTY": "", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(argv, env=there, capture_output=True, text=True, check=True)
    assert done.stdout == said
