"""Applications of unusual kinds on the real cluster: jobs by the clock alone, pods that no Deployment has made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.kube_application import KubeApplication, tides
from tests.lab import images
from tests.lab.kubernetes.cluster import Cluster

IMAGE = "127.0.0.1:5000/tides/tides"
#: quantities are numbers here, as kubectl takes them
CLOCK = f"""
apiVersion: v1
kind: ResourceQuota
metadata: {{name: few}}
spec: {{hard: {{pods: 10}}}}
---
apiVersion: batch/v1beta1
kind: CronJob
metadata: {{name: nightly}}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [
    {{name: once, image: {IMAGE}, command: ["true"], resources: {{limits: {{cpu: 0.5, memory: 33554432}}}}}}]}}}}}}}}
"""
#: what somebody else calls a Job: its own controller says what it is. It stays, as others may have asked already which
#: kinds there are
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "jobs.kinds.example"},
    "spec": {
        "group": "kinds.example",
        "scope": "Namespaced",
        "names": {"kind": "Job", "plural": "jobs", "singular": "job", "listKind": "JobList"},
        "versions": [
            {
                "name": "v1", "served": True, "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}  # fmt: skip
TRAIN = "{apiVersion: kinds.example/v1, kind: Job, metadata: {name: train}, spec: {template: [later], at: 23:30}}"
BARE = f"""
apiVersion: v1
kind: Pod
metadata: {{name: alone}}
spec: {{terminationGracePeriodSeconds: 1, containers: [{{name: alone, image: {IMAGE}, command: [COMMAND]}}]}}
"""
SCALER = """
apiVersion: VERSION
kind: HorizontalPodAutoscaler
metadata: {name: scaler}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: nobody}, minReplicas: 1, maxReplicas: 3METRICS}
"""
MEMORY = ", metrics: [{type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 100Mi}}}]"
#: what ends logs an error, which counts no more once it is forgiven
NEEDY = f"""
apiVersion: v1
kind: Service
metadata: {{name: late}}
spec: {{selector: {{app: late}}, ports: [{{port: 80, targetPort: 8080}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: late}}
spec:
  selector: {{matchLabels: {{app: late}}}}
  template:
    metadata: {{labels: {{app: late}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: late
        image: {IMAGE}
        command: [sh, -c, "httpd -f -p 8080 -h /tmp"]
        readinessProbe: {{tcpSocket: {{port: 8080}}, initialDelaySeconds: 14, periodSeconds: 1}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: needy}}
spec:
  selector: {{matchLabels: {{app: needy}}}}
  template:
    metadata: {{labels: {{app: needy}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: needy
        image: {IMAGE}
        # a node hears of the Service a little later than it is ready
        command: [sh, -c, "for n in 1 2 3 4; do echo | nc -w 1 $LATE_SERVICE_HOST 80 && exec sleep 3600; sleep 1; done;
          echo ERROR; exit 3"]
"""
TWICE = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: twice}}
spec:
  selector: {{matchLabels: {{app: twice}}}}
  template:
    metadata: {{labels: {{app: twice}}}}
    spec: {{containers: [{{name: a, image: {IMAGE}, ports: [{{containerPort: 80}}, {{containerPort: 80}}]}}]}}
"""


@pytest.fixture(scope="module")
def app(
    base_images: images.Images, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApplication]:
    """An application that is one CronJob, at 1.0."""
    folder = tmp_path_factory.mktemp("kinds")
    checks = [{"name": "Runs", "kind": "containers"}, {"name": "No error lines", "kind": "logs"}]
    application = tides(folder, base_images, cluster, app_release_services=["nightly"], app_checks=checks)
    for path in (folder / "kubernetes").iterdir():
        path.unlink()
    write(application, clock=CLOCK, train=TRAIN)
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(DEFINITION))
    cluster.kubectl("wait", "--for=condition=established", "crd/jobs.kinds.example", "--timeout=60s")
    run = application.deploy("1.0")
    assert run.rc == 0, run.output
    yield application
    application.remove()


def write(app: KubeApplication, **files: str) -> Path:
    folder = app.folder / "kubernetes"
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text)
    return folder


def test_an_application_of_jobs_by_the_clock_is_deployed_and_verified(app: KubeApplication) -> None:
    job = app.get("cronjob", "nightly")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert "@sha256:" in job["image"]
    assert job["resources"]["limits"] == {"cpu": "500m", "memory": "33554432"}
    assert app.get("jobs.kinds.example", "train")["spec"] == {"template": ["later"], "at": "23:30"}
    assert app.play("verify").rc == 0
    again = app.deploy("1.0")
    assert again.target()["status"] == "unchanged", again.output


def test_a_pod_of_its_own_that_crashes_fails_its_release(app: KubeApplication) -> None:
    path = write(app, bare=BARE.replace("COMMAND", '"false"'))
    run = app.deploy("1.1")
    assert run.target()["status"] == "rolled_back", run.output
    assert run.target()["failure"]["phase"] == "apply"
    assert "Pod/alone: CrashLoopBackOff" in run.target()["message"]
    assert "alone" not in app.pods()
    app.kubectl("delete", "pod", "alone", "--ignore-not-found", "--wait", "--timeout=60s")

    write(app, bare=BARE.replace("COMMAND", 'sleep, "3600"'))
    run = app.deploy("1.1")
    (path / "bare.yml").unlink()
    assert run.rc == 0, run.output
    assert "alone" in app.pods()


@pytest.mark.parametrize("version", ["autoscaling/v1", "autoscaling/v2beta2"])
def test_what_a_release_measures_more_is_gone_after_the_return(app: KubeApplication, version: str) -> None:
    def measured() -> list[str]:
        at = f"/apis/autoscaling/v2beta2/namespaces/{app.namespace}/horizontalpodautoscalers/scaler"
        return [one["resource"]["name"] for one in json.loads(app.kubectl("get", "--raw", at))["spec"]["metrics"]]

    path = write(app, scaler=SCALER.replace("VERSION", version).replace("METRICS", "")) / "scaler.yml"
    assert app.deploy("1.0").rc == 0
    assert measured() == ["cpu"]
    path.write_text(SCALER.replace("VERSION", "autoscaling/v2beta2").replace("METRICS", MEMORY))
    assert app.deploy("1.1").rc == 0
    assert measured() == ["memory"]
    back = app.play("rollback", release="previous")
    assert back.rc == 0, back.output
    assert measured() == ["cpu"]
    path.unlink()


def test_a_program_that_ends_until_another_one_answers_comes_up_with_a_note(app: KubeApplication) -> None:
    path = write(app, needy=NEEDY) / "needy.yml"
    run = app.deploy("1.0")
    path.unlink()
    assert run.rc == 0, run.output
    assert "Deployment/needy: it crashed while Deployment/late was not ready" in " ".join(run.output.split())
    [pod] = app.pods_of("needy")
    assert pod["status"]["containerStatuses"][0]["restartCount"] > 0


def test_what_has_not_the_types_of_its_schema_is_refused_by_file_object_and_field(app: KubeApplication) -> None:
    path = write(app, twice=TWICE) / "twice.yml"
    check = app.deploy("1.1", "--check")
    path.unlink()
    message = check.target()["message"]
    assert check.target()["status"] == "refused", check.output
    assert f"{path}, line 2: " in message
    assert "deployments twice" in message
    assert 'containers[name="a"].ports: duplicate entries' in message
