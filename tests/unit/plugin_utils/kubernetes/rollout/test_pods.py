"""What is wrong with a pod, as a table of cases."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._pods import (
    Patience,
    restarts_of,
    trouble_of,
)
from tests.unit.support.kube import ended, event, exit_of, pod, running, waits

FINAL, PATIENT, OPEN = "final", "patient", "open"
OOM = exit_of(137, "OOMKilled")
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}


def slow_start() -> Any:
    found = ended(128, "ContainerCannotRun")
    found["state"]["terminated"]["message"] = "context deadline exceeded"
    return found


def slow_backing_off() -> Any:
    return waits("CrashLoopBackOff", restarts=1, last=slow_start()["state"])


CASES: list[tuple[str, Any, str, str]] = [
    ("the first crash", ended(1), "Error", OPEN),
    ("started again after it", running(ready=False, restarts=1, last=exit_of(1)), "Error", OPEN),
    ("the second crash", ended(1, restarts=1, last=exit_of(1)), "CrashLoopBackOff", FINAL),
    ("backing off", waits("CrashLoopBackOff", restarts=1, last=exit_of(1)), "CrashLoopBackOff", FINAL),
    (
        "backing off after ending well",
        waits("CrashLoopBackOff", restarts=2, last=exit_of(0)),
        "CrashLoopBackOff",
        FINAL,
    ),
    ("started again after two", running(restarts=2, last=exit_of(1)), "CrashLoopBackOff", FINAL),
    ("memory, now", ended(137, "OOMKilled"), "OOMKilled", FINAL),
    ("memory, started again", running(restarts=1, last=OOM), "OOMKilled", FINAL),
    ("backing off, and nothing left of what was", waits("CrashLoopBackOff", "back-off 10s"), "CrashLoopBackOff", FINAL),
    ("a runtime that was late", slow_start(), "ContainerCannotRun", PATIENT),
    ("a runtime that was late, backing off", slow_backing_off(), "ContainerCannotRun", PATIENT),
    ("a command that is not there", ended(127, "ContainerCannotRun"), "ContainerCannotRun", FINAL),
    ("containerd's word for it", waits("RunContainerError", restarts=0, last={}), "RunContainerError", FINAL),
    ("no such image", waits("ErrImagePull", "manifest unknown"), "ErrImagePull", FINAL),
    ("no permission", waits("ErrImagePull", "pull access denied for x"), "ErrImagePull", FINAL),
    ("a slow registry", waits("ErrImagePull", "i/o timeout"), "ImagePullBackOff", PATIENT),
    (
        "a busy registry behind a mirror",
        waits("ErrImagePull", "unexpected status code 429: manifest unknown: not found in cache"),
        "ImagePullBackOff",
        PATIENT,
    ),
    ("a tag like a status", waits("ErrImagePull", 'manifest for "x:429" not found'), "ErrImagePull", FINAL),
    ("a mirror that is away", waits("ErrImagePull", "502 Bad Gateway: not found"), "ImagePullBackOff", PATIENT),
    ("a busy registry", waits("ErrImagePull", "toomanyrequests: slow down"), "ImagePullBackOff", PATIENT),
    (
        "backing off, cause unknown",
        waits("ImagePullBackOff", 'Back-off pulling image "x"'),
        "ImagePullBackOff",
        PATIENT,
    ),
    (
        "a newer kubelet says why",
        waits("ImagePullBackOff", 'Back-off pulling image "x": not found'),
        "ImagePullBackOff",
        FINAL,
    ),
    ("a name that is none", waits("InvalidImageName", "bad"), "InvalidImageName", FINAL),
    ("not to be pulled", waits("ErrImageNeverPull"), "ErrImageNeverPull", FINAL),
    (
        "a missing ConfigMap",
        waits("CreateContainerConfigError", 'configmap "x" not found'),
        "CreateContainerConfigError",
        FINAL,
    ),
    (
        "a kubelet that was late",
        waits("CreateContainerConfigError", "failed to sync secret cache: timed out waiting for the condition"),
        "CreateContainerConfigError",
        PATIENT,
    ),
    ("cannot be made", waits("CreateContainerError", "no command specified"), "CreateContainerError", FINAL),
    ("being made", waits("ContainerCreating"), "NotReady", OPEN),
    ("not ready yet", running(ready=False), "NotReady", OPEN),
]


@pytest.mark.parametrize(("status", "reason", "weight"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_container(status: Any, reason: str, weight: str) -> None:
    found = trouble_of(pod(None, status), patience=Patience(1, 2, 3, 4))
    assert found is not None
    assert (found.reason, found.pod) == (reason, "web-1-a")
    assert (FINAL if found.final else OPEN if found.patience is None else PATIENT) == weight


def test_who_may_try_again_gets_the_time_for_it() -> None:
    longest_pause = 15  # of the kubelet, between two attempts
    assert min(Patience().pull, Patience().kubelet) > 2 * longest_pause


@pytest.mark.parametrize("names_a_login", [True, False])
def test_a_login_that_a_pod_names_may_come_after_it(names_a_login: bool) -> None:
    pulling = pod(None, waits("ErrImagePull", 'Get "http://r/v2/x/manifests/1": no basic auth credentials'))
    if names_a_login:
        pulling["spec"]["imagePullSecrets"] = [{"name": "registry"}]
    found = trouble_of(pulling)
    assert found is not None
    assert found.final is not names_a_login


def test_a_pod_that_is_ready_has_none() -> None:
    assert trouble_of(pod()) is None
    assert trouble_of(pod(None, running(restarts=1, last=exit_of(0)))) is None


def test_what_crashed_before_the_first_look_does_not_count() -> None:
    old = pod(None, running(restarts=5, last=OOM))
    assert trouble_of(old, before=restarts_of(old)) is None
    again = {**old, "status": {**old["status"], "containerStatuses": [running(restarts=6, last=OOM)]}}
    found = trouble_of(again, before=restarts_of(old))
    assert found is not None
    assert found.final


def test_the_pods_of_a_job_may_crash() -> None:
    found = trouble_of(pod(None, waits("CrashLoopBackOff", restarts=3, last=exit_of(1))), is_job=True)
    assert found is not None
    assert not found.final


def test_an_init_container_is_said_to_be_one() -> None:
    failing = waits("CrashLoopBackOff", restarts=1, last=exit_of(2))
    found = trouble_of(pod(None, waits("PodInitializing"), init={**failing, "name": "first"}))
    assert found is not None
    assert (found.reason, found.container, found.final) == ("Init:CrashLoopBackOff", "first", True)


def test_the_scheduler_is_quoted_and_given_time() -> None:
    found = trouble_of(pod(None, waits("x"), conditions=[UNSCHEDULABLE]), patience=Patience(unschedulable=7))
    assert found is not None
    assert (found.reason, found.detail, found.patience) == ("Unschedulable", "0/1 nodes", 7)


def test_a_volume_that_is_being_made_takes_as_long_as_it_takes() -> None:
    unbound = {**UNSCHEDULABLE, "message": "pod has unbound immediate PersistentVolumeClaims"}
    found = trouble_of(pod(None, waits("x"), conditions=[unbound]))
    assert found is not None
    assert (found.reason, found.patience, found.final) == ("Unschedulable", None, False)


def test_a_claim_that_is_missing_is_no_lack_of_nodes() -> None:
    words = 'persistentvolumeclaim "data" not found'
    found = trouble_of(pod(None, waits("x"), conditions=[{**UNSCHEDULABLE, "message": words}]))
    assert found is not None
    assert (found.reason, found.detail, found.patience) == ("ClaimMissing", words, Patience().other)


MISSING = [
    ("CreateContainerConfigError", 'secret "x" not found'),
    ("CreateContainerConfigError", "couldn't find key k in Secret shop/x"),
    ("FailedMount", 'MountVolume.SetUp failed for volume "v" : secret "x" not found'),
    ("FailedMount", "references non-existent secret key: k"),
]


@pytest.mark.parametrize(("reason", "words"), MISSING)
@pytest.mark.parametrize("patience", [0.0, 60.0])
def test_what_is_missing_gets_time_where_others_make_some_of_it(reason: str, words: str, patience: float) -> None:
    is_event = reason == "FailedMount"
    one = pod(None, waits("ContainerCreating") if is_event else waits(reason, words))
    found = trouble_of(one, [event(one, reason, words)] if is_event else [], patience=Patience(missing=patience))
    assert found is not None
    assert (found.reason, found.final, found.patience) == (reason, not patience, patience or None)


def test_which_log_tells() -> None:
    after, while_down = running(restarts=2, last=exit_of(1)), waits("CrashLoopBackOff", restarts=1, last=exit_of(1))
    found = [trouble_of(pod(None, status)) for status in (after, while_down)]
    assert [one.previous for one in found if one] == [True, False]


EVENTS = [
    (waits("ContainerCreating"), "FailedMount", 'secret "x" not found', "FailedMount", True),
    (waits("ContainerCreating"), "FailedMount", "references non-existent config key: x", "FailedMount", True),
    (waits("ContainerCreating"), "FailedMount", "timed out waiting for the condition", "FailedMount", False),
    (waits("ContainerCreating"), "FailedCreatePodSandBox", "no network", "FailedCreatePodSandBox", False),
    (waits("ContainerCreating"), "Failed", 'Failed to pull image "x": not found', "ErrImagePull", True),
    (waits("ContainerCreating"), "Failed", 'Failed to pull image "x": timeout', "NotReady", False),
    (
        waits("ImagePullBackOff", 'Back-off pulling image "x"'),
        "Failed",
        'Failed to pull image "x": not found',
        "ImagePullBackOff",
        True,
    ),
    (running(ready=False), "Unhealthy", "Readiness probe failed: no", "Unhealthy", False),
    (running(ready=False), "FailedMount", 'secret "x" not found', "NotReady", False),
]


@pytest.mark.parametrize(("status", "event_reason", "message", "reason", "final"), EVENTS)
def test_events_say_more(status: Any, event_reason: str, message: str, reason: str, final: bool) -> None:
    one = pod(None, status)
    found = trouble_of(one, [event(one, event_reason, message)])
    assert found is not None
    assert (found.reason, found.final) == (reason, final)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("", "Unhealthy", id="of the pod"),
        pytest.param("spec.containers{app}", "Unhealthy", id="of the container, as the kubelet says it"),
        pytest.param("spec.containers{other}", "NotReady", id="of another container"),
    ],
)
def test_a_failing_probe_is_that_of_its_container(path: str, reason: str) -> None:
    one = pod(None, running(ready=False))
    assert one["status"]["containerStatuses"][0]["name"] == "app"
    found = trouble_of(one, [event(one, "Unhealthy", "Readiness probe failed: no", path=path)])
    assert found is not None
    assert found.reason == reason


def test_a_pull_of_another_container_is_not_this_ones() -> None:
    one = pod(None, waits("ContainerCreating"))
    found = trouble_of(one, [event(one, "Failed", "Failed to pull image: not found", path="spec.containers{other}")])
    assert found is not None
    assert found.reason == "NotReady"


def test_a_volume_is_told_of_before_the_containers() -> None:
    one = pod()
    del one["status"]["containerStatuses"]
    one["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    found = trouble_of(one, [event(one, "FailedMount", 'configmap "x" not found')])
    assert found is not None
    assert found.final


def test_an_evicted_pod_is_named_and_not_final() -> None:
    found = trouble_of(pod(None, phase="Failed", reason="Evicted", message="low on memory"))
    assert found is not None
    assert (found.reason, found.final) == ("Evicted", False)
