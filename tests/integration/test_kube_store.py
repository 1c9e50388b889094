"""The state in a real cluster under real processes: one holder at a time, no write of a holder that was outlived."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import (
    LeaseHeld,
    LeaseLost,
    OpsError,
    Refused,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.state._journal import Operation
from ansible_collections.doppelganger.ops.plugins.module_utils.state._lease import MAINTENANCE, Lease
from ansible_collections.doppelganger.ops.plugins.module_utils.state._schema import BadState
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import Unreachable
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._namespace import Cluster
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target import _layout as state
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._layout import AUDIT_LINES, file_of
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._store import KubeStore
from tests.integration.kube import PREFIX, options, script, through
from tests.lab.kubernetes.cluster import Cluster as Lab

RBAC = Path(__file__).parents[2] / "docs/kubernetes/rbac.yml"
RECORD = "releases/0001-v1/note.json"
NUMBERS = count(1)


@pytest.fixture
def reached(cluster: Lab, namespace: str) -> Iterator[Cluster]:
    """The namespace, as the product reaches it."""
    with Cluster(options(cluster, namespace)) as found:
        yield found


@pytest.fixture
def store(reached: Cluster) -> KubeStore:
    """The store of an application of the test's own."""
    return KubeStore(reached, f"app-{next(NUMBERS)}")


@pytest.fixture
def given(cluster: Lab, store: KubeStore, namespace: str) -> tuple[str, str]:
    """What another process needs to reach the same store."""
    return json.dumps(options(cluster, namespace)), store.app


def take(store: KubeStore, ttl: float = 60, kind: str = "operation") -> Lease:
    return store.try_acquire(holder="ana@console", purpose="deploy v2", kind=kind, ttl=ttl)


def trail(store: KubeStore) -> list[dict[str, object]]:
    secret = store.cluster.get("v1", "Secret", f"ops-{store.app}-audit")
    return [json.loads(line) for line in (file_of(secret or {}, "audit.jsonl") or b"").splitlines()]


OPENED = f"""
    import json, os, random, sys, time
    from {PREFIX}.module_utils.core._errors import LeaseHeld, LeaseLost
    from {PREFIX}.module_utils.state._journal import Operation
    from {PREFIX}.plugin_utils.kubernetes.api._namespace import Cluster
    from {PREFIX}.plugin_utils.kubernetes.target._store import KubeStore
    def opened():
        return KubeStore(Cluster(json.loads(sys.argv[1]), patience=60), sys.argv[2])
"""

FIFTY = (
    OPENED
    + """
    mark = sys.argv[3]

    def once(number):
        store = opened()
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline:
            try:
                lease = store.try_acquire(holder=str(number), purpose="test", ttl=60)
            except LeaseHeld:
                time.sleep(random.uniform(0.05, 0.4))
                continue
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))  # fails where somebody else holds it as well
            time.sleep(0.002)
            os.unlink(mark)
            store.release(lease.token)
            return 0
        return 1

    children = []
    for number in range(50):
        child = os.fork()
        if child == 0:
            code = 2
            try:
                code = once(number)
            finally:
                os._exit(code)
        children.append(child)
    print(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children))
"""
)


@pytest.mark.timeout(150)
def test_fifty_processes_hold_the_lease_one_at_a_time(store: KubeStore, given: tuple[str, str], tmp_path: Path) -> None:
    with script(FIFTY, *given, tmp_path / "held") as process:
        assert process.communicate()[0].strip() == "0"
    taken = [entry for entry in trail(store) if entry["event"] == "lease acquired"]
    assert sorted(entry["token"] for entry in taken) == list(range(1, 51))  # type: ignore[type-var]
    assert len({entry["holder"] for entry in taken}) == 50


LATE: dict[str, Callable[[KubeStore], None]] = {
    "a record": lambda store: store.write(RECORD, {"late": True}, token=1),
    "a new record": lambda store: store.write("releases/0002-v2/note.json", {}, token=1),
    "the journal": lambda store: Operation(store, 1, 60).start("deploy", "0001-v1"),
    "a renewal": lambda store: store.renew(1, 60),
    "a release": lambda store: store.release(1),
    "a removal": lambda store: store.remove("releases", "0001-v1", token=1),
}


