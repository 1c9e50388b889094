"""Rendering, applying and pruning on a real cluster: what differs is sent, and nothing of anybody else is touched."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._namespace import FIELD_MANAGER, Cluster
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._objects import Ref
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.changes._changes import (
    Change,
    Release,
    plan,
    send,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.changes._prune import (
    kinds_of,
    plan_prune,
    prune,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._files import Context
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._registry import digest_of, pinned
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._render import render, workloads_of
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._wait import NotReady, wait
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.steps import _apply, _preflight
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._target import KubeTarget
from tests.integration.kube import options
from tests.lab import images, registry
from tests.lab.docker import docker
from tests.lab.kubernetes import cluster as lab
from tests.lab.steps import wait_until
from tests.unit.support import making

NAMESPACE = "ops-applying"
APP = "tides"
#: to be found nowhere
SECRET = "s3cret-canary"

MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      automountServiceAccountToken: false
      containers:
        - name: app
          image: 127.0.0.1:5000/ops-applying/app:any
          command: [sh, -c, "sleep 3600"]
          ports: [{containerPort: 80}]
          envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: login}}]
          readinessProbe: {exec: {command: ["true"]}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {COLOUR: {{ environment.colour }}}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {PASSWORD: {{ env.PASSWORD | quote }}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 0
      containers: [{name: app, image: "127.0.0.1:5000/ops-applying/app", command: ["true", "{{ environment.colour }}"]}]
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    running = lab.ensure()
    running.kubectl("delete", "namespace", "--ignore-not-found", "--wait", NAMESPACE)
    running.kubectl("create", "namespace", NAMESPACE)
    yield Cluster({"kubeconfig": str(running.kubeconfig), "context": running.context, "namespace": NAMESPACE})
    running.kubectl("delete", "namespace", "--wait=false", NAMESPACE)


@pytest.fixture(scope="module")
def image() -> str:
    """An image in the registry, by its digest."""
    base = images.ensure().busybox
    repository = f"{registry.ensure().address}/ops-applying/app"
    docker("tag", base, f"{repository}:1")
    docker("push", f"{repository}:1")
    docker("rmi", f"{repository}:1")
    return pinned(repository, digest_of(f"{repository}:1"))


def rendered(tmp_path: Path, image: str, colour: str, text: str = MANIFESTS) -> list[dict[str, Any]]:
    (tmp_path / "all.yml.j2").write_text(text)
    context = Context(APP, NAMESPACE, "1.0", {"app": image}, {"colour": colour}, {"PASSWORD": SECRET})
    return render([tmp_path], context)


def release(number: int, **more: Any) -> Release:
    return Release(APP, f"{number:04}-v1.0", f"deploy v1.0 (release {number})", **more)


def actions(changes: list[Change]) -> dict[str, str]:
    return {f"{one.manifest['kind']}/{one.manifest['metadata']['name']}": one.action for one in changes}


def test_a_release_is_applied_changed_and_pruned(cluster: Cluster, image: str, tmp_path: Path) -> None:
    things = rendered(tmp_path, image, "blue")

    first = plan(cluster, things, release(1), redact=str)
    assert set(actions(first).values()) == {"created"}
    assert cluster.get("v1", "ConfigMap", "settings") is None
    assert SECRET not in json.dumps([one.as_data() for one in first])
    send(cluster, first)
    assert {one.state for one in wait(cluster, workloads_of(things), 120, redact=str)} == {"ready"}

    again = plan(cluster, things, release(1), redact=str)
    assert set(actions(again).values()) == {"unchanged"}, [one.diff for one in again if one.diff]
    assert send(cluster, again) == []

    # others add what is theirs
    theirs = {"metadata": {"annotations": {"theirs/note": "kept"}, "labels": {"theirs": "kept"}}}
    cluster.patch("apps/v1", "Deployment", "web", theirs)
    assert set(actions(plan(cluster, things, release(1), redact=str)).values()) == {"unchanged"}

    green = rendered(tmp_path, image, "green")
    second = plan(cluster, green, release(2), redact=str)
    assert actions(second) == {
        "Secret/login": "unchanged",
        "ConfigMap/settings": "configured",
        "PersistentVolumeClaim/data": "unchanged",
        "Service/web": "unchanged",
        "Deployment/web": "configured",
        "Job/once": "replaced",
    }
    settings = next(one for one in second if one.manifest["kind"] == "ConfigMap")
    assert "-  COLOUR: blue\n+  COLOUR: green" in settings.diff
    send(cluster, second)
    assert {one.state for one in wait(cluster, workloads_of(green), 120, redact=str)} == {"ready"}
    web = cluster.get("apps/v1", "Deployment", "web")
    assert web is not None
    assert web["metadata"]["labels"]["theirs"] == web["metadata"]["annotations"]["theirs/note"] == "kept"
    assert web["metadata"]["annotations"]["kubernetes.io/change-cause"] == "deploy v1.0 (release 2)"

    # somebody copies an object with its labels and marks; another application has one, too
    settings_now = cluster.get("v1", "ConfigMap", "settings")
    assert settings_now is not None
    copied = {key: settings_now["metadata"][key] for key in ("labels", "annotations")}
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "copied", **copied}})
    other = {**settings_now["metadata"]["labels"], "doppelganger.ops/application": "other"}
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "others", "labels": other}})
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "nobodys"}})

    small = [one for one in green if one["kind"] == "Service"]
    left = plan_prune(cluster, APP, small, kinds_of(things), redact=str)
    assert actions(left) == {
        "Job/once": "pruned",
        "Deployment/web": "pruned",
        "PersistentVolumeClaim/data": "kept",
        "ConfigMap/settings": "pruned",
        "ConfigMap/copied": "kept",
        "Secret/login": "pruned",
    }
    assert SECRET not in json.dumps([one.as_data() for one in left])
    assert len(prune(cluster, left)) == 4
    names = {one["metadata"]["name"] for one in cluster.list("v1", "ConfigMap")[0]} - {"kube-root-ca.crt"}
    assert names == {"copied", "others", "nobodys"}
    assert cluster.get("v1", "PersistentVolumeClaim", "data") is not None


def thing(text: str, tmp_path: Path) -> list[dict[str, Any]]:
    (tmp_path / "one.yml").write_text(text)
    return render([tmp_path], Context(APP, NAMESPACE, "1.0"))


SCALED = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: scaled}
spec:
  %s
  selector: {matchLabels: {app: scaled}}
  template:
    metadata: {labels: {app: scaled}}
    spec: {nodeSelector: {"no": node}, containers: [{name: app, image: none}]}
"""


