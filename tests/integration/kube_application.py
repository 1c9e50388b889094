"""An application in a namespace of its own on the real cluster: its inventory, its runs, what can be seen of it."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._layout import (
    file_of,
    item_of,
    object_name,
)
from tests.integration.application import ROOT, Run, play
from tests.integration.observed import disk_below, validate
from tests.lab import pages, registry
from tests.lab.images import Images
from tests.lab.kubernetes.cluster import Cluster
from tests.lab.steps import LabError

INVENTORY = ROOT / "inventories/kubernetes_local/group_vars/targets/main.yml"
TIDES = ROOT / "examples/tides"
LOGIN = ["--username", "doppelganger_user", "--dbname", "doppelganger"]
#: come and go by themselves
NOT_STATE = {"events", "events.events.k8s.io", "pods.metrics.k8s.io"}
Object = dict[str, Any]


@functools.cache
def kinds(cluster: Cluster) -> str:
    """Everything that a namespace of the cluster can hold, as kubectl wants it."""
    found = cluster.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name").split()
    return ",".join(sorted(set(found) - NOT_STATE))


@dataclass
class KubeApplication:
    """One application in one namespace."""

    cluster: Cluster
    name: str
    folder: Path
    variables: Object
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.namespace = f"ops-{self.name}"
        #: what a test wants to find again later
        self.remembered: Object = {}
        self.state = self.folder / "state"
        self.inventory = self.folder / "inventory" / "hosts.yml"
        self.cluster.kubectl("create", "namespace", self.namespace)
        self.write()

    @property
    def way(self) -> Object:
        """``app_cluster`` of the inventory."""
        kubeconfig, context = str(self.cluster.kubeconfig), self.cluster.context
        return {"kubeconfig": kubeconfig, "context": context, "namespace": self.namespace}

    def host(self, **changes: Any) -> Object:
        """The variables of the one host."""
        return {
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable, "app_name": self.name,
            "app_platform": "kubernetes", "app_cluster": self.way, "app_state_dir": str(self.state),
            **self.variables, **changes,
        }  # fmt: skip

    def write(self, **changes: Any) -> Path:
        """Write the inventory and the env file, with some variables changed."""
        self.inventory.parent.mkdir(exist_ok=True)
        self.inventory.write_text(yaml.safe_dump({"targets": {"hosts": {"app": self.host(**changes)}}}))
        path = self.folder / ".env"
        path.touch(mode=0o600)
        path.write_text("".join(f"{key}={value}\n" for key, value in self.env.items()))
        return self.inventory

    def play(self, playbook: str, *arguments: str, **inputs: Any) -> Run:
        """Run one of our playbooks against it."""
        return play(self.inventory, playbook, *arguments, **inputs)

    def deploy(self, version: str, *arguments: str, **inputs: Any) -> Run:
        """Deploy a version."""
        return self.play("deploy", *arguments, version=version, **inputs)

    # what is in the namespace

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Ask the cluster, as its administrator."""
        return self.cluster.kubectl("--namespace", self.namespace, *arguments, stdin=stdin)

    def objects(self, kind: str = "", **labels: str) -> list[Object]:
        """Objects of a kind, or of every kind that there is."""
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        given = self.kubectl("get", kind or kinds(self.cluster), f"--selector={selector}", "--output=json")
        return list(json.loads(given)["items"])

    def get(self, kind: str, name: str) -> Object:
        """One object."""
        found: Object = json.loads(self.kubectl("get", kind, name, "--output=json"))
        return found

    def pods(self) -> dict[str, Object]:
        """The pods that stay, by their names."""
        return {
            pod["metadata"]["name"]: pod for pod in self.objects("pods") if not pod["metadata"].get("deletionTimestamp")
        }

    def pods_of(self, workload: str) -> list[Object]:
        """The pods of one workload, by the names that their makers give them."""
        return [pod for name, pod in self.pods().items() if name.startswith(f"{workload}-")]

    def uids(self) -> dict[str, list[str]]:
        """The uids of the pods, by what the workload calls its container."""
        found: dict[str, list[str]] = {}
        for pod in self.pods().values():
            found.setdefault(pod["spec"]["containers"][0]["name"], []).append(pod["metadata"]["uid"])
        return {name: sorted(uids) for name, uids in found.items()}

    def snapshot(self) -> Object:
        """Everything in the namespace by uid and version, pods with their starts, and the controller's folder."""
        found: Object = {"disk": disk_below(self.state)}
        for one in self.objects():
            about = one["metadata"]
            key = f"{one['apiVersion'].partition('/')[0]}/{one['kind']}/{about['name']}"
            started = [
                (each.get("state"), each["restartCount"]) for each in one.get("status", {}).get("containerStatuses", [])
            ] if one["kind"] == "Pod" else []  # fmt: skip
            found[key] = (about["uid"], about["resourceVersion"], started)
        return found

    # what it says

    def request(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the application answers."""
        at = f"/api/v1/namespaces/{self.namespace}/services/doppelganger-service:80/proxy{path}"
        if body is None:
            return json.loads(self.kubectl("get", "--raw", at))
        return json.loads(self.kubectl("create", "--raw", at, "--filename", "-", stdin=json.dumps(body)))

    def rows(self) -> list[str]:
        """The names of the projects, as the application gives them."""
        return sorted(project["name"] for project in self.request("/api/projects")["projects"])

    def add(self, name: str) -> None:
        """Add a project."""
        self.sql(f"INSERT INTO projects (name) VALUES ('{name}')")

    def environment(self, workload: str) -> list[dict[str, str]]:
        """The environment that each pod of a workload really has."""
        with ThreadPoolExecutor(4) as pool:
            names = [pod["metadata"]["name"] for pod in self.pods_of(workload)]
            told = pool.map(lambda name: self.kubectl("exec", name, "--", "env"), names)
            return [dict(line.split("=", 1) for line in text.splitlines() if "=" in line) for text in told]

    def sql(self, statement: str) -> str:
        """The answer of the database."""
        argv = ["psql", *LOGIN, "--tuples-only", "--no-align", "--command", statement]
        return self.kubectl("exec", "postgres-0", "--", *argv).strip()

    # what is kept

    def kept(self, kind: str) -> dict[str, dict[str, bytes]]:
        """The files of all releases, or of all evidence, as they are kept."""
        found = self.objects("secrets", **{"doppelganger.ops/application": self.name, "doppelganger.ops/kind": kind})
        return {
            item_of(secret, self.name): {
                key: file_of(secret, key) or b"" for key in (one.removesuffix(".gz") for one in secret.get("data", {}))
            }
            for secret in found
        }

    def record(self, release: str) -> Object:
        """The record of a release."""
        found: Object = json.loads(self.kept("release")[release]["record.json"])
        return found

    def current(self) -> Object:
        """The record of the release that should run."""
        state = file_of(self.get("secret", object_name(self.name, "state")), "current.json") or b"{}"
        return self.record(json.loads(state)["release"])

    def backup(self, name: str) -> Object:
        """The record of a backup."""
        found: Object = json.loads((self.state / "backups" / name / "backup.json").read_text())
        return found

    def assert_described(self, *runs: Run) -> None:
        """Every record and every published result is as its schema says."""
        for kind, file, schema in (("release", "record.json", "release"), ("evidence", "manifest.json", "evidence")):
            for files in self.kept(kind).values():
                validate(schema, json.loads(files[file]))
        for path in self.state.glob("backups/*/backup.json"):
            validate("backup", json.loads(path.read_text()))
        for run in runs:
            validate("result", run.result)

    def remove(self) -> None:
        """Take the namespace and our names for its images away; what was pushed stays in the registry."""
        with contextlib.suppress(LabError):
            self.cluster.kubectl("delete", "namespace", self.namespace, "--wait=false")
        if "app_build" not in self.variables:
            return
        listing = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
        names = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()
        ours = [name for name in names if f"/{self.name}/" in name and not name.endswith(":<none>")]
        if ours:
            subprocess.run(["docker", "image", "rm", "--force", *ours], check=True, capture_output=True)


def studio(folder: Path, source: Path, images: Images, cluster: Cluster) -> KubeApplication:
    """The example application with the checklist of its inventory, few pods and short times."""
    name = f"studio-{secrets.token_hex(3)}"
    shared = {key: value for key, value in yaml.safe_load(INVENTORY.read_text()).items() if key.startswith("app_")}
    variables = {
        **shared,
        "app_name": name,
        "app_repository": str(source),
        "app_images": {"app": f"{registry.ensure().address}/{name}/app"},
        "app_build": {"app": {"context": ".", "args": {"BASE_IMAGE": images.python}}},
        "app_env_files": [str(folder / ".env")],
        "app_environment": {
            "POSTGRES_IMAGE": images.postgres, "REDIS_IMAGE": images.redis, "STUDIO_REPLICAS": 2,
            "STUDIO_FAULT_AFTER": 1,
        },
        "app_checks": [
            # wide enough for a busy machine, below what the fault "slow" makes of it
            {**check, "max_latency_ms": 1450} if "max_latency_ms" in check else check for check in shared["app_checks"]
        ],
        "app_soak_seconds": 2,
        "app_start_timeout": 90,
        "app_lease_ttl": 10,
    }  # fmt: skip
    del variables["app_cluster"]
    passwords = {"POSTGRES_PASSWORD": secrets.token_urlsafe(18), "SECRET_KEY": secrets.token_urlsafe(18)}
    return KubeApplication(cluster, name, folder, variables, passwords)


def apply(app: KubeApplication, manager: str, *things: Object, force: bool = False) -> None:
    """Apply something as somebody else."""
    text = "---\n".join(yaml.safe_dump(thing) for thing in things)
    options = ["--server-side", f"--field-manager={manager}", *(["--force-conflicts"] if force else [])]
    app.kubectl("apply", *options, "--filename", "-", stdin=text)


@contextlib.contextmanager
def applied(app: KubeApplication, manager: str, *things: Object) -> Iterator[None]:
    """Objects that somebody else has applied, for as long as the body runs."""
    apply(app, manager, *things)
    text = "---\n".join(yaml.safe_dump(thing) for thing in things)
    yield
    app.kubectl("delete", "--filename", "-", "--wait=false", stdin=text)


def tides(folder: Path, images: Images, cluster: Cluster, **variables: Any) -> KubeApplication:
    """The example without a database, with short times and a pod of each kind; its manifests are copies to change."""
    shutil.copytree(TIDES / "kubernetes", folder / "kubernetes")
    for path in (folder / "kubernetes").iterdir():
        path.write_text(path.read_text().replace("replicas: 2", "replicas: 1").replace(" gauge-1.gauge:8080", ""))
    pages.ensure("tides", images)
    name = f"tides-{secrets.token_hex(3)}"
    shared = yaml.safe_load((TIDES / "inventory.yml").read_text())["targets"]["vars"]
    del shared["app_name"], shared["app_cluster"], shared["app_platform"]
    for check in shared["app_checks"]:
        if "body_matches" in check:
            check["body_matches"] = "gauge-0 [0-9]+ cm"
    short = {"app_soak_seconds": 1, "app_start_timeout": 90, "app_lease_ttl": 10}
    given = {**shared, "app_manifests": [str(folder / "kubernetes")], **short, **variables}
    return KubeApplication(cluster, name, folder, given)


@dataclass
class Account:
    """A service account with the rights of a file of docs/kubernetes, and what a login as it needs."""

    app: KubeApplication
    name: str = "doppelganger-ops"
    file: str = "rbac.yml"

    def __post_init__(self) -> None:
        text = (ROOT / "docs/kubernetes" / self.file).read_text()
        self.app.kubectl(
            "apply", "-f", "-", stdin=text.replace("namespace: studio", f"namespace: {self.app.namespace}")
        )
        self.authority = self.app.folder / "ca.crt"
        config = yaml.safe_load(self.app.cluster.kubeconfig.read_text())
        [found] = [one["cluster"] for one in config["clusters"] if one["cluster"]["server"] == self.app.cluster.server]
        self.authority.write_bytes(base64.b64decode(found["certificate-authority-data"]))

    def token(self) -> str:
        """A new token, by TokenRequest."""
        at = f"/api/v1/namespaces/{self.app.namespace}/serviceaccounts/{self.name}/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        told = self.app.kubectl("create", "--raw", at, "--filename", "-", stdin=json.dumps(asked))
        return str(json.loads(told)["status"]["token"])

    def login(self, **changes: Any) -> Object:
        """The variables that make runs log in as it."""
        way = {"host": self.app.cluster.server, "ca_cert": str(self.authority), "namespace": self.app.namespace}
        return {"app_cluster": {**way, **changes}, "app_cluster_token": self.token()}
