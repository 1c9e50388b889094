"""A real API server and real pods through the product's own access: objects, watches, logs, commands, Services."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks.kinds import _tcp
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._verify import examine
from ansible_collections.doppelganger.ops.plugins.module_utils.http import _sockets
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _yaml
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import (
    Conflict,
    NotFound,
    TimedOut,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._exec import ExecResult
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._namespace import Cluster, Right
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.running._forward import Forward
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.running._project import KubeProject
from tests.integration.kube import options, through
from tests.lab.images import Images
from tests.lab.kubernetes.cluster import Cluster as Lab
from tests.lab.steps import wait_until
from tests.unit.support.kubectl_yaml import AS_KUBECTL, KEYS, MERGED

SAYS = "echo started; echo hello >/tmp/index.html; sleep 1; echo later; exec httpd -f -p 8080 -h /tmp"


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


@pytest.fixture(scope="module")
def reached(cluster: Lab, namespace: str) -> Iterator[Cluster]:
    """The namespace, as the product reaches it."""
    with Cluster(options(cluster, namespace)) as found:
        yield found


@pytest.fixture(scope="module")
def pod(reached: Cluster, base_images: Images) -> str:
    """A pod that serves a page, with a Service before it; ready."""
    container = {
        "name": "main", "image": base_images.busybox, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", SAYS],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    }  # fmt: skip
    about = {"name": "web", "labels": {"app": "web"}}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    reached.create({"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": spec})
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "none", "port": 81, "targetPort": 9}]
    for name, selected in (("web", "web"), ("empty", "nothing")):
        service = {"selector": {"app": selected}, "ports": ports}
        reached.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": service})
    with reached.watch("v1", "Pod", fields="metadata.name=web", since="", seconds=60) as events:
        for _, found in events:
            conditions = {one["type"]: one["status"] for one in (found.get("status") or {}).get("conditions", [])}
            if conditions.get("Ready") == "True":
                return "web"
    raise AssertionError("the pod is not ready")


# objects


def test_an_object_from_its_creation_to_its_end(reached: Cluster) -> None:
    made = reached.create(config_map("one", a="1"))
    with pytest.raises(Conflict, match="already exists"):
        reached.create(config_map("one"))
    changed = reached.patch("v1", "ConfigMap", "one", {"data": {"b": "2", "a": None}})
    assert changed["data"] == {"b": "2"}
    with pytest.raises(Conflict, match="modified"):
        reached.replace(made)
    replaced = reached.replace({**changed, "data": {"c": "3"}})
    assert (reached.get("v1", "ConfigMap", "one") or {})["data"] == {"c": "3"}
    about = changed["metadata"]
    with pytest.raises(Conflict):
        reached.delete("v1", "ConfigMap", "one", uid="another")
    with pytest.raises(Conflict):
        reached.delete("v1", "ConfigMap", "one", uid=about["uid"], version=about["resourceVersion"])
    assert reached.delete("v1", "ConfigMap", "one", uid=about["uid"], version=replaced["metadata"]["resourceVersion"])
    assert not reached.delete("v1", "ConfigMap", "one")
    assert reached.get("v1", "ConfigMap", "one") is None
    with pytest.raises(NotFound):
        reached.patch("v1", "ConfigMap", "one", {})


def test_apply_keeps_to_what_is_ours_and_names_whose_the_rest_is(reached: Cluster, cluster: Lab) -> None:
    reached.apply(config_map("shared", a="1", b="1"))
    before = reached.get("v1", "ConfigMap", "shared")
    assert reached.apply(config_map("shared", a="9"), dry_run=True)["data"] == {"a": "9"}
    assert reached.get("v1", "ConfigMap", "shared") == before
    inside = ("--namespace", reached.namespace)
    cluster.kubectl(*inside, "annotate", "configmap/shared", "theirs=1", "--field-manager=kubectl")
    theirs = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {a: '2'}\n"
    cluster.kubectl(
        *inside, "apply", "--server-side", "--force-conflicts", "--field-manager=ana", "-f", "-", stdin=theirs
    )
    with pytest.raises(Conflict, match="ana") as error:
        reached.apply(config_map("shared", a="3"))
    assert [cause["field"] for cause in error.value.causes] == [".data.a"]
    assert 'conflict with "ana"' in error.value.causes[0]["message"]
    forced = reached.apply(config_map("shared", a="3"), force=True)
    assert (forced["data"], forced["metadata"]["annotations"]) == ({"a": "3"}, {"theirs": "1"})


def test_a_list_is_whole_however_many_pages_it_has(reached: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._client._PAGE"
    monkeypatch.setattr(module, ("limit", "3"))
    for number in range(8):
        reached.apply(
            {**config_map(f"page-{number}", a="x"), "metadata": {"name": f"page-{number}", "labels": {"l": "p"}}}
        )
    found, _ = reached.list("v1", "ConfigMap", labels="l=p")
    assert [(one["metadata"]["name"], one["kind"]) for one in found] == [(f"page-{n}", "ConfigMap") for n in range(8)]
    bare, version = reached.list("v1", "ConfigMap", labels="l=p", only_metadata=True)
    assert len(bare) == 8
    assert int(version)
    assert not any("data" in one for one in bare)


def test_kinds_are_found(reached: Cluster) -> None:
    assert reached.list("policy/v1beta1", "PodDisruptionBudget")[0] == []
    with pytest.raises(OpsError, match="no kind Nothing in policy/v1beta1"):
        reached.get("policy/v1beta1", "Nothing", "a")
    assert reached.version().startswith("v1.")
    assert reached.missing_rights([Right("get", "", "pods/exec"), Right("create", "apps", "deployments")]) == []


# watches


def test_a_watch_is_taken_up_again_after_each_cut(
    cluster: Lab, namespace: str, tmp_path: Path, reached: Cluster
) -> None:
    with through(cluster, namespace, tmp_path, patience=10) as (network, far):
        _, version = far.list("v1", "ConfigMap")
        seen = []
        with far.watch("v1", "ConfigMap", since=version, seconds=20) as events:
            for number in range(3):
                reached.apply(config_map(f"cut-{number}", a="x"))
                kind, found = next(events)
                seen.append((kind, found["metadata"]["name"]))
                network.cut()
        assert seen == [("ADDED", f"cut-{number}") for number in range(3)]
        assert network.connections >= 3


def test_a_watch_from_a_forgotten_version_begins_with_a_list(reached: Cluster) -> None:
    reached.apply(config_map("old", a="x"))
    with reached.watch("v1", "ConfigMap", fields="metadata.name=old", since="1", seconds=20) as events:
        kind, found = next(events)
        assert (kind, found["metadata"]["name"]) == ("ADDED", "old")
        reached.delete("v1", "ConfigMap", "old")
        assert next(events)[0] == "DELETED"


def test_a_watch_ends_in_time_and_when_another_thread_says_so(reached: Cluster) -> None:
    started = time.monotonic()
    assert list(reached.watch("v1", "ConfigMap", fields="metadata.name=none", since="", seconds=1)) == []
    assert 0.9 < time.monotonic() - started < 15
    watch = reached.watch("v1", "ConfigMap", fields="metadata.name=none", since="", seconds=30)
    timer = threading.Timer(0.3, watch.close)
    timer.start()
    assert list(watch) == []
    assert time.monotonic() - started < 15
    timer.join()


# pods


def test_commands(reached: Cluster, pod: str) -> None:
    def run(*argv: str, timeout: float = 10, **more: Any) -> ExecResult:
        return reached.exec(pod, "main", argv, timeout=timeout, **more)

    assert run("echo", "a b; $HOME 'ü'") == ExecResult(0, "a b; $HOME 'ü'\n")
    assert run("sh", "-c", "echo out; echo err >&2; exit 7").code == 7
    kept = io.BytesIO()
    assert run("sh", "-c", "printf '\\377\\000x'; echo err >&2", stdout=kept) == ExecResult(0, "err\n")
    assert kept.getvalue() == b"\xff\x00x"
    assert run("head", "-c", "3", stdin=io.BytesIO(b"abcdef"), stdin_bytes=3) == ExecResult(0, "abc")
    with pytest.raises(OpsError, match="nothing-such in web/main could not be run"):
        run("nothing-such")
    with pytest.raises(OpsError, match=r"not valid for pod|not found"):
        reached.exec(pod, "other", ["ls"], timeout=5)
    with pytest.raises(NotFound, match='pods "nobody" not found'):
        reached.exec("nobody", "main", ["ls"], timeout=5)
    started = time.monotonic()
    with pytest.raises(TimedOut, match="sleep in web/main"):
        run("sleep", "30", timeout=0.5)
    assert time.monotonic() - started < 15
    assert sum("websocket" in str(one) for one in threading.enumerate()) == 0


class Measured(io.RawIOBase):
    """A file that keeps the sum of what is written, and the longest piece."""

    def __init__(self) -> None:
        self.sum, self.size, self.longest = hashlib.sha256(), 0, 0

    def write(self, data: Any) -> int:
        self.sum.update(data)
        self.size += len(data)
        self.longest = max(self.longest, len(data))
        return len(data)


def test_large_streams_come_through_whole_and_piece_by_piece(reached: Cluster, pod: str) -> None:
    size = 30_000_000
    content = os.urandom(1_000_000) * 30
    command = f"head -c {size} >/tmp/big && sha256sum </tmp/big"
    done = reached.exec(pod, "main", ["sh", "-c", command], timeout=60, stdin=io.BytesIO(content), stdin_bytes=size)
    assert done.output.split()[0] == hashlib.sha256(content).hexdigest()
    taken = Measured()
    assert reached.exec(pod, "main", ["cat", "/tmp/big"], timeout=60, stdout=cast("BinaryIO", taken)).code == 0
    assert (taken.size, taken.sum.hexdigest()) == (size, hashlib.sha256(content).hexdigest())
    assert taken.longest < 200_000
    both = Measured()
    echo = reached.exec(
        pod, "main", ["head", "-c", str(size)], timeout=60,
        stdin=io.BytesIO(content), stdin_bytes=size, stdout=cast("BinaryIO", both),
    )  # fmt: skip
    assert (echo.code, both.sum.hexdigest()) == (0, taken.sum.hexdigest())


class Cutting(io.RawIOBase):
    """A file that cuts the network with the first that is written to it."""

    def __init__(self, cut: Callable[[], None]) -> None:
        self._cut = cut

    def write(self, data: Any) -> int:
        self._cut()
        return len(data)


def test_a_command_whose_connection_breaks_is_no_success(
    cluster: Lab, namespace: str, tmp_path: Path, pod: str
) -> None:
    with through(cluster, namespace, tmp_path, patience=5) as (network, far):
        assert far.exec(pod, "main", ["echo", "a"], timeout=5).output == "a\n"
        with pytest.raises(OpsError, match=r"broke off before it ended: .* the pod is Running"):
            far.exec(pod, "main", ["sh", "-c", "echo begun; sleep 30"], timeout=20,
                     stdout=cast("BinaryIO", Cutting(network.cut)))  # fmt: skip


def test_the_log(reached: Cluster, pod: str) -> None:
    assert list(reached.log(pod, "main")) == ["started", "later"]
    stamped = list(reached.log(pod, "main", timestamps=True))
    first = datetime.fromisoformat(stamped[0].split()[0][:26].rstrip("Z") + "+00:00").timestamp()
    assert list(reached.log(pod, "main", since=first + 0.3)) == ["later"]
    assert list(reached.log(pod, "main", tail_lines=1)) == ["later"]
    assert list(reached.log(pod, "main", previous=True)) == []
    assert reached.log_end(pod, "main") == LogEnd("started\nlater\n")
    assert reached.log_end(pod, "main", limit_bytes=6) == LogEnd("later\n", was_cut=True)
    with pytest.raises(NotFound):
        list(reached.log("nobody", "main"))


def test_a_service_through_the_server(reached: Cluster, pod: str) -> None:
    for port in (80, "http"):
        answer = reached.service_get("web", port, "/index.html")
        assert (answer.status, answer.body, answer.cut) == (200, b"hello\n", False)
        assert {name.lower() for name in answer.headers} >= {"content-type"}
    assert reached.service_get("web", 80, "/none").status == 404
    assert reached.service_get("empty", 80, "/").status == 503
    assert reached.service_get("web", 81, "/").status == 503
    with pytest.raises(NotFound, match='services "nobody" not found'):
        reached.service_get("nobody", 80, "/")


HEAD = "#!/bin/sh\nread line\nprintf 'HTTP/1.1 200 OK\\r\\n\\r\\n'\n"
STREAMS = {"FAST": f"{HEAD}exec yes\n", "DRIP": f"{HEAD}while sleep 0.2; do printf x; done\n"}
SERVES = """printf %s "$FAST" >/fast; printf %s "$DRIP" >/drip; chmod +x /fast /drip
nc -ll -p 8081 -e /fast & exec nc -ll -p 8082 -e /drip"""


@pytest.fixture(scope="module")
def endless(reached: Cluster, base_images: Images) -> str:
    """A Service that streams as fast as it can on one port, and in drips on another, without an end."""
    env = [{"name": name, "value": text} for name, text in STREAMS.items()]
    container = {
        "name": "main", "image": base_images.busybox, "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", SERVES], "env": env,
        "readinessProbe": {"tcpSocket": {"port": 8082}, "periodSeconds": 1},
    }  # fmt: skip
    about = {"name": "endless", "labels": {"app": "endless"}}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    reached.create({"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": spec})
    ports = [{"name": name, "port": port, "targetPort": port} for name, port in (("fast", 8081), ("drip", 8082))]
    service = {"selector": {"app": "endless"}, "ports": ports}
    reached.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "endless"}, "spec": service})

    def answers() -> bool:
        with contextlib.suppress(NotFound):  # the server's proxy hears of a Service a little later than the server
            return reached.service_get("endless", 8081, "/", timeout=2.0).status == 200
        return False

    wait_until("the first answer", answers, seconds=60)
    return "endless"


def test_a_pod_that_streams_for_ever_fails_its_checks_in_bounded_memory(reached: Cluster, endless: str) -> None:
    fast = {"kind": "http", "service": endless, "port": 8081, "url": "/", "timeout": 3, "json": {"status": "ok"}}
    drip = {**fast, "port": 8082, "timeout": 2, "attempt_timeout": 2}
    checks = [{**fast, "name": f"fast {number}"} for number in range(8)] + [{**drip, "name": "drip"}]
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with KubeProject(reached, "nobody") as project:
        result = examine({"checks": checks}, project, Redactor([]))
    assert {check["state"] for check in result["checks"]} == {"fail"}, result["checklist"]
    assert time.monotonic() - began < 15
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # KiB


# forwards


@pytest.mark.parametrize(("port", "said"), [(8080, "listens"), (9, "nothing is listening")])
def test_a_port_is_open_only_where_the_pod_listens(reached: Cluster, pod: str, port: int, said: str) -> None:
    forward = Forward(reached, pod, port)
    try:
        outcome = asyncio.run(_tcp.tcp(*forward.address, KubeProject.settle))
    except OSError as error:
        outcome = _sockets.refusal(error, "web")
    finally:
        forward.close()
    assert (said in outcome.reason, forward.broken) == (True, None)


def test_yaml_is_what_kubectl_reads(cluster: Lab, namespace: str) -> None:
    asked = [f"data: {{a: {text}}}\n" for text in AS_KUBECTL] + [f"data: {{{key}: x}}\n" for key in KEYS]
    asked += [f"{text}\n" for text, _ in MERGED]
    expected = [*({"a": value} for value in AS_KUBECTL.values()), *({key: "x"} for key in KEYS.values())]
    expected += [data for _, data in MERGED]
    about = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "
    text = "---\n".join(f"{about}c-{number}}}\n{each}" for number, each in enumerate(asked))
    said = cluster.kubectl(
        "-n", namespace, "create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-", stdin=text
    )
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(said.rstrip()):
        one, end = decoder.raw_decode(said, at)
        found.append(one["data"])
        at = end + 1
    assert found == expected
    assert [one.data["data"] for one in _yaml.read(text)] == expected
