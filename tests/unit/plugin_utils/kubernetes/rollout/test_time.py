"""What does not count while a release starts: the time of pods that end, and crashes for want of something else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._hints import hint_for
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._scene import Readiness
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._time import Draining, Pardons
from tests.unit.support.kube import Object, exit_of, pod, replica_set, running, waits, workload

WEB, DB = "Deployment/web", "StatefulSet/db"
STARTS = Readiness("waiting", DB, "NotReady")
READY = Readiness("ready", DB)


def leaving(grace: int | None = None) -> Object:
    found = pod(leaving=True)
    if grace is not None:
        found["metadata"]["deletionGracePeriodSeconds"] = grace
    return found


@pytest.mark.parametrize(
    ("grace", "serves", "at", "held"),
    [
        pytest.param(60, False, 70.0, 10.0, id="within its grace period and what its kubelet needs"),
        pytest.param(60, False, 80.0, 0.0, id="after it"),
        pytest.param(60, True, 70.0, 0.0, id="where others serve"),
        pytest.param(None, False, 40.0, 10.0, id="as long as the kubelet gives one that does not say"),
        pytest.param(None, False, 50.0, 0.0, id="and no longer"),
    ],
)
def test_time_in_which_a_pod_ends_does_not_count(grace: int | None, serves: bool, at: float, held: float) -> None:
    draining, old = Draining(), leaving(grace)
    draining.see([old], 0.0)
    draining.see([old], 30.0)  # seen again: its time has begun before
    one = Readiness("waiting", WEB, "Draining", leaving=frozenset({old["metadata"]["uid"]}), serves=serves)
    assert draining.held([one, READY], at) == 0.0
    assert draining.held([], at + 10) == held
    assert draining.held([], at + 20) == 0.0


def crashing() -> tuple[list[Object], Readiness]:
    owner = replica_set(workload())
    pods = [pod(owner, waits("CrashLoopBackOff", restarts=n, last=exit_of(1)), name=f"web-1-{n}") for n in (1, 4)]
    return pods, Readiness("failed", WEB, "CrashLoopBackOff", "exit code 1", "web-1-1", "app")


OTHERS = [
    pytest.param([STARTS], True, id="another starts"),
    pytest.param([READY], False, id="another is ready"),
    pytest.param([], False, id="there is no other"),
    pytest.param([replace(STARTS, state="failed")], False, id="another has failed"),
    pytest.param([replace(STARTS, reason="Error")], False, id="another has crashed itself"),
    pytest.param([replace(STARTS, reason="Init:Error")], False, id="or what it runs first has"),
    pytest.param([replace(STARTS, reason="Draining", serves=True)], False, id="another only ends its old pods"),
]


@pytest.mark.parametrize(("others", "is_pardoned"), OTHERS)
def test_a_crash_does_not_count_while_another_workload_starts(others: list[Readiness], is_pardoned: bool) -> None:
    pods, crash = crashing()
    pardons = Pardons()
    verdict, *left = pardons.given([crash, *others], [*pods, pod(name="stranger")])
    assert left == others
    assert verdict.state == ("waiting" if is_pardoned else "failed")
    uids = [one["metadata"]["uid"] for one in pods]
    # the attempt that is on its way does not count either
    assert pardons.restarts == ({f"{uids[0]}/app": 2, f"{uids[1]}/app": 5} if is_pardoned else {})
    assert bool(pardons.note_of(WEB)) is is_pardoned


@pytest.mark.parametrize("reason", ["OOMKilled", "ContainerCannotRun", "ErrImagePull", "QuotaExceeded"])
def test_what_is_no_crash_for_want_of_something_is_not_pardoned(reason: str) -> None:
    pods, crash = crashing()
    pods.append(pod(None, running()))
    assert Pardons().given([replace(crash, reason=reason), STARTS], pods)[0].state == "failed"


HINTS = [
    ("ClaimMissing", 'persistentvolumeclaim "data" not found', "PersistentVolumeClaim"),
    ("Unschedulable", "0/3 nodes: 3 Insufficient cpu", "nodes"),
    ("Unschedulable", "0/3 nodes: 3 node(s) didn't match node selector", "nodeSelector"),
    ("Unschedulable", "0/3 nodes: 3 node(s) had taint {a: b}", "tolerations"),
    ("Unschedulable", "pod has unbound immediate PersistentVolumeClaims", "storage class"),
    ("FailedMount", 'secret "x" not found', "manifests"),
    ("FailedMount", "timed out waiting for the condition", "kubectl describe"),
    ("Init:OOMKilled", "", "memory"),
    ("CreateContainerConfigError", "container has runAsNonRoot and image will run as root", "securityContext"),
    ("EndpointsNotReady", "none of its containers has a port named http", "targetPort"),
    ("Error", "exit code 1", "otherwise"),
]


@pytest.mark.parametrize(("reason", "detail", "word"), HINTS)
def test_a_hint_fits_the_cause(reason: str, detail: str, word: str) -> None:
    assert word in hint_for(Readiness("failed", WEB, reason, detail), "otherwise")
