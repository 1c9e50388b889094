"""The lab's cluster is a real one: pods, Services and their names, volumes, rights, images of the lab's registry."""

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from tests.lab import pages, registry
from tests.lab.images import Images
from tests.lab.kubernetes import cluster
from tests.lab.kubernetes.cluster import Cluster
from tests.lab.steps import LabError, wait_until

MANIFEST = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080, protocol: TCP}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: web
          image: IMAGE
          imagePullPolicy: IfNotPresent
          command: [sh, -c, "echo started; echo hello >/data/index.html; exec httpd -f -p 8080 -h /data"]
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
          volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
"""

Kubectl = Callable[..., str]


@pytest.fixture(scope="module")
def lab(base_images: Images) -> Cluster:
    return cluster.ensure()


@pytest.fixture(scope="module")
def kubectl(lab: Cluster, base_images: Images) -> Iterator[Kubectl]:
    """kubectl in a namespace of its own, where three pods serve a page from a volume."""
    namespace = f"lab-{secrets.token_hex(4)}"

    def inside(*arguments: str, stdin: str = "") -> str:
        return lab.kubectl("--namespace", namespace, *arguments, stdin=stdin)

    lab.kubectl("create", "namespace", namespace)
    try:
        inside("apply", "--server-side", "--filename=-", stdin=MANIFEST.replace("IMAGE", base_images.busybox))
        inside("rollout", "status", "deployment/web", "--timeout=60s")
        yield inside
    finally:
        lab.kubectl("delete", "namespace", namespace, "--wait=false")


def page(url: str) -> bytes:
    """What a page says, or nothing where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bytes(answer.read())
    except urllib.error.URLError:
        return b""


def test_a_service_is_reached_from_this_machine(lab: Cluster, kubectl: Kubectl) -> None:
    if not lab.started_here:
        pytest.skip("cluster IPs are reached from the node alone, and another's node is elsewhere")
    address = kubectl("get", "service/web", "--output=jsonpath={.spec.clusterIP}")
    # The rollout is over when the pods are ready; kube-proxy hears of it a moment later.
    wait_until("an answer of the Service", lambda: page(f"http://{address}/") == b"hello\n", seconds=30)


def test_a_service_is_reached_from_a_pod_by_its_name(kubectl: Kubectl) -> None:
    assert kubectl("exec", "deployment/web", "--", "wget", "-q", "-O", "-", "http://web/") == "hello"


def test_a_service_is_reached_through_the_api_server(kubectl: Kubectl) -> None:
    namespace = kubectl("get", "service/web", "--output=jsonpath={.metadata.namespace}")
    assert kubectl("get", "--raw", f"/api/v1/namespaces/{namespace}/services/web:80/proxy/") == "hello"


def test_a_pod_shows_what_it_says(kubectl: Kubectl) -> None:
    assert kubectl("logs", "deployment/web") == "started"


def test_a_service_account_has_the_rights_it_was_given_and_no_more(lab: Cluster, kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "reader")
    kubectl("create", "role", "reader", "--verb=get", "--resource=pods")
    namespace = kubectl("get", "role/reader", "--output=jsonpath={.metadata.namespace}")
    kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={namespace}:reader")
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/reader/token"
    token = json.loads(kubectl("create", "--raw", path, "--filename=-", stdin=json.dumps(asked)))["status"]["token"]
    whose = f"--as=system:serviceaccount:{namespace}:reader"
    assert token.count(".") == 2
    assert kubectl("auth", "can-i", "get", "pods", whose) == "yes"
    with pytest.raises(LabError, match="no"):
        kubectl("auth", "can-i", "delete", "pods", whose)


def test_an_image_of_the_registry_runs_by_its_digest(lab: Cluster, kubectl: Kubectl) -> None:
    if not lab.started_here:
        pytest.skip("the registry is on the loopback address, and another's node is elsewhere")
    digest = next(iter(pages.ensure().values()))
    image = f"{registry.ensure().address}/pages/web@{digest}"
    kubectl("run", "pulled", f"--image={image}", "--image-pull-policy=Always", "--restart=Never")
    kubectl("wait", "--for=condition=Ready", "pod/pulled", "--timeout=60s")
