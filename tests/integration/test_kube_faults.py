"""The cluster itself fails in the middle of each phase: what is short is outlived, what lasts ends the run clearly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.application import however_slow
from tests.integration.kube import Network, network_to
from tests.integration.kube_application import KubeApplication
from tests.integration.kube_between import Answer, Request, between
from tests.integration.kube_failing import Running, assert_same_release, deploy_first, state_of
from tests.lab.kubernetes.cluster import Cluster
from tests.lab.lock import Use

PHASES = ("images", "backup", "migrate", "apply", "verify", "soak")
#: longer than any pause between two looks, shorter than what a request is tried again for
OUTAGE = 3.0


@pytest.fixture(scope="module")
def deployed(kube: KubeApplication) -> KubeApplication:
    """The studio at v0.1.0, with a row in its database that has to survive everything."""
    kube.variables["app_soak_seconds"] = 5
    kube.variables["app_checks"] = however_slow(kube.variables["app_checks"])
    return deploy_first(kube)


@pytest.fixture
def network(deployed: KubeApplication, cluster: Cluster, tmp_path: Path) -> Iterator[Network]:
    """The only way of the runs of a test to the cluster."""
    with network_to(cluster, tmp_path) as (found, kubeconfig):
        deployed.write(app_cluster={**deployed.way, "kubeconfig": str(kubeconfig)})
        yield found
    deployed.write()


def refused(network: Network) -> None:
    network.refuse()
    time.sleep(OUTAGE)
    network.open()


def silent(network: Network) -> None:
    with network.held_up():
        time.sleep(OUTAGE)


def cut(network: Network) -> None:
    """Each connection, again and again."""
    for _ in range(int(OUTAGE / 0.5)):
        network.cut()
        time.sleep(0.5)


FAULTS = {"refused": refused, "silent": silent, "cut": cut}


def another(app: KubeApplication) -> str:
    """A version that does not run now."""
    return "v0.2.1" if app.current()["version"] == "v0.1.0" else "v0.1.0"


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_short_outage_in_each_phase_is_outlived(
    deployed: KubeApplication, network: Network, fault: Callable[[Network], None]
) -> None:
    version = another(deployed)
    running = Running(deployed, "deploy", version=version)
    for phase in PHASES:
        running.until(phase)
        fault(network)
    run = running.end()
    assert run.rc == 0, run.output
    assert_same_release(deployed, version)


# the phase, and what keeps it from waiting for long
LASTING: dict[str, dict[str, Any]] = {
    "images": {},
    "backup": {},
    "migrate": {},
    "apply": {"app_start_timeout": 20},
    "verify": {"app_checks": [{"name": "Asked often", "kind": "containers", "successes": 50, "timeout": 60}]},
    "soak": {},
}


@pytest.mark.parametrize(("phase", "changes"), LASTING.items(), ids=LASTING)
def test_an_outage_that_lasts_ends_the_run_and_undoes_nothing(
    deployed: KubeApplication,
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    phase: str,
    changes: dict[str, Any],
) -> None:
    version = deployed.current()["version"]
    if phase != "images":  # once as long as it is for users
        monkeypatch.setenv("OPS_TEST_PATIENCE", "4")
    with network_to(cluster, tmp_path) as (network, kubeconfig):
        deployed.write(app_cluster={**deployed.way, "kubeconfig": str(kubeconfig)}, **changes)
        running = Running(deployed, "deploy", version="v0.2.0").until(phase)
        network.refuse()
        run = running.end()
    deployed.write()
    monkeypatch.delenv("OPS_TEST_PATIENCE", raising=False)

    assert run.rc != 0
    target = run.target()
    assert (target["status"], target["failure"]["phase"]) == ("unreachable", phase), run.output
    assert "did not respond within" in target["message"]
    assert "Nothing was rolled back; the next run recovers it." in target["message"]
    assert "Traceback" not in run.output
    assert (state_of(deployed).read("operation.json") or {})["status"] == "running"

    after = deployed.play("rollback", release="last good")

    assert after.rc == 0, after.output
    assert after.target()["recovered"]["phase"] == phase
    assert_same_release(deployed, version)


class Busy:
    """Answers, in each phase again, the first requests of each kind as a server does that has too much to do."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()

    def next_phase(self) -> None:
        self._seen.clear()

    def __call__(self, request: Request) -> Answer:
        kind = (request.method, request.path.partition("?")[0].rpartition("/")[0])
        if kind in self._seen or "upgrade" in request.headers:
            return None
        self._seen.add(kind)
        if request.method == "PATCH":
            return 409, {}
        return (504, {}) if request.method == "GET" else (429, {"Retry-After": "1"})


def test_a_busy_server_in_each_phase_is_outlived(deployed: KubeApplication, cluster: Cluster, tmp_path: Path) -> None:
    version = another(deployed)
    with between(cluster, tmp_path) as server:
        server.answer = busy = Busy()
        deployed.write(app_cluster={**deployed.way, "kubeconfig": str(server.kubeconfig())})
        running = Running(deployed, "deploy", version=version)
        for phase in PHASES:
            running.until(phase)
            busy.next_phase()
        run = running.end()
    deployed.write()
    assert run.rc == 0, run.output
    assert len(server.answered) > 20
    assert_same_release(deployed, version)


def test_a_token_that_is_renewed_in_time_is_read_anew(
    deployed: KubeApplication, cluster: Cluster, tmp_path: Path
) -> None:
    version = another(deployed)
    with between(cluster, tmp_path) as server:
        valid = {"first"}

        def known(request: Request) -> Answer:
            return None if request.headers.get("authorization", "").removeprefix("Bearer ") in valid else (401, {})

        server.answer = known
        deployed.write(app_cluster={**deployed.way, "kubeconfig": str(server.kubeconfig("first"))})
        running = Running(deployed, "deploy", version=version)
        for phase in PHASES:
            running.until(phase)
            expiring, renewed = set(valid), f"for-{phase}"
            valid.add(renewed)
            server.kubeconfig(renewed)
            valid -= expiring
        run = running.end()
    deployed.write()
    assert run.rc == 0, run.output
    assert server.answered != []
    assert_same_release(deployed, version)


def test_a_token_that_expires_ends_the_run_and_undoes_nothing(
    deployed: KubeApplication, cluster: Cluster, tmp_path: Path
) -> None:
    version = deployed.current()["version"]
    with between(cluster, tmp_path) as server:
        deployed.write(app_cluster={**deployed.way, "kubeconfig": str(server.kubeconfig("first"))})
        running = Running(deployed, "deploy", version="v0.2.0").until("apply")
        server.answer = lambda _: (401, {})
        run = running.end()
    deployed.write()
    target = run.target()
    assert (target["status"], target["failure"]["phase"]) == ("unreachable", "apply"), run.output
    assert target["reason"] == "unauthorized"
    assert "Renew the token" in target["hint"]

    after = deployed.play("rollback", release="last good")

    assert after.rc == 0, after.output
    assert after.target()["recovered"]["phase"] == "apply"
    assert_same_release(deployed, version)


def test_the_api_server_is_restarted_while_a_release_comes_up(
    deployed: KubeApplication, cluster: Cluster, use_of_the_cluster: Use
) -> None:
    version = another(deployed)
    with use_of_the_cluster.alone():
        running = Running(deployed, "deploy", version=version).until("apply")
        cluster.stop("kube-apiserver")
        cluster.start("kube-apiserver")
    run = running.end()
    assert run.rc == 0, run.output
    assert_same_release(deployed, version)