def test_replicas_that_are_no_longer_said_stay_as_they_are(cluster: Cluster, tmp_path: Path) -> None:
    send(cluster, plan(cluster, thing(SCALED % "replicas: 3", tmp_path), release(1), redact=str))
    unsaid = thing(SCALED % "paused: true", tmp_path)
    send(cluster, plan(cluster, unsaid, release(2), redact=str))
    cluster.patch("apps/v1", "Deployment", "scaled", {"spec": {"replicas": 5}}, subresource="scale")
    send(cluster, plan(cluster, unsaid, release(3), redact=str))
    found = cluster.get("apps/v1", "Deployment", "scaled")
    assert found is not None
    assert found["spec"]["replicas"] == 5


def test_what_was_stopped_gets_the_pods_back_that_it_had_and_an_autoscaler_goes_on(
    cluster: Cluster, tmp_path: Path
) -> None:
    unsaid = thing((SCALED % "paused: true").replace("scaled", "stopped"), tmp_path)

    def live() -> dict[str, Any]:
        found = cluster.get("apps/v1", "Deployment", "stopped")
        assert found is not None
        return found

    def brought_up() -> list[str]:
        changes = plan(cluster, unsaid, release(1, former_managers=[FIELD_MANAGER]), redact=str)
        send(cluster, changes)
        return [one.action for one in changes]

    brought_up()
    for replicas in (4, 2):  # the second time, we have said the number ourselves
        cluster.patch("apps/v1", "Deployment", "stopped", {"spec": {"replicas": replicas}}, subresource="scale")
        assert brought_up() == ["unchanged"]
        cluster.patch("apps/v1", "Deployment", "stopped", _apply._stopped(live()))
        assert live()["spec"]["replicas"] == 0
        assert brought_up() == ["configured"]
        assert live()["spec"]["replicas"] == replicas
        assert brought_up() == ["unchanged"]
    cluster.patch("apps/v1", "Deployment", "stopped", {"spec": {"replicas": 0}}, subresource="scale")
    assert brought_up() == ["unchanged"], "somebody else wants no pod of it"


def test_a_conflict_names_the_other_manager_and_the_field(cluster: Cluster, tmp_path: Path) -> None:
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {a: '1'}}"
    mine = thing(text, tmp_path)
    lab.ensure().kubectl("-n", NAMESPACE, "create", "configmap", "shared", "--from-literal=a=2")
    with pytest.raises(Refused) as refused:
        plan(cluster, mine, release(1), redact=str)
    manager = refused.value.data["managers"][0]
    assert manager.startswith("kubectl")
    assert refused.value.data["fields"] == [".data.a"]
    assert manager in refused.value.message
    changes = plan(cluster, mine, release(1, former_managers=[manager]), redact=str)
    assert changes[0].force
    assert changes[0].note
    send(cluster, changes)
    left = plan_prune(cluster, APP, [], [("v1", "ConfigMap")], redact=str)
    assert "was there before" in next(one.note for one in left if one.manifest["metadata"]["name"] == "shared")


