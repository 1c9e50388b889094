"""The readiness matrix: every situation is provoked on a real cluster, several side by side.

No verdict may be a false "ready", and a reason that does not pass is reported within two seconds of the cluster knowing
it. What the cluster knows and when is seen by a watch of the test's own.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._namespace import Cluster
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._objects import WORKLOADS, Ref, ref_of
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._pods import Patience
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._wait import NotReady, wait
from tests.integration.workloads import (
    SERVE,
    SLEEP,
    Object,
    bare_pod,
    container,
    daemon_set,
    deployment,
    job,
    replica_set,
    replication_controller,
    service,
    stateful_set,
)
from tests.lab import images
from tests.lab.kubernetes import cluster as lab
from tests.lab.lock import Use

NAMESPACE = "ops-readiness"
REFUSING = "ops-readiness-refusing"
BUSYBOX = "doppelganger-lab/busybox:1"
#: kubelet and engine of two cores do no more at a time
SIDE_BY_SIDE = 8
PATIENCE = Patience(unschedulable=1.0, pull=1.0, kubelet=35.0, other=2.0)
READY_AFTER = {"httpGet": {"path": "/ok", "port": 8080}, "periodSeconds": 1}
NEVER_READY = {"httpGet": {"path": "/not-me", "port": 8080}, "periodSeconds": 1}


@dataclass(frozen=True)
class Situation:
    """What is applied, step by step; the last step is waited for, and the others as well where ``settled``."""

    steps: Sequence[Sequence[Object]]
    state: str
    reason: str
    #: what the message has to say beside the reason
    words: str = ""
    #: what the log has to say
    log: str = ""
    #: what is worth a note though nothing failed
    note: str = ""
    timeout: float = 90.0
    settled: bool = True
    namespace: str = NAMESPACE
    #: whether an object shows that the cluster knows; None where the deadline is what ends it
    known: Callable[[Object], bool] | None = None


@dataclass
class Told:
    """How a situation ended."""

    state: str
    reasons: Sequence[str]
    message: str
    log: Sequence[str]
    at: float
    notes: str = ""
    pods: Sequence[Object] = field(default=(), repr=False)


def waiting(*reasons: str, words: str = "") -> Callable[[Object], bool]:
    """A container of the object waits for one of the reasons, in these words."""

    def known(thing: Object) -> bool:
        states = [(status.get("state") or {}).get("waiting", {}) for status in statuses(thing)]
        return any(one.get("reason") in reasons and words in one.get("message", "") for one in states)

    return known


def crashed_twice(thing: Object) -> bool:
    return any(
        status["restartCount"] >= 1 and "running" not in status["state"] and status.get("lastState")
        for status in statuses(thing)
    )


def killed(thing: Object) -> bool:
    states = [status.get(state) or {} for status in statuses(thing) for state in ("state", "lastState")]
    return any(state.get("terminated", {}).get("reason") == "OOMKilled" for state in states)


def cannot_run(thing: Object) -> bool:
    states = [status.get(state) or {} for status in statuses(thing) for state in ("state", "lastState")]
    reasons = {state.get("terminated", {}).get("reason") for state in states}
    return bool(reasons & {"ContainerCannotRun", "StartError"}) or waiting("RunContainerError")(thing)


def statuses(thing: Object) -> list[Object]:
    status = thing.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def event(reason: str, words: str = "") -> Callable[[Object], bool]:
    """The object is an event like that."""
    return lambda thing: thing["kind"] == "Event" and thing["reason"] == reason and words in thing["message"]


def condition(kind: str, reason: str = "") -> Callable[[Object], bool]:
    """The object has a condition like that."""
    return lambda thing: any(
        one["type"] == kind and reason in (one.get("reason") or "")
        for one in (thing.get("status") or {}).get("conditions") or []
    )


def app(script: str = SLEEP, **more: Any) -> Object:
    return container(BUSYBOX, script, **more)


def labelled(thing: Object, **labels: str) -> Object:
    """A workload whose pods have more labels."""
    metadata = thing["spec"]["template"]["metadata"]
    metadata["labels"] = {**metadata["labels"], **labels}
    return thing


def named(thing: Object, application: str) -> Object:
    """An object of an application."""
    thing["metadata"]["labels"] = {"doppelganger.ops/application": application}
    return thing


def env_of(name: str, kind: str = "secretKeyRef") -> list[Object]:
    return [{"name": "X", "valueFrom": {kind: {"name": name, "key": "x"}}}]


PROBED: dict[str, Any] = {"readinessProbe": READY_AFTER}
OLD, NEW = app("echo old; " + SERVE, **PROBED), app("echo new; " + SERVE, **PROBED)
UNREADY = app(SERVE, readinessProbe=NEVER_READY)
CRASHING = app("echo this is why; exit 3")
UNUSED: dict[str, Any] = {"resources": {"requests": {"cpu": "1000"}}}
TOO_MUCH: dict[str, Any] = {"resources": {"limits": {"memory": "1Gi"}}}
VOLUME = {"volumes": [{"name": "v", "secret": {"secretName": "nobody-made-it"}}]}
CLAIM = {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "nobody-claimed-it"}}]}
#: the same program by another name, as it is pulled from nowhere
SAME_IMAGE = f"docker.io/{BUSYBOX}"
NEEDY = app(f"echo | nc -w 2 $ANSWERS_SERVICE_HOST 80 || exit 3; {SERVE}", **PROBED)
#: ready some time after its program has begun, so that who needs it has crashed twice
LATE = app(SERVE, readinessProbe={**READY_AFTER, "initialDelaySeconds": 12})
DRAINING = app("trap 'sleep 25; exit 0' TERM; echo ok > /tmp/ok; httpd -p 8080 -h /tmp; sleep 3600 & wait", **PROBED)
GRACE = {"terminationGracePeriodSeconds": 60}
MOUNTED: dict[str, Any] = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}

#: the container outlives the process that was killed a little: an engine can miss why both end at once
GREEDY = "echo greedy; tail /dev/zero; code=$?; sleep 1; exit $code"

SITUATIONS: Mapping[str, Situation] = {
    "a new Deployment behind a Service": Situation(
        [[service("fresh", 8080), deployment("fresh", NEW, replicas=2)]], "ready", ""
    ),
    "another version of a Deployment": Situation(
        [[service("update"), deployment("update", OLD, replicas=2)], [deployment("update", NEW, replicas=2)]],
        "ready", "",
    ),
    "a Deployment of zero replicas": Situation(
        [[deployment("zero", OLD)], [deployment("zero", NEW, replicas=0)]], "ready", "ZeroReplicas"
    ),
    "a paused Deployment": Situation(
        [[deployment("paused", OLD)], [deployment("paused", NEW, paused=True)]], "failed", "Paused"
    ),
    "a crash loop": Situation(
        [[deployment("crash", CRASHING)]], "failed", "CrashLoopBackOff", "exit code 3", "this is why",
        known=crashed_twice,
    ),
    "an image that is nowhere": Situation(
        [[deployment("pull", container("127.0.0.1:5000/nobody/has-it:1"))]], "failed", "ErrImagePull", "has-it",
        known=event("Failed", "Failed to pull"),
    ),
    "a registry that does not answer": Situation(
        [[deployment("registry", container("127.0.0.1:9/nobody/there:1"))]], "failed", "ImagePullBackOff",
        "127.0.0.1:9", known=waiting("ImagePullBackOff", "ErrImagePull"),
    ),
    "an image that may not be pulled": Situation(
        [[deployment("never", {**container("nobody/has-it:1"), "imagePullPolicy": "Never"})]], "failed",
        "ErrImageNeverPull", known=waiting("ErrImageNeverPull"),
    ),
    "an image whose name is none": Situation(
        [[deployment("name", container("Not:A:Name"))]], "failed", "InvalidImageName", known=waiting("InvalidImageName")
    ),
    "a container that is killed for want of memory": Situation(
        [[deployment("memory", app(GREEDY, resources={"limits": {"memory": "8Mi"}}))]],
        "failed", "OOMKilled", "want of memory", known=killed,
    ),
    "an init container that fails": Situation(
        [[deployment("init", app(), pod={"initContainers": [{**CRASHING, "name": "first"}]})]], "failed",
        "Init:CrashLoopBackOff", "container first", "this is why", known=crashed_twice,
    ),
    "a ConfigMap that is missing": Situation(
        [[deployment("config", app(env=env_of("no-such-map", "configMapKeyRef")))]], "failed",
        "CreateContainerConfigError", "no-such-map",
        # a kubelet that is busy says first that it was late
        known=waiting("CreateContainerConfigError", words="no-such-map"),
    ),
    "a Secret without that key": Situation(
        [
            [
                {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "empty"}},
                deployment("key", app(env=env_of("empty"))),
            ]
        ],
        "failed", "CreateContainerConfigError", "find key x",
        known=waiting("CreateContainerConfigError", words="find key x"),
    ),
    "a volume of a Secret that is missing": Situation(
        [[deployment("mount", app(**MOUNTED), pod=VOLUME)]], "failed", "FailedMount", "nobody-made-it",
        known=event("FailedMount", "nobody-made-it"),
    ),
    "a command that is not in the image": Situation(
        [[deployment("command", {**app(), "command": ["/no/such/program"]})]], "failed", "ContainerCannotRun",
        "/no/such/program", known=cannot_run,
    ),
    "no node with room": Situation(
        [[deployment("room", app(**UNUSED))]], "failed", "Unschedulable", "Insufficient cpu",
        known=condition("PodScheduled", "Unschedulable"),
    ),
    "a probe that fails": Situation(
        [[deployment("probe", UNREADY)]], "failed", "Unhealthy", "404", timeout=30
    ),
    "a progress deadline": Situation(
        [[deployment("deadline", UNREADY, progressDeadlineSeconds=3)]], "failed",
        "ProgressDeadlineExceeded", known=condition("Progressing", "ProgressDeadlineExceeded"),
    ),
    "going back after a progress deadline": Situation(
        [
            [deployment("back", OLD)],
            [deployment("back", UNREADY, progressDeadlineSeconds=3)],
            [deployment("back", OLD)],
        ],
        "ready", "", settled=False,
    ),
    "old pods that crash": Situation(
        [[deployment("mended", CRASHING)], [deployment("mended", NEW)]], "ready", "", settled=False
    ),
    "a Service that never sends anywhere": Situation(
        [[deployment("lost", NEW)], [service("lost", "no-such-port"), deployment("lost", NEW)]],
        "failed", "EndpointsNotReady", "a port named no-such-port", timeout=60,
    ),
    "a Service over pods that lack its named port": Situation(
        [[
            service("front", "http", selector={"shop": "yes"}),
            labelled(deployment("back", NEW), shop="yes"),
            labelled(deployment("front", {**NEW, "ports": [{"name": "http", "containerPort": 8080}]}), shop="yes"),
        ]],
        "ready", "", note="does not send to it",
    ),
    "a Service of somebody else over our pods": Situation(
        [[named(service("leftover", "no-such-port", selector={"app": "mine"}), "theirs"),
          named(deployment("mine", NEW), "mine")]],
        "ready", "", note="the Service leftover does not send to it",
    ),
    "a program that ends until another one answers": Situation(
        [[service("answers", 8080), deployment("needy", NEEDY), deployment("answers", LATE)]], "ready", "",
        note="it crashed while Deployment/answers was not ready",
    ),
    "a pod that ends slowly before the next one may start": Situation(
        [[deployment("drain", DRAINING, strategy={"type": "Recreate"}, pod=GRACE)],
         [deployment("drain", NEW, strategy={"type": "Recreate"})]],
        "ready", "", timeout=20,
    ),
    "a pod that ends slowly beside the next one": Situation(
        [[deployment("beside", DRAINING, pod=GRACE)], [deployment("beside", NEW)]],
        "ready", "Draining", timeout=20, note="old pods are ending",
    ),
    "a ReplicaSet of its own that crashes": Situation(
        [[replica_set("bare-set", CRASHING)]], "failed", "CrashLoopBackOff", "exit code 3", "this is why",
    ),
    "a ReplicaSet of its own with another image": Situation(
        [[replica_set("kept-set", OLD)], [replica_set("kept-set", {**NEW, "image": SAME_IMAGE})]],
        "ready", "OnDelete", note="until somebody deletes them",
    ),
    "a ReplicationController": Situation([[replication_controller("control", NEW)]], "ready", ""),
    "a pod of its own": Situation([[bare_pod("bare", NEW)]], "ready", ""),
    "a pod of its own that crashes": Situation(
        [[bare_pod("bare-crash", CRASHING)]], "failed", "CrashLoopBackOff", "exit code 3", "this is why",
    ),
    "a pod of its own that ends badly": Situation(
        [[bare_pod("bare-ended", CRASHING, restartPolicy="Never")]], "failed", "Failed", log="this is why",
    ),
    "a claim that is missing": Situation(
        [[deployment("claim", app(**MOUNTED), pod=CLAIM)]], "failed", "ClaimMissing", "nobody-claimed-it",
        known=condition("PodScheduled", "Unschedulable"),
    ),
    "a quota, for a Deployment": Situation(
        [[deployment("quota", app())]], "failed", "QuotaExceeded", "exceeded quota: none", namespace=REFUSING,
        known=condition("ReplicaFailure"),
    ),
    "a quota, for a StatefulSet": Situation(
        [[stateful_set("quota-set", app())]], "failed", "QuotaExceeded", "exceeded quota: none", namespace=REFUSING,
        known=event("FailedCreate", "quota-set"),
    ),
    "a quota, for a DaemonSet": Situation(
        [[daemon_set("quota-daemon", app())]], "failed", "QuotaExceeded", "exceeded quota: none", namespace=REFUSING,
        known=event("FailedCreate", "quota-daemon"),
    ),
    "a quota, for a Job": Situation(
        [[job("quota-job", app())]], "failed", "QuotaExceeded", "exceeded quota: none", namespace=REFUSING,
        known=event("FailedCreate", "quota-job"),
    ),
    "an admission that refuses": Situation(
        [[deployment("admission", app(**TOO_MUCH))]], "failed", "AdmissionRefused", "maximum memory usage",
        namespace=REFUSING, known=condition("ReplicaFailure"),
    ),
    "a StatefulSet that is updated": Situation(
        [[service("state"), stateful_set("state", OLD, replicas=2)], [stateful_set("state", NEW, replicas=2)]],
        "ready", "",
    ),
    "a StatefulSet with a partition": Situation(
        [
            [stateful_set("part", OLD, replicas=2)],
            [
                stateful_set(
                    "part", NEW, replicas=2, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
                )
            ],
        ],
        "ready", "Partition", "1 pods keep",
    ),
    "a StatefulSet that nobody deletes the pods of": Situation(
        [
            [stateful_set("manual", OLD, updateStrategy={"type": "OnDelete"})],
            [stateful_set("manual", NEW, updateStrategy={"type": "OnDelete"})],
        ],
        "ready", "OnDelete", "manual-0",
    ),
    "a StatefulSet that a broken pod keeps from going on": Situation(
        [[stateful_set("stuck", CRASHING)], [stateful_set("stuck", NEW)]], "ready", "", settled=False
    ),
    "a DaemonSet that is updated": Situation([[daemon_set("daemon", OLD)], [daemon_set("daemon", NEW)]], "ready", ""),
    "a Job that is done": Situation([[job("done", app("exit 0"))]], "ready", "Complete"),
    "a Job that failed too often": Situation(
        [[job("failing", CRASHING, backoffLimit=0)]], "failed", "BackoffLimitExceeded", "exit code 3", "this is why",
        known=condition("Failed", "BackoffLimitExceeded"),
    ),
    "a Job that took too long": Situation(
        [[job("slow", app(), activeDeadlineSeconds=2)]], "failed", "DeadlineExceeded",
        known=condition("Failed", "DeadlineExceeded"),
    ),
}  # fmt: skip


LIMIT = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "small"},
    "spec": {"limits": [{"type": "Container", "max": {"memory": "64Mi"}}]},
}


@pytest.fixture(scope="module")
def running() -> lab.Cluster:
    """The cluster, with the image of the pods."""
    images.ensure()
    return lab.ensure()


def connect(running: lab.Cluster, namespace: str) -> Cluster:
    return Cluster({"kubeconfig": str(running.kubeconfig), "context": running.context, "namespace": namespace})


@pytest.fixture(scope="module")
def clusters(running: lab.Cluster) -> Iterator[dict[str, Cluster]]:
    """A namespace that takes pods, and one that refuses them; both go away."""
    names = (NAMESPACE, REFUSING)
    running.kubectl("delete", "namespace", "--ignore-not-found", "--wait", *names)
    for name in names:
        running.kubectl("create", "namespace", name)
    running.kubectl("-n", REFUSING, "create", "quota", "none", "--hard=pods=0")
    running.kubectl("-n", REFUSING, "create", "-f", "-", stdin=json.dumps(LIMIT))
    for name in names:  # pods are refused until it is there
        while "default" not in running.kubectl("-n", name, "get", "serviceaccounts", "-o", "name"):
            time.sleep(0.1)
    yield {name: connect(running, name) for name in names}
    running.kubectl("delete", "namespace", "--wait=false", *names)


RECORDED = [
    ("v1", "Pod"),
    ("v1", "Event"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("batch/v1", "Job"),
]


@dataclass
class Recorder:
    """What the cluster shows, and when it was first seen by somebody else than what is tested."""

    cluster: Cluster
    seen: list[tuple[float, Object]] = field(default_factory=list)

    def __enter__(self) -> Recorder:
        self._watches = []
        for version, kind in [
            ("v1", "Pod"),
            ("v1", "Event"),
            ("apps/v1", "Deployment"),
            ("batch/v1", "Job"),
            ("apps/v1", "ReplicaSet"),
        ]:
            watch = self.cluster.watch(version, kind, since="", seconds=300)
            self._watches.append(watch)
            threading.Thread(target=self._record, args=(watch, kind), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for watch in self._watches:
            watch.close()

    def _record(self, watch: Any, kind: str) -> None:
        for _, thing in watch:
            self.seen.append((time.monotonic(), {**thing, "kind": kind}))

    def first(self, name: str, known: Callable[[Object], bool]) -> float | None:
        """When an object of that workload first showed it."""
        return next((at for at, thing in self.seen if _is_of(thing, name) and known(thing)), None)


def _is_of(thing: Object, name: str) -> bool:
    named = thing["involvedObject"]["name"] if thing["kind"] == "Event" else thing["metadata"]["name"]
    labels = thing["metadata"].get("labels") or {}
    return named == name or labels.get("app") == name or str(named).startswith(f"{name}-")


def play(cluster: Cluster, situation: Situation) -> Told:
    """Apply the steps, and tell how waiting for the last one ended."""
    for number, things in enumerate(situation.steps):
        for thing in things:
            cluster.apply(thing, force=True)
        workloads = [ref_of(thing) for thing in things if thing["kind"] in WORKLOADS]
        told = follow(cluster, workloads, situation.timeout)
        if number + 1 < len(situation.steps) and situation.settled:
            assert told.state == "ready", told
    name = workloads[0].name
    told.pods = cluster.list("v1", "Pod", labels=f"app={name}")[0]
    return told


def follow(cluster: Cluster, workloads: Sequence[Ref], timeout: float) -> Told:
    try:
        found = wait(cluster, workloads, timeout, redact=str, patience=PATIENCE)
    except NotReady as error:
        at = time.monotonic()
        reasons = [one["reason"] for one in error.data["readiness"]]
        return Told("failed", reasons, error.message, error.data["log"], at)
    notes = "; ".join(one.note for one in found)
    words = "; ".join(one.words for one in found)
    return Told("ready", [one.reason for one in found], words, [], time.monotonic(), notes)


@pytest.fixture(scope="module")
def played(clusters: dict[str, Cluster]) -> Iterator[tuple[dict[str, Future[Told]], dict[str, Recorder]]]:
    """Every situation, several side by side."""
    with (
        Recorder(clusters[NAMESPACE]) as one,
        Recorder(clusters[REFUSING]) as other,
        ThreadPoolExecutor(SIDE_BY_SIDE) as pool,
    ):
        futures = {
            name: pool.submit(play, clusters[situation.namespace], situation) for name, situation in SITUATIONS.items()
        }
        yield futures, {NAMESPACE: one, REFUSING: other}


#: pods of an older template are meant to be there
KEPT = ("OnDelete", "Draining")
#: how long after the cluster knew each reason was told, beyond the patience that is meant
late: list[float] = []


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_matrix(played: tuple[dict[str, Future[Told]], dict[str, Recorder]], name: str) -> None:
    futures, recorders = played
    situation = SITUATIONS[name]
    told = futures[name].result(timeout=120)
    assert (told.state, told.reasons[0]) == (situation.state, situation.reason), f"{name}: {told.message}"
    assert situation.words in told.message
    assert situation.log in "\n".join(told.log)
    assert situation.note in told.notes
    workload = next(thing for thing in situation.steps[-1] if thing["kind"] in WORKLOADS)
    if situation.known is not None:
        known = recorders[situation.namespace].first(workload["metadata"]["name"], situation.known)
        assert known is not None
        print(f"{name}: {told.reasons[0]}, {told.at - known:.2f} s after the cluster knew")
        patience = {"Unschedulable": PATIENCE.unschedulable, "ImagePullBackOff": PATIENCE.pull}.get(situation.reason, 0)
        late.append(told.at - known - patience)
        assert late[-1] < 10.0, "also for a busy machine, which reads the log of the pod as well"
    if told.state == "ready" and workload["kind"] not in ("Job", "Pod") and told.reasons[0] not in KEPT:
        assert_served_by_the_last(told, workload)


def assert_served_by_the_last(told: Told, workload: Object) -> None:
    """Who is there are the pods of the last step, ready, and no others."""
    spec = workload["spec"]
    script = spec["template"]["spec"]["containers"][0]["command"]
    strategy = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    others = [pod for pod in told.pods if pod["spec"]["containers"][0]["command"] != script]
    assert len(others) == strategy.get("partition", 0)
    assert len(told.pods) == spec.get("replicas", 1)
    assert all(condition("Ready")(pod) and statuses(pod)[0]["ready"] for pod in told.pods)
    assert not [pod for pod in told.pods if pod["metadata"].get("deletionTimestamp")]


def test_reasons_are_told_within_two_seconds_of_the_cluster_knowing_them() -> None:
    """A machine that does eight at a time is late itself now and then."""
    assert len(late) > 15
    assert sorted(late)[len(late) * 3 // 4] < 2.0, late


# what would disturb the others comes after them


def test_a_crash_after_the_container_was_called_ready(clusters: dict[str, Cluster]) -> None:
    """Without a probe only time can tell; a kubelet that is busy with much else tells of the crash even later."""
    told = play(clusters[NAMESPACE], Situation([[deployment("late", app("echo soon; sleep 1; exit 4"))]], "", ""))
    assert told.reasons == ["CrashLoopBackOff"], told.message
    assert list(told.log) == ["soon"]


def test_a_workload_that_is_not_there(clusters: dict[str, Cluster]) -> None:
    told = follow(clusters[NAMESPACE], [Ref("apps", "Deployment", "nobody-made-it")], 5)
    assert told.reasons == ["Missing"]


def test_a_controller_that_has_not_looked_yet(
    running: lab.Cluster, clusters: dict[str, Cluster], use_of_the_cluster: Use
) -> None:
    if not running.started_here:
        pytest.skip("only the lab's own cluster may be broken")
    stale = deployment("fresh", OLD, replicas=2)
    with use_of_the_cluster.alone():
        running.pause("kube-controller-manager")
        try:
            clusters[NAMESPACE].apply(stale)
            told = follow(clusters[NAMESPACE], [ref_of(stale)], 2)
        finally:
            running.start("kube-controller-manager")
    assert told.reasons == ["StaleGeneration"]
    assert follow(clusters[NAMESPACE], [ref_of(stale)], 90).state == "ready"


def test_a_wait_survives_a_restart_of_the_api_server(
    running: lab.Cluster, clusters: dict[str, Cluster], use_of_the_cluster: Use
) -> None:
    if not running.started_here:
        pytest.skip("only the lab's own cluster may be broken")
    slow: dict[str, Any] = {**PROBED, "readinessProbe": {**READY_AFTER, "initialDelaySeconds": 6}}
    thing = deployment("survivor", app(SERVE, **slow))
    clusters[NAMESPACE].apply(thing)
    with use_of_the_cluster.alone(), ThreadPoolExecutor(1) as pool:
        told = pool.submit(follow, clusters[NAMESPACE], [ref_of(thing)], 90)
        time.sleep(1)
        running.stop("kube-apiserver")
        time.sleep(3)
        running.start("kube-apiserver")
        assert told.result().state == "ready"
