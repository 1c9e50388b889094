"""Whether a workload is ready, as tables of cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._pods import Patience
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._readiness import judge
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._scene import (
    CRASHED,
    UNPROBED,
    Readiness,
    Scene,
    ready_before,
)
from tests.unit.support.kube import Object, ended, event, exit_of, pod, replica_set, running, thing, waits, workload

DONE = {"updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1, "replicas": 1}
CRASHING = waits("CrashLoopBackOff", restarts=1, last=exit_of(1))
FIRST_GOES = {"strategy": {"rollingUpdate": {"maxUnavailable": 1}}}
HASH = "controller-revision-hash"


def scene_of(
    found: Object, new: list[Object] | None = None, old: list[Object] | None = None, **more: Any
) -> tuple[Object, Scene]:
    """A Deployment with a present and an older ReplicaSet, and pods of both."""
    present, former = replica_set(found, **more.pop("present", {})), replica_set(found, "app:0", "web-0")
    for owner, pods in ((present, new or []), (former, old or [])):
        for one in pods:
            one["metadata"]["ownerReferences"] = [{"uid": owner["metadata"]["uid"], "controller": True}]
    return found, Scene(pods=[*(new or []), *(old or [])], replica_sets=[present, former], **more)


def expired(name: str) -> Object:
    message = f'ReplicaSet "{name}" has timed out progressing.'
    return {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": message}


def refused(message: str) -> Object:
    conditions = [{"type": "ReplicaFailure", "status": "True", "message": message}]
    return {"status": {"observedGeneration": 1, "conditions": conditions}}


DEPLOYMENTS: list[tuple[str, Callable[[], tuple[Object, Scene]], str, str]] = [
    ("done", lambda: scene_of(workload(status=DONE), [pod()]), "ready", ""),
    (
        "stale",
        lambda: scene_of(workload(status=DONE, metadata={"generation": 2}), [pod()]),
        "waiting",
        "StaleGeneration",
    ),
    ("no ReplicaSet yet", lambda: (workload(status=DONE), Scene()), "waiting", "Progressing"),
    ("figures without the pod", lambda: scene_of(workload(status=DONE)), "waiting", "Progressing"),
    ("the pod without the figures", lambda: scene_of(workload(), [pod()]), "waiting", "Progressing"),
    ("an old pod", lambda: scene_of(workload(status=DONE), [pod()], [pod()]), "waiting", "Progressing"),
    (
        "an old pod that leaves",
        lambda: scene_of(workload(status=DONE), [pod()], [pod(leaving=True)]),
        "waiting",
        "Draining",
    ),
    (
        "an old pod that leaves where nobody minds",
        lambda: scene_of(workload(status=DONE), [pod()], [pod(leaving=True)], patience=Patience(until_gone=False)),
        "ready",
        "",
    ),
    (
        "an old pod that stays where nobody minds those that leave",
        lambda: scene_of(workload(status=DONE), [pod()], [pod()], patience=Patience(until_gone=False)),
        "waiting",
        "Progressing",
    ),
    ("an evicted old pod", lambda: scene_of(workload(status=DONE), [pod()], [pod(phase="Failed")]), "ready", ""),
    (
        "a surplus pod that leaves",
        lambda: scene_of(workload(status=DONE), [pod(), pod(leaving=True)]),
        "waiting",
        "Draining",
    ),
    (
        "a new pod is not ready, and an old one leaves",
        lambda: scene_of(workload(), [pod(None, running(ready=False))], [pod(leaving=True)]),
        "waiting",
        "NotReady",
    ),
    ("one too many", lambda: scene_of(workload(status=DONE), [pod(), pod()]), "waiting", "Progressing"),
    ("zero", lambda: scene_of(workload(spec={"replicas": 0})), "ready", "ZeroReplicas"),
    (
        "zero, not yet",
        lambda: scene_of(workload(spec={"replicas": 0}), [], [pod(leaving=True)]),
        "waiting",
        "Draining",
    ),
    ("paused", lambda: scene_of(workload(spec={"paused": True}), [], [pod()]), "failed", "Paused"),
    (
        "paused after it was done",
        lambda: scene_of(workload(spec={"paused": True}, status=DONE), [pod()]),
        "ready",
        "Paused",
    ),
    ("a new pod crashes", lambda: scene_of(workload(), [pod(None, CRASHING)], [pod()]), "failed", "CrashLoopBackOff"),
    (
        "an old pod crashes",
        lambda: scene_of(workload(), [pod(None, running(ready=False))], [pod(None, CRASHING)]),
        "waiting",
        "NotReady",
    ),
    (
        "a leaving pod crashes",
        lambda: scene_of(workload(), [pod(None, CRASHING, leaving=True)]),
        "waiting",
        "Draining",
    ),
    (
        "the deadline",
        lambda: scene_of(workload(status={"conditions": [expired("web-1")]}), [pod(None, running(ready=False))]),
        "failed",
        "ProgressDeadlineExceeded",
    ),
    (
        "the deadline of the one before",
        lambda: scene_of(workload(status={"conditions": [expired("web-0")]})),
        "waiting",
        "Progressing",
    ),
    ("a quota", lambda: scene_of(workload(), present=refused("exceeded quota: q")), "failed", "QuotaExceeded"),
    (
        "a quota, old pods make room",
        lambda: scene_of(workload(), [], [pod(leaving=True)], present=refused("exceeded quota: q"), leaving_for=0.1),
        "waiting",
        "QuotaExceeded",
    ),
    (
        "a quota, old pods may go first",
        lambda: scene_of(workload(spec=FIRST_GOES), [], [pod()], present=refused("exceeded quota: q")),
        "waiting",
        "QuotaExceeded",
    ),
    (
        "a quota, old pods stay until the new ones are there",
        lambda: scene_of(workload(), [], [pod()], present=refused("exceeded quota: q")),
        "failed",
        "QuotaExceeded",
    ),
    (
        "a webhook",
        lambda: scene_of(workload(), present=refused('admission webhook "x" denied the request: no')),
        "failed",
        "AdmissionRefused",
    ),
    (
        "a webhook that is away",
        lambda: scene_of(workload(), present=refused("failed calling webhook")),
        "waiting",
        "FailedCreate",
    ),
    (
        "an account that is just being made",
        lambda: scene_of(workload(), present=refused('pods "x" is forbidden: serviceaccount "default" not found')),
        "waiting",
        "ServiceAccountMissing",
    ),
    (
        "being deleted",
        lambda: scene_of(workload(status=DONE, metadata={"deletionTimestamp": "x"}), [pod()]),
        "failed",
        "Deleted",
    ),
]


@pytest.mark.parametrize(
    ("case", "state", "reason"), [one[1:] for one in DEPLOYMENTS], ids=[one[0] for one in DEPLOYMENTS]
)
def test_a_deployment(case: Callable[[], tuple[Object, Scene]], state: str, reason: str) -> None:
    found = judge(*case())
    assert (found.state, found.reason) == (state, reason), found
    assert found.state != "waiting" or found.detail


def with_service(addresses: list[Object], **more: Any) -> Readiness:
    serving = pod()
    service = thing("Service", "web", spec={"selector": {"app": "web"}})
    targets = [{"targetRef": {"kind": "Pod", "uid": one["metadata"]["uid"]}} for one in addresses or [serving]]
    endpoints = thing("Endpoints", "web", subsets=[{more.get("part", "addresses"): targets}])
    return judge(*scene_of(workload(status=DONE), [serving], services=[service], endpoints=[endpoints]))


@pytest.mark.parametrize(
    ("case", "serves"),
    [
        pytest.param(lambda: scene_of(workload(status=DONE), [pod()], [pod(leaving=True)]), True, id="beside new ones"),
        pytest.param(lambda: scene_of(workload(), [], [pod(leaving=True)]), False, id="before new ones"),
        pytest.param(
            lambda: scene_of(workload(spec={"replicas": 0}), [], [pod(leaving=True)]), False, id="and none is to come"
        ),
    ],
)
def test_a_pod_that_ends_is_no_reason_not_to_serve(case: Callable[[], tuple[Object, Scene]], serves: bool) -> None:
    found, scene = case()
    verdict = judge(found, scene)
    assert (verdict.reason, verdict.serves) == ("Draining", serves)
    assert verdict.leaving == {scene.pods[-1]["metadata"]["uid"]}


OURS = {"doppelganger.ops/application": "shop"}
NAMED = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
WITH_PORT = {"ports": [{"name": "http", "containerPort": 8080}]}


def with_named_port(*others: Object, ours: bool = True) -> Readiness:
    """A workload without the port that a Service names; ``others`` are pods with the same labels."""
    found, scene = scene_of(workload(status=DONE, metadata={"labels": OURS}), [pod(labels={"app": "web"})])
    service = thing("Service", "shop", spec=NAMED, metadata={"labels": OURS if ours else {}})
    return judge(found, replace(scene, pods=[*scene.pods, *others], services=[service]))


def test_a_service_is_not_missed_where_pods_have_no_port_for_it() -> None:
    serving = pod(name="front", labels={"app": "web"})
    serving["spec"]["containers"][0].update(WITH_PORT)
    found = with_named_port(serving)
    assert (found.state, found.settle) == ("ready", 0.0)
    assert "port named http" in found.note
    assert (lost := with_named_port()).reason == "EndpointsNotReady"
    assert lost.patience == Patience().other
    assert with_named_port(ours=False).state == "ready"


def test_a_service_of_somebody_else_is_waited_for_and_noted() -> None:
    found, scene = scene_of(workload(status=DONE, metadata={"labels": OURS}), [pod()])
    service = thing("Service", "leftover", spec={"selector": {"app": "web"}})
    verdict = judge(found, replace(scene, services=[service]))
    assert (verdict.state, verdict.settle) == ("ready", Patience().other)
    assert "leftover sends to 0 of 1" in verdict.note


def test_a_service_sends_to_the_new_pods_and_to_no_other() -> None:
    assert with_service([]).state == "ready"
    assert with_service([pod()]).detail == "the Service web still sends to 1 pods that are gone"
    assert with_service([], part="notReadyAddresses").reason == "EndpointsNotReady"


def test_pods_without_a_probe_have_to_stay_ready() -> None:
    assert judge(*scene_of(workload(status=DONE), [pod()])).settle == 0
    young = pod(probed=False)
    assert judge(*scene_of(workload(status=DONE), [young])).settle == UNPROBED
    assert judge(*scene_of(workload(status=DONE), [young], before=ready_before([young]))).settle == 0
    crashed = pod(None, running(restarts=1, last=exit_of(1)))
    assert judge(*scene_of(workload(status=DONE), [crashed])).settle == CRASHED


def a_set(strategy: Object | None = None, *pods: tuple[int, str, Object], wanted: int = 2, **status: Any) -> Readiness:
    shown = {"readyReplicas": wanted, "updateRevision": "new", "currentRevision": "old", **status}
    found = workload("StatefulSet", spec={"replicas": wanted, "updateStrategy": strategy or {}}, status=shown)
    made = [pod(found, state, name=f"web-{number}", labels={HASH: revision}) for number, revision, state in pods]
    return judge(found, Scene(pods=made))


def partition(number: int) -> Object:
    return {"type": "RollingUpdate", "rollingUpdate": {"partition": number}}


def test_a_stateful_set() -> None:
    both = [(0, "new", running()), (1, "new", running())]
    one_old = [(0, "old", running()), (1, "new", running())]
    assert a_set(None, *both).state == "ready"
    assert a_set(None, *one_old).state == "waiting"
    assert (found := a_set(partition(1), *one_old)).state == "ready"
    assert found.reason == "Partition"
    assert a_set(partition(1), (0, "new", running()), (1, "old", running())).state == "waiting"
    manual = a_set({"type": "OnDelete"}, *one_old)
    assert (manual.state, manual.reason) == ("ready", "OnDelete")
    assert "web-0" in manual.note
    assert a_set({"type": "OnDelete"}, (0, "old", CRASHING), (1, "new", running())).state == "ready"
    assert a_set({"type": "OnDelete"}, (0, "old", running()), (1, "new", CRASHING)).state == "failed"
    assert a_set({"type": "OnDelete"}, (0, "old", running())).state == "waiting"
    assert a_set({"type": "OnDelete"}, *both).note == ""
    assert a_set(None, *both, wanted=1).state == "waiting"
    blocked = a_set(None, (0, "old", CRASHING))
    assert (blocked.state, blocked.reason, blocked.pod) == ("waiting", "BlockedByOldPod", "web-0")
    assert blocked.blocker is not None
    assert a_set(None, (0, "old", running()), (1, "new", CRASHING)).reason == "CrashLoopBackOff"


def test_a_daemon_set() -> None:
    def look(hashes: list[str], **more: Any) -> Readiness:
        shown = {"desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1, **more}
        found = workload("DaemonSet", status=shown)
        revisions = [
            thing("ControllerRevision", name, "apps/v1", found, revision=number, metadata={"labels": {HASH: name}})
            for number, name in enumerate(["old", "new"])
        ]
        return judge(found, Scene(pods=[pod(found, labels={HASH: one}) for one in hashes], revisions=revisions))

    assert look(["new"]).state == "ready"
    assert look(["old"]).state == "waiting"
    assert look(["new", "old"]).state == "waiting"
    assert look([], desiredNumberScheduled=0, updatedNumberScheduled=0, numberAvailable=0).reason == "ZeroReplicas"


REPLICA_SETS = [
    ([("app:1", running()), ("app:1", running())], "ready", ""),
    ([("app:0", running()), ("app:1", running())], "ready", "OnDelete"),
    ([("app:0", CRASHING), ("app:1", running())], "ready", "OnDelete"),
    ([("app:1", CRASHING), ("app:1", running())], "failed", "CrashLoopBackOff"),
    ([("app:1", running(ready=False)), ("app:1", running())], "waiting", "NotReady"),
    ([("app:1", running())], "waiting", "Progressing"),
]


@pytest.mark.parametrize("kind", ["ReplicaSet", "ReplicationController"])
@pytest.mark.parametrize(("pods", "state", "reason"), REPLICA_SETS)
def test_a_set_of_pods_that_nobody_replaces(kind: str, pods: list[tuple[str, Object]], state: str, reason: str) -> None:
    found = workload(kind, spec={"replicas": 2}, status={"availableReplicas": 2})
    made = [pod(found, status) for _, status in pods]
    for one, (image, _) in zip(made, pods, strict=True):
        one["spec"]["containers"][0]["image"] = image
    verdict = judge(found, Scene(pods=made))
    assert (verdict.state, verdict.reason) == (state, reason)


def test_a_container_that_admission_added_makes_no_pod_older() -> None:
    found = workload("ReplicaSet", status={"availableReplicas": 1})
    crashing = pod(found, CRASHING)
    crashing["spec"]["containers"] = [{"name": "app", "image": "app:1"}, {"name": "mesh", "image": "mesh:1"}]
    assert judge(found, Scene(pods=[crashing])).reason == "CrashLoopBackOff"


DIGEST = "shop@sha256:" + "a" * 64
BARE = [
    (pod(), "ready", "", 0.0),
    (pod(probed=False), "ready", "", UNPROBED),
    (pod(None, CRASHING), "failed", "CrashLoopBackOff", 0.0),
    (pod(None, running(ready=False)), "waiting", "NotReady", 0.0),
    (pod(None, running(restarts=1, last=exit_of(1))), "ready", "", CRASHED),
    (pod(None, ended(0), phase="Succeeded"), "ready", "Complete", 0.0),
    (pod(None, ended(2), phase="Failed"), "failed", "Failed", 0.0),
    (pod(leaving=True), "failed", "Deleted", 0.0),
]


@pytest.mark.parametrize(("one", "state", "reason", "settle"), BARE)
def test_a_pod_of_its_own(one: Object, state: str, reason: str, settle: float) -> None:
    verdict = judge(one, Scene(pods=[one]))
    assert (verdict.state, verdict.reason, verdict.settle) == (state, reason, settle)


@pytest.mark.parametrize(("runs", "settle"), [(f"docker-pullable://{DIGEST}", 0.0), ("docker-pullable://x", CRASHED)])
def test_a_pod_that_may_still_run_the_image_from_before_is_looked_at_for_a_while(runs: str, settle: float) -> None:
    one = pod()
    one["spec"]["containers"][0]["image"] = DIGEST
    one["status"]["containerStatuses"][0]["imageID"] = runs
    assert judge(one, Scene(pods=[one], before=ready_before([one]))).settle == settle


JOBS = [
    ({"conditions": [{"type": "Complete", "status": "True"}]}, {}, [], "ready", "Complete"),
    (
        {"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]},
        {},
        [],
        "failed",
        "DeadlineExceeded",
    ),
    (
        {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]},
        {},
        [ended(3)],
        "failed",
        "BackoffLimitExceeded",
    ),
    ({"active": 1}, {}, [running()], "waiting", "Progressing"),
    ({"active": 1}, {}, [waits("ErrImagePull", "not found")], "failed", "ErrImagePull"),
    ({"active": 1}, {}, [CRASHING], "waiting", "CrashLoopBackOff"),
    ({}, {"suspend": True}, [], "failed", "Suspended"),
]
COMPLETE = {"conditions": [{"type": "Complete", "status": "True"}]}


@pytest.mark.parametrize(("status", "spec", "pods", "state", "reason"), JOBS)
def test_a_job(status: Object, spec: Object, pods: list[Object], state: str, reason: str) -> None:
    found = workload("Job", spec=spec, status=status)
    verdict = judge(found, Scene(pods=[pod(found, one) for one in pods]))
    assert (verdict.state, verdict.reason) == (state, reason)
    if reason == "BackoffLimitExceeded":
        assert (verdict.pod, verdict.container) == ("web-1-a", "app")
        assert "exit code 3" in verdict.detail


@pytest.mark.parametrize(("status", "state", "reason"), [(COMPLETE, "ready", "Complete"), ({}, "failed", "Deleted")])
def test_a_job_that_is_being_deleted_may_be_done(status: Object, state: str, reason: str) -> None:
    verdict = judge(workload("Job", status=status, metadata={"deletionTimestamp": "x"}), Scene())
    assert (verdict.state, verdict.reason) == (state, reason)


def test_a_job_that_is_told_of_before_its_last_pod_waits_for_it_a_moment() -> None:
    conditions = [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]
    found = workload("Job", status={"conditions": conditions})
    verdict = judge(found, Scene(pods=[pod(found, running())]))
    assert (verdict.state, verdict.reason, verdict.patience) == ("waiting", "BackoffLimitExceeded", 1.0)


@pytest.mark.parametrize(
    ("generation", "at", "state"),
    [
        (1, "2026-01-01T00:00:04Z", "failed"),
        (2, "2026-01-01T00:00:04Z", "waiting"),
        (2, "2026-01-01T00:00:05Z", "failed"),
        (1, "2026-01-01T00:00:03Z", "waiting"),
    ],
)
def test_a_refusal_counts_from_the_last_change_on(generation: int, at: str, state: str) -> None:
    managed = [{"manager": "x", "operation": "Apply", "time": "2026-01-01T00:00:04Z", "fieldsV1": {"f:spec": {}}}]
    metadata = {"generation": generation, "managedFields": managed}
    found = workload("StatefulSet", status={"observedGeneration": 0}, metadata=metadata)
    words = 'create Pod web-0 in StatefulSet web failed error: pods "web-0" is forbidden: exceeded quota: q'
    verdict = judge(found, Scene(events=[event(found, "FailedCreate", words, at)]))
    assert verdict.state == state
    assert state == "waiting" or verdict.detail.startswith('pods "web-0"')


def test_a_pod_that_was_made_before_its_controller_has_heard_of_it_is_no_refusal() -> None:
    found = workload("StatefulSet", status={"observedGeneration": 0})
    words = (
        "create Pod web-0 in StatefulSet web failed error: The POST operation against Pod could not be completed at "
        "this time, please try again."
    )
    told = event(found, "FailedCreate", words, "2026-01-01T00:00:09Z")
    assert judge(found, Scene(events=[told])).reason != "FailedCreate"


@pytest.mark.parametrize(
    ("leaving", "leaving_for", "state", "patience"),
    [(False, 0.0, "failed", None), (True, 4.0, "waiting", None), (False, 4.0, "waiting", 18.0)],
)
def test_a_quota_counts_pods_until_they_are_gone_and_whoever_is_refused_asks_again_later(
    leaving: bool, leaving_for: float, state: str, patience: float | None
) -> None:
    found, scene = scene_of(workload(), present=refused("exceeded quota: q"))
    others = [pod(name="other-1", leaving=True)] if leaving else []
    verdict = judge(found, replace(scene, pods=others, leaving_for=leaving_for))
    assert (verdict.state, verdict.patience) == (state, patience)
    assert ("on their way out: other-1" in verdict.detail) is leaving


@pytest.mark.parametrize(("old", "makes_room"), [([], False), ([pod()], True)])
def test_old_pods_make_room_where_the_new_ones_are_not_refused(old: list[Object], makes_room: bool) -> None:
    assert judge(*scene_of(workload(), [pod(None, running(ready=False))], old)).makes_room is makes_room
    assert not judge(*scene_of(workload(), [], old, present=refused("exceeded quota: q"))).makes_room
