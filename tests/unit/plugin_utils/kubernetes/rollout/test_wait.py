"""Waiting, over a cluster that tells what a test wants it to tell."""

from __future__ import annotations

import contextlib
import copy
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _progress
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import Unreachable
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._objects import Ref, ref_of
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout import _scene
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._pods import Patience
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._wait import (
    NotReady,
    patience_with,
    sources_for,
    wait,
)
from tests.unit.support.kube import Object, exit_of, pod, replica_set, running, waits, workload

DONE = {"updatedReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}
CRASHING = waits("CrashLoopBackOff", restarts=1, last=exit_of(1))
WEB = [Ref("apps", "Deployment", "web")]
SHORT = Patience(0.1, 0.1, 0.1, 0.1)


class Stream:
    """A watch that ends when it is closed."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[str, Object] | None] = queue.Queue()

    def __iter__(self) -> Iterator[tuple[str, Object]]:
        return self

    def __next__(self) -> tuple[str, Object]:
        found = self.told.get(timeout=10)
        if found is None:
            raise StopIteration
        return found

    def close(self) -> None:
        self.told.put(None)


class Told:
    """A cluster as far as a wait sees it."""

    def __init__(self, *things: Object) -> None:
        self.things = list(things)
        self.streams: dict[str, Stream] = {}
        self.watched = threading.Event()
        self.errors: dict[str, list[Exception]] = {}
        self.deleted: list[str] = []
        self.refuses_to_delete = False
        self.scales = "Scheduled"

    def list(self, api_version: str, kind: str, *, labels: str = "", fields: str = "") -> tuple[list[Object], str]:
        if self.errors.get(kind):
            raise self.errors[kind].pop(0)
        if kind == "Event" and fields.startswith("involvedObject"):
            return [{"reason": self.scales}], "1"
        return [copy.deepcopy(one) for one in self.things if one["kind"] == kind], "1"

    def watch(
        self, api_version: str, kind: str, *, labels: str = "", fields: str = "", since: str, seconds: float
    ) -> Stream:
        assert since == "1"
        self.streams[kind] = Stream()
        return self.streams[kind]

    def delete(
        self, api_version: str, kind: str, name: str, *, uid: str | None = None, propagation: str = "Background"
    ) -> bool:
        if self.refuses_to_delete:
            raise Refused("no right to delete pods")
        self.deleted.append(name)
        return True

    def log_end(self, pod: str, container: str, *, previous: bool = False, limit_bytes: int = 1_000_000) -> LogEnd:
        return LogEnd("" if previous else "this is\nthe secret\n")

    def tell(self, what: str, thing: Object) -> None:
        self.streams[thing["kind"]].told.put((what, copy.deepcopy(thing)))


def deployment(*statuses: Object, probed: bool = True, **status: Any) -> tuple[Object, Object, list[Object]]:
    found = workload(status=status or DONE)
    owner = replica_set(found)
    return found, owner, [pod(owner, one, probed=probed) for one in statuses]


def told(*statuses: Object, probed: bool = True, **status: Any) -> Told:
    found, owner, pods = deployment(*statuses, probed=probed, **status)
    return Told(found, owner, *pods)


def redact(text: str) -> str:
    return text.replace("secret", "***")


def follow(cluster: Told, timeout: float = 2, workloads: Sequence[Ref] = WEB) -> Any:
    return wait(cluster, workloads, timeout, redact=redact, patience=SHORT)


def test_what_is_ready_is_not_waited_for() -> None:
    started = time.monotonic()
    assert [one.state for one in follow(told(running()))] == ["ready"]
    assert follow(told(), workloads=[]) == []
    assert time.monotonic() - started < 1


def test_a_change_is_seen_at_once() -> None:
    found, owner, pods = deployment(running(ready=False))
    cluster = Told(found, owner, *pods)
    later = {**pods[0], "status": {**pods[0]["status"], "conditions": [{"type": "Ready", "status": "True"}],
                                   "containerStatuses": [running()]}}  # fmt: skip

    def change() -> None:
        while "Pod" not in cluster.streams:
            time.sleep(0.01)
        cluster.tell("MODIFIED", later)

    threading.Thread(target=change).start()
    assert [one.state for one in follow(cluster)] == ["ready"]


def test_what_it_waits_for_is_told_without_secrets() -> None:
    heard: list[str] = []
    with _progress.told_to(heard.append), pytest.raises(NotReady):
        wait(told(waits("ErrImagePull", "the secret")), WEB, 2, redact=redact, patience=SHORT)
    assert "in pod web-1-a" in heard[0]
    assert "the ***" in heard[0]
    assert "the secret" not in " ".join(heard)


def test_what_does_not_pass_ends_it_with_the_last_words_redacted() -> None:
    with pytest.raises(NotReady, match="CrashLoopBackOff in pod web-1-a, container app") as caught:
        follow(told(CRASHING))
    assert caught.value.data["log"] == ["this is", "the ***"]
    assert "the secret" not in str(caught.value)
    assert caught.value.data["readiness"][0]["pod"] == "web-1-a"


@pytest.mark.parametrize("status", [waits("ErrImagePull", "timeout"), waits("CreateContainerError", "timeout")])
def test_what_may_pass_gets_some_time(status: Mapping[str, Any]) -> None:
    started = time.monotonic()
    with pytest.raises(NotReady, match="failed to start"):
        follow(told(dict(status)))
    assert 0.1 <= time.monotonic() - started < 1.5


def test_the_deadline_names_what_was_missing() -> None:
    with pytest.raises(NotReady, match=r"did not become ready within 0\.3 s: Deployment/web: NotReady in pod web-1-a"):
        follow(told(running(ready=False)), timeout=0.3)


@pytest.mark.parametrize("reason", ["TriggeredScaleUp", "Nominated"])
def test_a_node_that_is_being_added_is_waited_for(reason: str) -> None:
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    cluster = told(waits("x"))
    cluster.things[-1]["status"]["conditions"].append(unscheduled)
    with pytest.raises(NotReady, match=r"failed to start.*Unschedulable"):
        follow(cluster)
    cluster.scales = reason
    with pytest.raises(NotReady, match=r"did not become ready.*Unschedulable"):
        follow(cluster, timeout=0.5)


def refused_by_a_quota() -> tuple[Told, list[Ref]]:
    """One workload starts and has an old pod yet, the other is refused its pod."""
    coming, refused = workload(), workload()
    refused["metadata"].update(name="other", uid="other")
    present, former = replica_set(coming), replica_set(coming, "app:0", "web-0")
    words = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: q"}
    without = replica_set(refused, name="other-1", status={"observedGeneration": 1, "conditions": [words]})
    old = pod(former, running(), name="web-0-a")
    new = pod(present, running(ready=False))
    return Told(coming, refused, present, former, without, old, new), [ref_of(coming), ref_of(refused)]


def test_a_quota_ends_it_only_when_no_other_workload_makes_room() -> None:
    cluster, workloads = refused_by_a_quota()
    with pytest.raises(NotReady, match=r"within 0\.4 s: .*Deployment/other: QuotaExceeded"):
        follow(cluster, timeout=0.4, workloads=workloads)
    cluster.things = [one for one in cluster.things if one["metadata"]["name"] != "web-0-a"]
    with pytest.raises(NotReady, match="failed to start: Deployment/other: QuotaExceeded"):
        follow(cluster, workloads=workloads)


def test_a_workload_whose_controller_has_not_looked_yet_may_make_room() -> None:
    cluster, workloads = refused_by_a_quota()
    cluster.things = [one for one in cluster.things if one["metadata"]["name"] != "web-0-a"]
    coming = next(one for one in cluster.things if one["kind"] == "Deployment" and one["metadata"]["name"] == "web")
    coming["metadata"]["generation"] += 1
    with pytest.raises(NotReady, match=r"within 0\.4 s: .*Deployment/other: QuotaExceeded"):
        follow(cluster, timeout=0.4, workloads=workloads)


def test_a_pod_that_is_gone_at_once_has_made_room_as_well() -> None:
    cluster, workloads = refused_by_a_quota()
    old = next(one for one in cluster.things if one["metadata"]["name"] == "web-0-a")

    def remove() -> None:
        while "Pod" not in cluster.streams:
            time.sleep(0.01)
        time.sleep(0.3)
        cluster.tell("DELETED", old)

    started = time.monotonic()
    threading.Thread(target=remove).start()
    with pytest.raises(NotReady, match="failed to start: Deployment/other: QuotaExceeded"):
        follow(cluster, timeout=5, workloads=workloads)
    assert time.monotonic() - started > 0.9, "whoever was refused asks again after as long as it has waited"


@pytest.mark.parametrize(
    ("version", "is_longer"),
    [
        ("v1", False),
        ("apps/v1", False),
        ("networking.k8s.io/v1", False),
        ("external-secrets.io/v1", True),
        ("secrets-store.csi.x-k8s.io/v1", True),
        ("cert-manager.io/v1", True),
    ],
)
def test_what_is_missing_is_waited_for_where_a_custom_resource_may_make_it(version: str, is_longer: bool) -> None:
    assert (patience_with([{"apiVersion": version, "kind": "X"}]).missing > 0) is is_longer


@pytest.mark.parametrize("error", [Unreachable("away"), OpsError("the watch failed")])
def test_a_server_that_is_away_for_a_moment_is_asked_again(error: Exception) -> None:
    cluster = told(running())
    cluster.errors["Pod"] = [error, copy.copy(error)]
    assert [one.state for one in follow(cluster, timeout=5)] == ["ready"]


@pytest.mark.parametrize(
    ("error", "shown"), [(Refused("no right to list pods"), Refused), (ValueError("a defect"), ValueError)]
)
def test_what_cannot_be_seen_is_never_called_ready(error: Exception, shown: type[Exception]) -> None:
    cluster = told(running())
    cluster.errors["Pod"] = [error]
    with pytest.raises(shown):
        follow(cluster)


def test_nothing_is_ready_while_a_watch_has_failed() -> None:
    found, owner, pods = deployment(running(), updatedReplicas=0, availableReplicas=0, observedGeneration=1)
    cluster = Told(found, owner, *pods)

    def become_ready() -> None:
        while len(cluster.streams) < len(sources_for(WEB)):
            time.sleep(0.005)
        away: list[Exception] = [Unreachable("away") for _ in range(99)]
        cluster.errors["Event"] = away
        cluster.streams["Event"].close()
        while len(away) == 99:
            time.sleep(0.005)
        cluster.tell("MODIFIED", {**found, "status": DONE})

    threading.Thread(target=become_ready, daemon=True).start()
    with pytest.raises(Unreachable):
        follow(cluster, timeout=1)


def test_a_server_that_stays_away_is_the_answer() -> None:
    cluster = told(running())
    cluster.errors["Pod"] = [Unreachable("away") for _ in range(99)]
    with pytest.raises(Unreachable):
        follow(cluster, timeout=0.5)


@pytest.mark.parametrize("is_done", [True, False])
def test_a_job_that_goes_once_it_is_done_is_not_missed(is_done: bool) -> None:
    conditions = [{"type": "Complete", "status": "True"}] if is_done else []
    job = workload("Job", status={"conditions": conditions}, metadata={"name": "once"})
    found, owner, pods = deployment(running(ready=False))
    cluster = Told(found, owner, *pods, job)
    later = {**pods[0], "status": pod(owner)["status"]}

    def happen() -> None:
        while len(cluster.streams) < 7:
            time.sleep(0.01)
        time.sleep(0.2)
        cluster.tell("DELETED", job)
        time.sleep(0.2)
        cluster.tell("MODIFIED", later)

    threading.Thread(target=happen).start()
    missed = pytest.raises(NotReady, match="Job/once: Missing")
    with contextlib.nullcontext() if is_done else missed:
        assert {one.state for one in follow(cluster, workloads=[*WEB, ref_of(job)])} == {"ready"}


def test_old_pods_that_end_are_left_to_it_where_all_serve() -> None:
    found, owner, pods = deployment(running())
    former = replica_set(found, "app:0", "web-0")
    cluster = Told(found, owner, *pods, former, pod(former, running(), name="web-0-a", leaving=True))
    (verdict,) = follow(cluster, timeout=0.3)
    assert (verdict.reason, verdict.serves) == ("Draining", True)
    assert "web-0-a" in verdict.note


def test_a_workload_that_cannot_start_before_an_old_pod_has_ended_gets_its_time_after_it() -> None:
    found, owner, _ = deployment(updatedReplicas=0, observedGeneration=1)
    former = replica_set(found, "app:0", "web-0")
    old = pod(former, running(), name="web-0-a", leaving=True)
    cluster = Told(found, owner, former, old)

    def end() -> None:
        while "Pod" not in cluster.streams:
            time.sleep(0.01)
        time.sleep(0.8)
        cluster.tell("DELETED", old)
        cluster.tell("MODIFIED", workload(status=DONE, metadata=found["metadata"]))
        cluster.tell("ADDED", pod(owner, running()))

    threading.Thread(target=end).start()
    assert [one.state for one in follow(cluster, timeout=0.4)] == ["ready"]


def test_a_crash_for_want_of_another_workload_is_forgiven_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_scene, "CRASHED", 0.1)
    found, owner, pods = deployment(CRASHING)
    other, its, starting = deployment(running(ready=False))
    other["metadata"].update(name="db", uid="db")
    its["metadata"]["ownerReferences"][0]["uid"] = "db"
    cluster = Told(found, owner, *pods, other, its, *starting)

    def become_ready() -> None:
        while "Pod" not in cluster.streams:
            time.sleep(0.01)
        time.sleep(0.3)
        ready = [{"type": "Ready", "status": "True"}]
        for one, status in ((starting[0], running()), (pods[0], running(restarts=2, last=exit_of(1)))):
            shown = {**one["status"], "conditions": ready, "containerStatuses": [status]}
            cluster.tell("MODIFIED", {**one, "status": shown})

    threading.Thread(target=become_ready).start()
    web, db = follow(cluster, timeout=30, workloads=[*WEB, ref_of(other)])
    assert (web.state, db.state, db.note) == ("ready", "ready", "")
    assert "Deployment/db was not ready" in web.note
    assert web.pardoned


def stuck() -> tuple[Told, list[Ref]]:
    found = workload("StatefulSet", status={"updateRevision": "new", "readyReplicas": 0})
    blocked = pod(found, CRASHING, name="web-0", labels={"controller-revision-hash": "old"})
    return Told(found, blocked), [ref_of(found)]


def test_a_pod_that_keeps_a_stateful_set_from_going_on_is_deleted_once() -> None:
    cluster, workloads = stuck()
    with pytest.raises(NotReady, match="BlockedByOldPod"):
        follow(cluster, timeout=0.4, workloads=workloads)
    assert cluster.deleted == ["web-0"]
    cluster.refuses_to_delete = True
    with pytest.raises(NotReady, match="BlockedByOldPod") as caught:
        follow(cluster, workloads=workloads)
    assert "Delete the pod web-0" in caught.value.hint


def test_only_what_is_needed_is_watched() -> None:
    kinds: Callable[[str], set[str]] = lambda kind: {one.kind for one in sources_for([Ref("", kind, "x")])}  # noqa: E731
    assert kinds("Job") == {"Job", "Pod", "Event"}
    assert kinds("DaemonSet") - kinds("StatefulSet") == {"DaemonSet", "ControllerRevision"}
    assert "ReplicaSet" in kinds("Deployment")