@pytest.mark.parametrize("write", LATE.values(), ids=LATE.keys())
def test_a_late_write_of_a_dead_holder_is_refused(store: KubeStore, write: Callable[[KubeStore], None]) -> None:
    assert take(store, ttl=0).token == 1
    store.write(RECORD, {"late": False}, token=1)
    assert take(store).token == 2
    with pytest.raises(LeaseLost, match="lease number 1 and it is now held by ana@console"):
        write(store)
    assert store.read(RECORD) == {"late": False}
    assert store.folders("releases") == ["0001-v1"]
    assert store.read("operation.json") is None
    assert (store.lease() or take(store)).token == 2


STOPPED = (
    OPENED
    + """
    store = opened()
    lease = store.try_acquire(holder="cy@console", purpose="deploy v3", ttl=1)
    store.write("releases/0001-v1/note.json", {"late": False}, token=lease.token)
    send = getattr(store.cluster, sys.argv[3])
    def held_up(*arguments, **more):
        print("about to write", flush=True)
        sys.stdin.readline()
        return send(*arguments, **more)
    setattr(store.cluster, sys.argv[3], held_up)
    try:
        if sys.argv[3] == "delete":
            store.remove("releases", "0001-v1", token=lease.token)
        else:
            number = "0001-v1" if sys.argv[3] == "replace" else "0002-v2"
            store.write(f"releases/{number}/note.json", {"late": True}, token=lease.token)
    except LeaseLost:
        print("refused", flush=True)
    else:
        print("written", flush=True)
"""
)


