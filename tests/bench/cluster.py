"""The studio on the cluster, as often as it is asked for: each in a namespace of its own, with three replicas."""

from __future__ import annotations

import contextlib
import secrets
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from examples.studio import story
from tests.bench.measure import say
from tests.bench.studio import SOAK, Source, must
from tests.integration.application import ROOT, Run, play
from tests.lab import engine, images, registry
from tests.lab.kubernetes import cluster as lab

REPLICAS = 3
SHARED = ROOT / "inventories/kubernetes_local/group_vars/targets/main.yml"


@dataclass
class Studio:
    """The studio in one namespace, with its inventory and its env file in a folder."""

    cluster: lab.Cluster
    namespace: str
    folder: Path
    env: dict[str, str]
    variables: dict[str, Any]

    @property
    def image(self) -> str:
        """The repository that it pushes to, its own."""
        found: str = self.variables["app_images"]["app"]
        return found

    @property
    def inventory(self) -> Path:
        """The one file of its inventory."""
        return self.folder / "inventory" / "hosts.yml"

    def write(self) -> None:
        """Write the inventory and the env file."""
        connection = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        self.inventory.parent.mkdir(exist_ok=True)
        self.inventory.write_text(yaml.safe_dump({"targets": {"hosts": {"app": {**connection, **self.variables}}}}))
        path = self.folder / ".env"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}={value}\n" for name, value in self.env.items()))

    def play(self, playbook: str, **inputs: Any) -> Run:
        """Run a playbook, by its name or its path without ``.yml``; a measurement of a failure is none."""
        return must(play(self.inventory, playbook, **inputs))

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl in the namespace."""
        return self.cluster.kubectl("--namespace", self.namespace, *arguments, stdin=stdin)


@contextlib.contextmanager
def studio(source: Source) -> Iterator[Studio]:
    """A studio, not deployed yet; its namespace is gone after the block, and so is what the engine has of its images.

    What was pushed stays in the registry, which is the lab's.
    """
    engine.ensure()
    names, where, found = images.ensure(), registry.ensure().address, lab.ensure()
    namespace = f"ops-bench-{secrets.token_hex(3)}"
    with tempfile.TemporaryDirectory(prefix="doppelganger-bench-") as folder:
        env = {"POSTGRES_PASSWORD": secrets.token_urlsafe(18), "SECRET_KEY": secrets.token_urlsafe(18)}
        variables = _variables(Path(folder), source, f"{where}/{namespace}/app", names)
        variables["app_cluster"] = {
            "kubeconfig": str(found.kubeconfig), "context": found.context, "namespace": namespace
        }  # fmt: skip
        made = Studio(found, namespace, Path(folder), env, variables)
        made.write()
        found.kubectl("create", "namespace", namespace)
        try:
            yield made
        finally:
            say(f"take {namespace} away")
            found.kubectl("delete", "namespace", namespace, "--wait=false")
            story.remove_images(made.image)


def _variables(folder: Path, source: Source, image: str, names: images.Images) -> dict[str, Any]:
    shared = yaml.safe_load(SHARED.read_text())
    return {
        **{key: value for key, value in shared.items() if key.startswith("app_")},
        "app_state_dir": str(folder / "state"),
        "app_repository": str(source.folder),
        "app_images": {"app": image},
        "app_build": {"app": {"context": ".", "args": {"BASE_IMAGE": names.python}}},
        # without STORAGE the database has no claim, whose volume would outlive the namespace for a while
        "app_environment": {
            "POSTGRES_IMAGE": names.postgres,
            "REDIS_IMAGE": names.redis,
            "STUDIO_REPLICAS": REPLICAS,
        },
        "app_env_files": [str(folder / ".env")],
        "app_soak_seconds": SOAK,
        "app_start_timeout": 180,
        "app_lease_ttl": 60,
    }