def test_what_belongs_to_another_application_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: belongs}, data: {a: '1'}}"
    send(cluster, plan(cluster, thing(text, tmp_path), release(1), redact=str))
    with pytest.raises(Refused) as refused:
        plan(cluster, thing(text, tmp_path), Release("other", "0001-v1", "deploy"), redact=str)
    assert refused.value.reason == "object_of_another"


SLOW = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: slow}
spec:
  selector: {matchLabels: {app: slow}}
  template:
    metadata: {labels: {app: slow}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: app
          image: 127.0.0.1:5000/ops-applying/app
          command: [sh, -c, "sleep 6; touch /ready; sleep 3600"]
          readinessProbe: {exec: {command: [cat, /ready]}, periodSeconds: 1}
---
apiVersion: batch/v1
kind: Job
metadata: {name: goes}
spec:
  ttlSecondsAfterFinished: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: app, image: 127.0.0.1:5000/ops-applying/app, command: ["true"]}]
"""


def test_a_job_that_goes_once_it_is_done_is_not_missed(cluster: Cluster, image: str, tmp_path: Path) -> None:
    things = rendered(tmp_path, image, "blue", SLOW)
    send(cluster, plan(cluster, things, release(1), redact=str))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait, cluster, workloads_of(things), 120, redact=str)
        # as the TTL controller does it, which 1.20 has only behind a feature gate
        job = [Ref("batch", "Job", "goes")]
        assert [one.reason for one in wait(cluster, job, 90, redact=str)] == ["Complete"]
        cluster.delete("batch/v1", "Job", "goes", propagation="Foreground")
        assert {one.state for one in waiting.result()} == {"ready"}
    # the cluster's garbage collector has its own time
    wait_until("the end of the Job", lambda: cluster.get("batch/v1", "Job", "goes") is None, seconds=600)


FAILS_WITHOUT = """
apiVersion: batch/v1
kind: Job
metadata: {name: fails}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: app
          image: 127.0.0.1:5000/ops-applying/app
          command: [sh, -c, 'test "$WORD" = enough']
          env: [{name: WORD, valueFrom: {configMapKeyRef: {name: theirs, key: word, optional: true}}}]
"""


def test_a_job_that_has_failed_runs_again_with_the_next_deployment(
    cluster: Cluster, image: str, tmp_path: Path
) -> None:
    things = rendered(tmp_path, image, "blue", FAILS_WITHOUT)
    send(cluster, plan(cluster, things, release(1), redact=str))
    with pytest.raises(NotReady, match="BackoffLimitExceeded"):
        wait(cluster, workloads_of(things), 120, redact=str)
    cluster.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}, "data": {"word": "enough"}}
    )
    changes = plan(cluster, things, release(2), redact=str)
    assert actions(changes) == {"Job/fails": "replaced"}
    send(cluster, changes)
    assert [one.reason for one in wait(cluster, workloads_of(things), 120, redact=str)] == ["Complete"]
    assert actions(plan(cluster, things, release(2), redact=str)) == {"Job/fails": "unchanged"}


def test_a_link_to_the_manifest_of_another_application_is_refused_and_not_applied(
    cluster: Cluster, image: str, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs/secret.yml"
    theirs.parent.mkdir()
    theirs.write_text(f"{{apiVersion: v1, kind: Secret, metadata: {{name: theirs}}, stringData: {{A: {SECRET}}}}}\n")
    repository = tmp_path / "repository"
    (repository / "deploy").mkdir(parents=True)
    (repository / "deploy/web.yml").symlink_to(theirs)
    git = ["git", "-C", str(repository), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for verb in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "Link"], ["tag", "1"]):
        subprocess.run([*git, *verb], check=True)
    model = making.model(
        name=APP, platform="kubernetes", cluster=options(lab.ensure(), NAMESPACE), repository=str(repository),
        manifests=["deploy"], images={"app": image.partition("@")[0]}, state_dir=str(tmp_path / "state"),
    )  # fmt: skip
    target = KubeTarget.of({"app": model})
    with pytest.raises(Refused) as error:
        _preflight.PREFLIGHT.run(target, {"app": model, "version": "1", "backup": ""}, False)
    assert error.value.data["path"] == "deploy/web.yml"
    assert error.value.data["target"] == str(theirs)
    assert SECRET not in str(error.value.as_result())
    assert cluster.get("v1", "Secret", "theirs") is None
    target.cluster.close()