@pytest.mark.parametrize("send", ["replace", "create", "delete"])
def test_a_holder_that_stood_still_in_the_middle_of_a_write_does_not_write(
    store: KubeStore, given: tuple[str, str], send: str
) -> None:
    """It has passed every check, and sends its request only after the next one has the lease."""
    with script(STOPPED, *given, send, stdin=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "about to write\n"
        assert store.acquire(holder="ana@console", purpose="deploy v4", ttl=60, wait=30).token == 2
        holder.stdin.write("\n" * 5)
        holder.stdin.flush()
        assert holder.communicate()[0].split("\n")[-2] == "refused"
    assert store.folders("releases") == ["0001-v1"]
    assert store.read(RECORD) == {"late": False}


HOLDER = (
    OPENED
    + """
    store = opened()
    lease = store.try_acquire(holder="cy@console", purpose="deploy v3", ttl=float(sys.argv[3]))
    with Operation(store, lease.token, float(sys.argv[3])).heartbeat():
        print("held", flush=True)
        time.sleep(60)
"""
)


def test_a_waiter_outlives_a_holder_that_was_killed(store: KubeStore, given: tuple[str, str]) -> None:
    with script(HOLDER, *given, 1.5) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    lease = store.acquire(holder="ana@console", purpose="deploy v4", ttl=60, wait=30)
    assert (lease.token, lease.holder) == (2, "ana@console")
    assert holder.returncode == -signal.SIGKILL


def test_a_waiter_does_not_wait_for_a_live_holder(store: KubeStore, given: tuple[str, str]) -> None:
    with script(HOLDER, *given, 3) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        started = time.monotonic()
        with pytest.raises(LeaseHeld, match=r"held by cy@console since .* for deploy v3"):
            store.acquire(holder="ana@console", purpose="deploy v4", ttl=60, wait=30)
        assert time.monotonic() - started < 10
        holder.kill()


def test_a_maintenance_lock_is_never_stolen_and_not_waited_for(store: KubeStore) -> None:
    take(store, ttl=0, kind=MAINTENANCE)
    started = time.monotonic()
    with pytest.raises(LeaseHeld, match="until it is unlocked"):
        store.acquire(holder="bo@console", purpose="deploy v2", ttl=60, wait=30)
    assert time.monotonic() - started < 5
    assert (store.lease() or take(store)).holder == "ana@console"


def test_an_unlock_is_audited_with_who_and_why(store: KubeStore) -> None:
    take(store, kind=MAINTENANCE)
    assert (store.unlock(by="bo@console", reason="disks are in") or take(store)).purpose == "deploy v2"
    assert store.unlock(by="bo@console", reason="again") is None
    last = trail(store)[-1]
    assert (last["event"], last["by"], last["reason"]) == ("lease unlocked", "bo@console", "disks are in")
    assert take(store).token == 2


@pytest.mark.parametrize("wrong", [-3600, 3600], ids=["behind", "ahead"])
def test_a_controller_whose_clock_is_wrong_takes_no_lease_that_is_held(
    store: KubeStore, given: tuple[str, str], wrong: int
) -> None:
    take(store, ttl=60)
    asks = (
        f"import time\nright = time.time\ntime.time = lambda: right() + {wrong}\n"
        + OPENED.replace("\n    ", "\n")
        + """
store = opened()
try:
    print(store.try_acquire(holder="bo", purpose="x", ttl=60).token)
except LeaseHeld:
    print("held", round(store.cluster.now() - right(), 1))
"""
    )
    with script(asks, *given) as process:
        said = process.communicate()[0].split()
    assert said[0] == "held"
    assert abs(float(said[1])) <= 1.5


RACE = (
    OPENED
    + """
    store = opened()
    for number in range(10):
        store.write(f"releases/0001-v1/{sys.argv[3]}-{number}.json", {"by": sys.argv[3]}, token=1)
        store.write("releases/0001-v1/note.json", {"by": sys.argv[3]}, token=1)
"""
)


def test_writers_of_one_release_lose_nothing(store: KubeStore, given: tuple[str, str]) -> None:
    take(store)
    writers = [script(RACE, *given, name) for name in ("a", "b", "c")]
    for writer in writers:
        with writer:
            assert writer.wait() == 0
    secret = store.cluster.get("v1", "Secret", f"ops-{store.app}-release-0001-v1") or {}
    assert sorted(secret["data"]) == sorted([f"{n}-{i}.json" for n in "abc" for i in range(10)] + ["note.json"])
    assert (store.read(RECORD) or {})["by"] in "abc"


def objects(*texts: str) -> dict[str, Any]:
    """The manifests of a release, an object for each text."""
    plain = {"apiVersion": "v1", "kind": "ConfigMap"}
    found = [{**plain, "metadata": {"name": f"n{number}"}, "data": {"text": text}} for number, text in enumerate(texts)]
    return {"objects": found}


def test_large_content_comes_back_and_what_is_too_large_is_refused_with_the_old_kept(store: KubeStore) -> None:
    take(store)
    large = objects(*(f"the same again {number} " * 20 for number in range(10_000)))
    store.write("releases/0001-v1/manifests.json", large, token=1)
    assert store.read("releases/0001-v1/manifests.json") == large
    noise = objects(base64.b64encode(os.urandom(1_100_000)).decode())
    with pytest.raises(OpsError, match="too large for a Secret"):
        store.write("releases/0001-v1/manifests.json", noise, token=1)
    nearly = objects(base64.b64encode(os.urandom(950_000)).decode())
    store.write("releases/0002-v2/manifests.json", nearly, token=1)
    assert store.read("releases/0002-v2/manifests.json") == nearly
    assert store.read("releases/0001-v1/manifests.json") == large


def test_removal_takes_what_it_is_told_and_nothing_else(store: KubeStore, reached: Cluster) -> None:
    take(store)
    other = KubeStore(reached, f"{store.app}-other")
    take(other)
    for number in range(1, 5):
        store.write(f"releases/000{number}-v1/note.json", {}, token=1)
        other.write(f"releases/000{number}-v1/note.json", {}, token=1)
    store.write("backups/0002-v1/backup.json", {}, token=1)
    reached.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"{store.app}-theirs"}})
    before = {one["metadata"]["name"]: one for one in reached.list("v1", "Secret")[0]}
    store.remove("releases", "0002-v1", token=1)
    store.remove("releases", "0003-v1", token=1)
    after = {one["metadata"]["name"]: one for one in reached.list("v1", "Secret")[0]}
    gone = {f"ops-{store.app}-release-0002-v1", f"ops-{store.app}-release-0003-v1"}
    assert after == {name: one for name, one in before.items() if name not in gone}
    assert (store.folders("releases"), store.folders("backups")) == (["0001-v1", "0004-v1"], ["0002-v1"])


def test_the_audit_trail_forgets_its_oldest_lines(store: KubeStore) -> None:
    store.write("audit.jsonl", {})
    lines = b"".join(b'{"event": "old"}\n' for _ in range(AUDIT_LINES))
    store._put("audit", "", "audit.jsonl", lambda _: lines, None)
    store.audit("new", by="ana", text="x" * 200_000)
    found = trail(store)
    assert (len(found), found[-1]["event"], found[0]["event"]) == (AUDIT_LINES, "new", "old")


