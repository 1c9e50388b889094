"""What tests share that break the studio on a cluster: a release to come back to, and runs that are watched."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._namespace import Cluster
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._store import KubeStore
from tests.integration.application import Run, ended, kill_all, start
from tests.integration.kube_application import KubeApplication

#: the Deployments of the studio that carry its image
RELEASED = ("doppelganger-app", "doppelganger-dashboard")


def prepare(app: KubeApplication) -> None:
    """One pod of each, the data on a volume, a lease that expires soon, checks that do not wait for long."""
    app.variables["app_lease_ttl"] = 5
    app.variables["app_checks"] = [{**check, "timeout": 10} for check in app.variables["app_checks"]]
    app.variables["app_environment"].update({"STUDIO_REPLICAS": 1, "STORAGE": "1Gi"})
    app.write()


def deploy_first(app: KubeApplication) -> KubeApplication:
    """The studio at v0.1.0, with a row that has to survive everything."""
    prepare(app)
    run = app.deploy("v0.1.0")
    assert run.rc == 0, run.output
    app.add("survivor")
    return app


def state_of(app: KubeApplication) -> KubeStore:
    """The state of the application, to be read again and again."""
    return KubeStore(Cluster(app.way), app.name)


def assert_same_release(app: KubeApplication, version: str) -> None:
    """The release runs by digest, its data is there, nothing is held and nothing is left behind."""
    record = app.current()
    assert (record["version"], record["status"]) == (version, "good")
    verified = app.play("verify")
    assert verified.rc == 0, verified.output
    assert app.request("/api/version")["version"] == version
    assert "survivor" in app.rows()
    images = {image["reference"] for image in record["images"].values()}
    for workload in RELEASED:
        assert {pod["spec"]["containers"][0]["image"] for pod in app.pods_of(workload)} == images
    nothing_is_left(app)


def nothing_is_left(app: KubeApplication) -> None:
    """No lease is held, the journal is closed, and there is no migration, no half backup and no pod too many."""
    state = state_of(app)
    lease, journal = state.lease(), state.read("operation.json")
    assert lease is not None
    assert lease.released
    assert journal is not None
    assert journal["status"] == "done"
    assert app.objects("jobs") == []
    made_by = sorted(name.rsplit("-", 2 if name.startswith("doppelganger") else 1)[0] for name in app.pods())
    assert made_by == sorted([*RELEASED, "postgres", *(name for name in made_by if name.startswith("redis"))])
    assert list(app.state.glob("backups/.*")) == []


class Running:
    """A playbook that runs, and how far it has come by its journal."""

    def __init__(self, app: KubeApplication, playbook: str, **inputs: str) -> None:
        self._app, self._playbook = app, playbook
        self._state = state_of(app)
        self._before = self.journal().get("token")
        self.process, self.marker, self._stats = start(app.inventory, playbook, **inputs)

    def journal(self) -> dict[str, Any]:
        """The journal as it stands."""
        return self._state.read("operation.json") or {}

    def until(self, phase: str) -> Running:
        """Wait until the phase has begun."""
        deadline = time.monotonic() + 150
        while not self._is_in(phase):
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline, f"phase {phase} did not begin"
            time.sleep(0.02)  # each look asks the API server
        return self

    def _is_in(self, phase: str) -> bool:
        now = self.journal()
        if now.get("operation") != self._playbook or now.get("token") == self._before:
            return False
        return phase == "intent" or any(one["name"] == phase for one in now["phases"])

    def kill(self) -> None:
        """Kill all of it."""
        kill_all(self.process, self.marker)
        assert self.journal()["status"] == "running"

    def end(self) -> Run:
        """Wait for its end."""
        output, _ = self.process.communicate(timeout=300)
        return ended(self.process.returncode, output, self._stats)


def kill_in(app: KubeApplication, playbook: str, phase: str, **inputs: str) -> None:
    """Start a playbook and kill all of it as soon as the phase has begun."""
    Running(app, playbook, **inputs).until(phase).kill()