def test_a_server_that_is_away_for_a_while_stops_nothing(
    cluster: Lab, namespace: str, tmp_path: Path, store: KubeStore
) -> None:
    with through(cluster, namespace, tmp_path, patience=10) as (network, reached):
        far = KubeStore(reached, store.app)
        take(far)
        network.refuse()
        later = threading.Timer(1.5, network.open)
        later.start()
        far.write(RECORD, {"a": 1}, token=1)
        later.join()
        network.cut()
        far.write(RECORD, {"a": 2}, token=1)
        far.release(1)
    assert store.read(RECORD) == {"a": 2}
    assert [entry["event"] for entry in trail(store)] == ["lease acquired", "lease released"]


@pytest.mark.parametrize("how", ["connection refused", "silence"])
def test_a_server_that_stays_away_is_a_clear_stop(
    cluster: Lab, namespace: str, tmp_path: Path, store: KubeStore, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{PREFIX}.plugin_utils.kubernetes.api._http.CONNECT_TIMEOUT", 0.5)
    take(store)
    with through(cluster, namespace, tmp_path, patience=1) as (network, reached):
        far = KubeStore(reached, store.app)
        network.refuse()
        started = time.monotonic()
        if how == "silence":
            network.open()
        with network.held_up(), pytest.raises(Unreachable, match=how) as error:
            far.write(RECORD, {}, token=1)
        assert time.monotonic() - started < 5
    assert error.value.kind == "unreachable"
    assert store.read(RECORD) is None


def test_the_rights_that_are_documented_are_enough(
    cluster: Lab, namespace: str, tmp_path: Path, store: KubeStore
) -> None:
    cluster.kubectl(
        "apply", "--filename=-", stdin=RBAC.read_text().replace("namespace: studio", f"namespace: {namespace}")
    )
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/doppelganger-ops/token"
    token = json.loads(cluster.kubectl("create", "--raw", path, "--filename=-", stdin=json.dumps(asked)))["status"][
        "token"
    ]
    authority = yaml.safe_load(cluster.kubeconfig.read_text())["clusters"][0]["cluster"]["certificate-authority-data"]
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(authority))
    way = {"host": cluster.server, "ca_cert": str(tmp_path / "ca.crt"), "namespace": namespace}
    with Cluster(way, token=token) as reached:
        theirs = KubeStore(reached, store.app)
        take(theirs, ttl=0)
        theirs.write(RECORD, {}, token=1)
        take(theirs)
        theirs.write(RECORD, {"a": 1}, token=2)
        theirs.write("releases/0002-v2/note.json", {}, token=2)
        theirs.remove("releases", "0002-v2", token=2)
        theirs.renew(2, 60)
        assert theirs.readable("releases", "note.json") == ({"0001-v1": {"a": 1}}, {})
        theirs.release(2)
        with pytest.raises(Refused, match="cannot list nodes in the whole cluster"):
            reached.list("v1", "Node")
    with Cluster(way, token=f"{token}x") as nobody, pytest.raises(Refused, match="rejected this login"):
        nobody.list("v1", "Secret")
    with (
        Cluster({**way, "ca_cert": ""}, token=token) as untrusted,
        pytest.raises(Refused, match="TLS verification failed"),
    ):
        untrusted.version()


def test_a_lease_that_says_nonsense_is_refused_by_name_and_unlocked(store: KubeStore) -> None:
    assert take(store).token == 1
    notes = {"metadata": {"annotations": {f"{state.PREFIX}lease": "forever", f"{state.PREFIX}seconds": "soon"}}}
    store.cluster.patch("coordination.k8s.io/v1", "Lease", f"ops-{store.app}", notes)
    for use in (store.lease, lambda: take(store), lambda: store.write(RECORD, {}, token=1)):
        with pytest.raises(BadState) as error:
            use()
        assert f"ops-{store.app}" in error.value.data["state"]
    assert store.unlock(by="bo@console", reason="it says nonsense") is not None
    assert trail(store)[-1]["event"] == "lease unlocked"
    assert take(store).token > 2
    with pytest.raises(LeaseLost):
        store.write(RECORD, {}, token=1)
